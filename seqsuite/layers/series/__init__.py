"""Layers for time series and forecasts."""

from __future__ import annotations

from seqsuite.layers.series.calendar_features import CalendarFeatures
from seqsuite.layers.series.distribution_head import DistributionHead
from seqsuite.layers.series.forecast_combination import ForecastCombination
from seqsuite.layers.series.mean_reversion import MeanReversion
from seqsuite.layers.series.quantile_head import QuantileHead
from seqsuite.layers.series.seasonal_cycle import SeasonalCycle
from seqsuite.layers.series.series_scaling import SeriesScaling

__all__ = [
    "CalendarFeatures",
    "DistributionHead",
    "ForecastCombination",
    "MeanReversion",
    "QuantileHead",
    "SeasonalCycle",
    "SeriesScaling",
]
