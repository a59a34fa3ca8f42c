"""The memory task: synthetic problems that measure how far back a network remembers."""

from __future__ import annotations

from seqsuite.task import TaskSpec
from seqsuite.tasks.memory.config import MemoryConfig

__all__ = ["TASK", "MemoryConfig"]

TASK = TaskSpec(
    package=__name__,
    summary="synthetic problems that measure how long a network remembers: copying, adding, recall",
    config_class=MemoryConfig,
    task="task:Memory",
    client="client:MemoryClient",
)
