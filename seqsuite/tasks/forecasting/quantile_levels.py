"""The levels of forecast quantiles, the same everywhere."""

QUANTILE_LEVELS = (0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975)
"""Probabilities below the quantiles that are forecast: intervals of 95, 90, 80, ... percent."""
