"""The handwriting task: strokes of a pen, drawn point by point."""

from __future__ import annotations

from seqsuite.task import TaskSpec
from seqsuite.tasks.handwriting.config import HandwritingConfig

__all__ = ["TASK", "HandwritingConfig"]

TASK = TaskSpec(
    package=__name__,
    summary="strokes of a pen: handwriting and drawings, generated or completed",
    config_class=HandwritingConfig,
    task="task:Handwriting",
    client="client:HandwritingClient",
)
