"""The memory task: synthetic problems that measure how far back a network remembers."""

from __future__ import annotations

from typing import Any

from seqsuite.tasks.memory.config import MemoryConfig

__all__ = ["TASK", "MemoryConfig"]


def __getattr__(name: str) -> Any:
    if name != "TASK":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from seqsuite.tasks.memory.task import TASK

    return TASK
