"""The sentiment task: classification of texts."""

from __future__ import annotations

from typing import Any

from seqsuite.tasks.sentiment.config import SentimentConfig

__all__ = ["TASK", "SentimentConfig"]


def __getattr__(name: str) -> Any:
    if name != "TASK":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from seqsuite.tasks.sentiment.task import TASK

    return TASK
