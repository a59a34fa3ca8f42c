"""The translation task: a sentence in, its translation out."""

from __future__ import annotations

from seqsuite.task import TaskSpec
from seqsuite.tasks.translation.config import TranslationConfig

__all__ = ["TASK", "TranslationConfig"]

TASK = TaskSpec(
    package=__name__,
    summary="translation of sentences",
    config_class=TranslationConfig,
    task="task:Translation",
    client="client:TranslationClient",
)
