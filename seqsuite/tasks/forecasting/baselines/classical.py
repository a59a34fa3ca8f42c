"""Exponential smoothing and Theta from statsmodels: fitted to one history, so for few series."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.forecasting.theta import ThetaModel
from threadpoolctl import threadpool_limits  # comes with scikit-learn

_MOST_ROWS = 2000
# Each phase of a season is a state of the filter: with many the fit takes minutes.
_LONGEST_SEASON = 60


class NoForecast(Exception):
    """A classical model could not be fitted; the message says why."""


def ets_forecast(
    history: np.ndarray, prediction_length: int, season_steps: int, levels: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Forecast by additive exponential smoothing with a damped trend (and a season).

    Args:
        history: Values up to the forecast, float ``(time,)``; what is missing is interpolated.
        prediction_length: Steps to forecast.
        season_steps: Steps of a season; left out where fewer than two seasons are known.
        levels: Quantile levels, increasing.

    Returns:
        Mean float ``(steps,)`` and normal quantiles ``(steps, levels)``.

    Raises:
        NoForecast: The history is too short, the season too long, or the fit failed.

    Example:
        >>> mean, quantiles = ets_forecast(np.arange(30.0), 3, 1, [0.1, 0.9])
        >>> mean.shape, quantiles.shape, bool(abs(mean[0] - 30) < 1)
        ((3,), (3, 2), True)

    Reference:
        Hyndman, Koehler, Snyder and Grose (2002), https://doi.org/10.1016/S0169-2070(01)00110-8
    """
    if season_steps > _LONGEST_SEASON:
        raise NoForecast(f"a season of {season_steps} steps is too long to be fitted")

    def fit(values: np.ndarray):
        # statsmodels gives intervals of models of pandas' series only.
        seasonal = season_steps > 1 and len(values) >= 2 * season_steps
        model = ETSModel(
            pd.Series(values),
            error="add",
            trend="add",
            damped_trend=True,
            seasonal="add" if seasonal else None,
            seasonal_periods=season_steps if seasonal else None,
        )
        fitted = model.fit(disp=False)
        found = fitted.get_prediction(len(values), len(values) + prediction_length - 1)
        return np.asarray(found.predicted_mean), lambda alpha: np.asarray(found.pred_int(alpha))

    return _forecast(fit, history, levels)


def theta_forecast(
    history: np.ndarray, prediction_length: int, season_steps: int, levels: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Forecast by the Theta method, on the deseasonalised history where a test finds a season.

    Args:
        history: Values up to the forecast, float ``(time,)``; what is missing is interpolated.
        prediction_length: Steps to forecast.
        season_steps: Steps of a season; left out where fewer than two seasons are known.
        levels: Quantile levels, increasing.

    Returns:
        Mean float ``(steps,)`` and normal quantiles ``(steps, levels)``.

    Raises:
        NoForecast: The history is too short, or the fit failed.

    Example:
        >>> mean, quantiles = theta_forecast(np.arange(30.0), 3, 1, [0.1, 0.9])
        >>> bool((quantiles[:, 0] <= mean).all())
        True

    Reference:
        Assimakopoulos and Nikolopoulos (2000), https://doi.org/10.1016/S0169-2070(00)00066-2
    """

    def fit(values: np.ndarray):
        seasonal = season_steps > 1 and len(values) >= 2 * season_steps + 1
        model = ThetaModel(
            values,
            period=season_steps if seasonal else 1,
            deseasonalize=seasonal,
            method="additive",
        )
        fitted = model.fit(disp=False)
        return np.asarray(fitted.forecast(prediction_length)), lambda alpha: np.asarray(
            fitted.prediction_intervals(prediction_length, alpha=alpha)
        )

    return _forecast(fit, history, levels)


def _forecast(
    fit: Callable, history: np.ndarray, levels: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Fit to a history brought to size 1, and bring mean and quantiles back to its units."""
    values = np.asarray(history, np.float64)[-_MOST_ROWS:]
    known = np.flatnonzero(np.isfinite(values))
    if len(known) < 10:
        raise NoForecast(f"a history of {len(known)} values is too short")
    # Nothing is put before the first or after the last value.
    rows = np.arange(known[0], len(values))
    values = np.interp(rows, known, values[known])
    center, scale = values.mean(), values.std()
    if scale <= 1e-12 * np.abs(values).max():
        raise NoForecast("a constant history leaves nothing to fit")
    try:
        # These filters multiply tiny matrices: threads would wait for each other, eight times as
        # long as one alone takes.
        with threadpool_limits(1), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            mean, interval = fit((values - center) / scale)
            quantiles = [_quantile(mean, interval, float(level)) for level in levels]
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
        raise NoForecast(f"the fit failed ({str(error).splitlines()[0]})") from error
    bands = np.stack(quantiles, axis=-1) if quantiles else np.zeros((len(mean), 0))
    # A variance estimated as nothing, or not at all, leaves the quantiles at the mean.
    bands = np.where(np.isfinite(bands), bands, mean[:, None])
    if not np.isfinite(mean).all():
        raise NoForecast("the fit did not converge")
    return center + scale * mean, center + scale * np.sort(bands, axis=-1)


def _quantile(mean: np.ndarray, interval: Callable, level: float) -> np.ndarray:
    if abs(level - 0.5) < 1e-9:
        return mean
    return interval(2 * min(level, 1 - level))[:, int(level > 0.5)]
