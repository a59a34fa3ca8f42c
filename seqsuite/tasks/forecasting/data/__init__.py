"""Readers of the examples of the forecasting task."""
