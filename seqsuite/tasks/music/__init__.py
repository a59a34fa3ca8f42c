"""The music task: next chord of a piano roll, and generation."""

from __future__ import annotations

from seqsuite.task import TaskSpec
from seqsuite.tasks.music.config import MusicConfig

__all__ = ["TASK", "MusicConfig"]

TASK = TaskSpec(
    package=__name__,
    summary="polyphonic music: the next chord of a piano roll, and generation",
    config_class=MusicConfig,
    task="task:Music",
    client="client:MusicClient",
)
