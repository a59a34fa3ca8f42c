"""Rolling-origin back-tests: forecasts from where one would have stood, and a check for leaks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from seqsuite.tasks.forecasting.data.series import Series
from seqsuite.tasks.forecasting.windows import origins

Forecasts = np.ndarray | tuple[np.ndarray, np.ndarray]
"""Means ``(series, steps)``, or those and quantiles ``(series, steps, levels)``."""


@dataclass(frozen=True)
class BacktestWindow:
    """One forecast of one series.

    Args:
        series: Index of the series.
        unique_id: Its name.
        origin: First row that was forecast.
        timestamp: That row's time, seconds since 1970.
        targets: What came true, float ``(steps,)``; NaN where missing.
        mean: What was forecast, float ``(steps,)``.
        quantiles: float ``(steps, levels)``, or None.
    """

    series: int
    unique_id: str
    origin: int
    timestamp: int
    targets: np.ndarray
    mean: np.ndarray
    quantiles: np.ndarray | None = None


def backtest(
    fit: Callable[[list[Series]], Any],
    predict: Callable[[Any, list[Series]], Forecasts],
    series: Sequence[Series],
    prediction_length: int,
    n_windows: int,
    step_size: int | None = None,
    refit: bool | int = False,
    future_covariates: Collection[str] = (),
) -> Iterator[BacktestWindow]:
    """Forecast every series from several origins, the oldest first, seeing only what was known.

    The last window of each series ends at its last row. A series that is too short for a window is
    left out of it. Windows are yielded one by one, so memory does not grow with their number.

    Args:
        fit: Given each series up to the first row to be forecast: a model.
        predict: Given the model and each series, ``first_target`` being the first row to be
            forecast: its forecasts. What would not have been known is missing from these series:
            targets, and covariates that are not named in ``future_covariates``.
        series: Whole series.
        prediction_length: Rows of each forecast.
        n_windows: Origins of each series.
        step_size: Rows from one origin to the next; None: ``prediction_length``.
        refit: False: the model is fitted once, before the first window; True: before each; a
            number: before every so many.
        future_covariates: Names of the covariates that are known ahead.

    Yields:
        The windows.

    Raises:
        ValueError: No series is long enough, or a forecast has the wrong shape.

    Example:
        >>> rows = np.arange(6)
        >>> one = Series("a", rows * 3600, rows.astype(float), frequency="1h")
        >>> def repeat(model, known):
        ...     return np.array([[s.target[s.first_target - 1]] * 2 for s in known])
        >>> windows = backtest(lambda known: None, repeat, [one], 2, n_windows=2)
        >>> [(window.origin, window.mean.tolist()) for window in windows]
        [(2, [1.0, 1.0]), (4, [3.0, 3.0])]

    Reference:
        Tashman (2000), https://doi.org/10.1016/S0169-2070(00)00065-0
    """
    step_size = prediction_length if step_size is None else step_size
    # A forecast needs one row to begin from.
    rows = [
        origins(len(s.target), max(1, s.first_target), prediction_length, n_windows, step_size)
        for s in series
    ]
    most = max(map(len, rows), default=0)
    if most == 0:
        raise ValueError(
            f"Argument `series` must hold one of more than {prediction_length} rows, so that a "
            f"window fits. Received: {[len(s.target) for s in series][:10]} rows"
        )
    every = most if refit is False else int(refit)
    model = None
    for window in range(most):
        back = most - window
        chosen = [(i, int(rows[i][-back])) for i in range(len(series)) if len(rows[i]) >= back]
        if window % every == 0:
            model = fit([cut(series[i], origin) for i, origin in chosen])
        known = [
            hide_future(series[i], origin, prediction_length, future_covariates)
            for i, origin in chosen
        ]
        yield from _windows(predict(model, known), series, chosen, prediction_length)


def cut(series: Series, origin: int) -> Series:
    """Return the rows of a series before ``origin``.

    Args:
        series: A series.
        origin: First row to leave out.
    """
    return series.part(origin, min(series.first_target, origin))


def hide_future(
    series: Series, origin: int, prediction_length: int, future_covariates: Collection[str] = ()
) -> Series:
    """Return a series as it was known when row ``origin`` had not come yet.

    Args:
        series: A series.
        origin: First row to be forecast.
        prediction_length: Rows of the forecast; later rows are left out.
        future_covariates: Names of the covariates that are known ahead.

    Returns:
        Rows up to the forecast's last, ``first_target`` being ``origin``; from there on targets
        are NaN, and so are covariates that are not known ahead (categorical ones ``""``).

    Example:
        >>> rows = np.arange(4)
        >>> one = Series("a", rows, rows * 1.0, {"wind": rows * 2.0})
        >>> known = hide_future(one, 2, 1)
        >>> known.target.tolist(), known.covariates["wind"].tolist()
        ([0.0, 1.0, nan], [0.0, 2.0, nan])
    """
    kept = series.part(origin + prediction_length, origin)
    later = np.arange(len(kept.target)) >= origin
    covariates = {
        name: values if name in future_covariates else _hidden(values, later)
        for name, values in kept.covariates.items()
    }
    return replace(kept, target=_hidden(kept.target, later), covariates=covariates)


def assert_no_leak(
    predict: Callable[[Series], Any],
    series: Series,
    origin: int,
    future_covariates: Collection[str] = (),
) -> None:
    """Raise unless a forecast stays the same when everything that had not come yet is changed.

    From row ``origin`` on, targets and covariates that are not known ahead are replaced by quite
    other values. What ``predict`` does is whatever is to be examined: fitting a scaler on the
    training rows, reading features, running the model. If any of it looks past the origin, the
    forecasts differ.

    Args:
        predict: Given a whole series: a forecast that begins at ``origin``, or anything else made
            of what was known then (an array, or a tuple or dict of arrays).
        series: A series with rows from ``origin`` on.
        origin: First row that is not known.
        future_covariates: Names of the covariates that are known ahead.

    Raises:
        AssertionError: What ``predict`` gave depends on the future.

    Example:
        >>> rows = np.arange(6.0)
        >>> one = Series("a", np.arange(6), rows)
        >>> assert_no_leak(lambda s: s.target[3] - s.target[:4].mean(), one, origin=4)
        >>> assert_no_leak(lambda s: s.target[3] - s.target.mean(), one, origin=4)
        Traceback (most recent call last):
        AssertionError: what is forecast from row 4 changes by up to 38.6...
    """
    if not 0 < origin < len(series.target):
        raise ValueError(
            f"Argument `origin` must lie inside the series' {len(series.target)} rows. "
            f"Received: {origin}"
        )
    later = np.arange(len(series.target)) >= origin
    covariates = {
        name: values if name in future_covariates else _altered(values, later)
        for name, values in series.covariates.items()
    }
    other = replace(series, target=_altered(series.target, later), covariates=covariates)
    before, after = _leaves(predict(series)), _leaves(predict(other))
    for one, two in zip(before, after, strict=True):
        if one.shape != two.shape or not np.array_equal(one, two, equal_nan=True):
            change = np.abs(one - two).max() if one.shape == two.shape else float("inf")
            raise AssertionError(
                f"what is forecast from row {origin} changes by up to {change} when only rows "
                f"from {origin} on do: something looks into the future"
            )


def _windows(
    forecasts: Forecasts,
    series: Sequence[Series],
    chosen: list[tuple[int, int]],
    prediction_length: int,
) -> Iterator[BacktestWindow]:
    means, quantiles = forecasts if isinstance(forecasts, tuple) else (forecasts, None)
    if np.shape(means) != (len(chosen), prediction_length):
        raise ValueError(
            "Argument `predict` must return means of shape "
            f"{(len(chosen), prediction_length)}. Received: shape {np.shape(means)}"
        )
    for place, (index, origin) in enumerate(chosen):
        one = series[index]
        yield BacktestWindow(
            index,
            one.unique_id,
            origin,
            int(one.timestamps[origin]),
            np.asarray(one.target[origin : origin + prediction_length], np.float64),
            np.asarray(means[place], np.float64),
            None if quantiles is None else np.asarray(quantiles[place], np.float64),
        )


def _hidden(values: np.ndarray, later: np.ndarray) -> np.ndarray:
    if _is_categorical(values):
        return np.where(later, np.asarray("", values.dtype), values)
    return np.where(later, np.nan, values)


def _altered(values: np.ndarray, later: np.ndarray) -> np.ndarray:
    """Return an array whose later values are quite other ones, the missing no longer missing."""
    if _is_categorical(values):
        # Another of the values that occur, so that no table of categories need know a new one.
        known = np.unique(values[~later].astype(str)) if (~later).any() else np.array(["other"])
        place = np.searchsorted(known, values.astype(str))
        other = known[(place + 1) % len(known)].astype(values.dtype)
        return np.where(later, other, values)
    values = np.asarray(values, np.float64)
    known = values[np.isfinite(values)]
    size = np.abs(known).max() if len(known) else 1.0
    wave = 10 * (size or 1.0) * (1 + np.arange(len(values)) % 3)
    return np.where(later, wave - np.where(np.isfinite(values), values, 0.0), values)


def _is_categorical(values: np.ndarray) -> bool:
    return values.dtype.kind not in "fiub"


def _leaves(value: object) -> list[np.ndarray]:
    if isinstance(value, dict):
        return [leaf for key in sorted(value) for leaf in _leaves(value[key])]
    if isinstance(value, tuple | list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [np.asarray(value, np.float64)]
