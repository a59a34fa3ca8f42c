"""The tagging task: a tag for each word of a sentence."""

from __future__ import annotations

from seqsuite.task import TaskSpec
from seqsuite.tasks.pos_tagging.config import PosTaggingConfig

__all__ = ["TASK", "PosTaggingConfig"]

TASK = TaskSpec(
    package=__name__,
    summary="tags of words: parts of speech, named entities",
    config_class=PosTaggingConfig,
    task="task:PosTagging",
    client="client:PosTaggingClient",
)
