"""The forecasting task: the history of a series in, its next values out."""

from __future__ import annotations

from seqsuite.task import TaskSpec
from seqsuite.tasks.forecasting.config import ForecastConfig

__all__ = ["TASK", "ForecastConfig"]

TASK = TaskSpec(
    package=__name__,
    summary="forecasts of series of numbers",
    config_class=ForecastConfig,
    task="task:Forecasting",
    client="client:ForecastClient",
    verbs={"backtest": "backtest.verb:backtest"},
)
