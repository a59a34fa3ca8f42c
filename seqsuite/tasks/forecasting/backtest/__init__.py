"""Backtests: forecasts from many rolling origins."""
