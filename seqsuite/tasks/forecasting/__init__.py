"""The forecasting task: the history of a series in, its next values out."""

from __future__ import annotations

from typing import Any

from seqsuite.tasks.forecasting.config import ForecastConfig

__all__ = ["TASK", "ForecastConfig"]


def __getattr__(name: str) -> Any:
    if name != "TASK":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from seqsuite.tasks.forecasting.task import TASK

    return TASK
