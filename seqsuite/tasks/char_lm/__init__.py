"""The character language model: generation and compression of text."""

from __future__ import annotations

from typing import Any

from seqsuite.tasks.char_lm.config import CharLmConfig

__all__ = ["TASK", "CharLmConfig"]


def __getattr__(name: str) -> Any:
    if name != "TASK":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from seqsuite.tasks.char_lm.task import TASK

    return TASK
