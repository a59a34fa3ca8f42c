"""The translation task: a sentence in, its translation out."""

from __future__ import annotations

from typing import Any

from seqsuite.tasks.translation.config import TranslationConfig

__all__ = ["TASK", "TranslationConfig"]


def __getattr__(name: str) -> Any:
    if name != "TASK":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from seqsuite.tasks.translation.task import TASK

    return TASK
