"""The character language model: generation and compression of text."""

from __future__ import annotations

from seqsuite.task import TaskSpec
from seqsuite.tasks.char_lm.config import CharLmConfig

__all__ = ["TASK", "CharLmConfig"]

TASK = TaskSpec(
    package=__name__,
    summary="a character language model: generation, scores and compression of text",
    config_class=CharLmConfig,
    task="task:CharLm",
    client="client:CharLmClient",
    verbs={
        "compress": "compression.verbs:compress",
        "decompress": "compression.verbs:decompress",
    },
)
