"""The tagging task: a tag for each word of a sentence."""

from __future__ import annotations

from typing import Any

from seqsuite.tasks.pos_tagging.config import PosTaggingConfig

__all__ = ["TASK", "PosTaggingConfig"]


def __getattr__(name: str) -> Any:
    if name != "TASK":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from seqsuite.tasks.pos_tagging.task import TASK

    return TASK
