"""Forecasting networks: how windows of standardized series become forecasts.

Three architectures read the same features of a window. Segments forecast all steps at once; an
encoder-decoder and an autoregressive model are trained on the true values before each step and run
on their own, so what forecasts with them is a function of its own that shares their layers.
"""

from __future__ import annotations

from seqsuite.tasks.forecasting.models.architectures import (
    build_forecast_model,
    forecast_function,
    forecast_losses,
)
from seqsuite.tasks.forecasting.models.ridge import fit_ridge

__all__ = ["build_forecast_model", "fit_ridge", "forecast_function", "forecast_losses"]
