"""Forecasts by rule of thumb and by a linear map, and intervals made of past errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from sklearn.linear_model import Ridge

from seqsuite.tasks.forecasting.scales import SeriesScales
from seqsuite.tasks.forecasting.windows import (
    SeriesWindows,
    evenly_chosen,
    every_origin,
    window_batches,
)

if TYPE_CHECKING:
    from sklearn.linear_model import Ridge

_BATCH = 512
_ALPHAS = (1.0, 10.0, 100.0, 1e3, 1e4, 1e5)


class ForecastBaseline:
    """A forecaster: ``fit`` on the training part of series, then ``forecast`` windows of others.

    Args:
        prediction_length: Steps of each forecast.
    """

    name: str

    def __init__(self, prediction_length: int):
        self.prediction_length = prediction_length

    def fit(self, windows: SeriesWindows, scales: SeriesScales) -> str:
        """Learn from the training part of series.

        Args:
            windows: The training part.
            scales: Its scales.

        Returns:
            Why it cannot forecast, or nothing.
        """
        return ""

    def forecast(
        self, windows: SeriesWindows, scales: SeriesScales, series: np.ndarray, rows: np.ndarray
    ) -> np.ndarray:
        """Forecast windows.

        Args:
            windows: The series.
            scales: Their scales, from their training part.
            series: Index of each window's series, int ``(windows,)``.
            rows: Row at which each forecast begins, int ``(windows,)``.

        Returns:
            float ``(windows, steps)``, finite.
        """
        raise NotImplementedError

    def held_out(self, windows: SeriesWindows) -> list[range]:
        """Return the training rows from which forecasts err as they will on new windows.

        Args:
            windows: The training part of series.
        """
        rows = []
        for length in windows.lengths.tolist():
            first = min(windows.season_steps, length - self.prediction_length)
            rows.append(every_origin(length, max(1, first), self.prediction_length))
        return rows

    def refit(self, windows: SeriesWindows, scales: SeriesScales) -> None:
        """Fit on all training rows, when what ``held_out`` was for is done.

        Args:
            windows: The training part of series.
            scales: Its scales.
        """
        return


class LastValue(ForecastBaseline):
    """Repeat the last value."""

    name = "last value"

    def forecast(self, windows, scales, series, rows):
        last = _or_center(windows.last_value(series, rows), scales, series)
        return np.repeat(last[:, None], self.prediction_length, axis=1)


class SeasonalNaive(ForecastBaseline):
    """Repeat the last season, or the last value where there is no season."""

    name = "seasonal naive"

    def forecast(self, windows, scales, series, rows):
        found = windows.seasonal_naive(series, rows, self.prediction_length)
        return _or_center(found, scales, series)


class Drift(ForecastBaseline):
    """Go on along the line through the first and the last value."""

    name = "drift"

    def forecast(self, windows, scales, series, rows):
        last = _or_center(windows.last_value(series, rows), scales, series)
        ahead = np.arange(1, self.prediction_length + 1)
        return last[:, None] + windows.slope(series, rows)[:, None] * ahead


class RidgeOnLags(ForecastBaseline):
    """One linear map from the context to all steps, shared by all series, with a ridge penalty.

    Context and target are taken relative to the last value and divided by the series' training
    deviation. What is missing in a context is the value before it; in a target of a training window
    it lies on a line. The penalty is chosen on the last fifth of the training rows, whose errors
    the quantiles are made of; then everything is fitted again.

    Args:
        prediction_length: Steps of each forecast.
        context_length: Steps that it reads.
        max_windows: Training windows at most, evenly chosen.
    """

    name = "ridge on lags"

    def __init__(self, prediction_length: int, context_length: int, max_windows: int = 12_000):
        super().__init__(prediction_length)
        self.context_length, self.max_windows = context_length, max_windows

    def fit(self, windows, scales):
        filled = windows.interpolated()
        self.alpha = _ALPHAS[2]
        self.model: Ridge | None = None
        inputs, outputs = self._pairs(filled, scales, self._train_rows(windows, early=True))
        unseen, truth = self._pairs(filled, scales, self.held_out(windows))
        if len(inputs) and len(unseen):
            models = [_ridge(alpha).fit(inputs, outputs) for alpha in _ALPHAS]
            errors = [np.square(model.predict(unseen) - truth).mean() for model in models]
            best = int(np.argmin(errors))
            # Until `refit` this is the model, so that errors on held-out rows are honest.
            self.alpha, self.model = _ALPHAS[best], models[best]
        else:
            self.refit(windows, scales)
        return "" if self.model else "no window of the training rows is whole"

    def refit(self, windows, scales):
        rows = self._train_rows(windows, early=False)
        inputs, outputs = self._pairs(windows.interpolated(), scales, rows)
        if len(inputs):
            self.model = _ridge(self.alpha).fit(inputs, outputs)

    def forecast(self, windows, scales, series, rows):
        last = _or_center(windows.last_value(series, rows), scales, series)[:, None]
        scale = scales.scale[series][:, None]
        if self.model is None:
            raise ValueError("Method `fit` must find training windows before `forecast` is called")
        return last + self.model.predict(self._inputs(windows, scales, series, rows)) * scale

    def held_out(self, windows):
        return [
            every_origin(length, _cut(length, self.prediction_length), self.prediction_length)
            for length in windows.lengths.tolist()
        ]

    def _train_rows(self, windows: SeriesWindows, early: bool) -> list[range]:
        rows = []
        for length in windows.lengths.tolist():
            end = _cut(length, self.prediction_length) if early else length
            # Contexts that begin before the series are for when there are no others.
            first = min(self.context_length, max(1, end - self.prediction_length))
            rows.append(every_origin(end, first, self.prediction_length))
        return rows

    def _inputs(self, windows, scales, series, rows) -> np.ndarray:
        last = windows.last_value(series, rows)[:, None]
        context = windows.context(series, rows, self.context_length)
        return np.nan_to_num((context - last) / scales.scale[series][:, None])

    def _pairs(self, windows, scales, rows) -> tuple[np.ndarray, np.ndarray]:
        inputs = [np.zeros((0, self.context_length))]
        outputs = [np.zeros((0, self.prediction_length))]
        for series, row in window_batches(evenly_chosen(rows, self.max_windows), _BATCH):
            target, _ = windows.targets(series, row, self.prediction_length)
            last = windows.last_value(series, row)[:, None]
            target = (target - last) / scales.scale[series][:, None]
            whole = np.isfinite(target).all(axis=1)
            inputs.append(self._inputs(windows, scales, series[whole], row[whole]))
            outputs.append(target[whole])
        return np.concatenate(inputs), np.concatenate(outputs)


class EmpiricalIntervals:
    """Quantiles of a forecaster's errors on training rows, added to its forecasts.

    Errors are pooled over series, each divided by the series' seasonal naive error, and told apart
    by how many steps ahead they are.

    Args:
        levels: Quantile levels, increasing.
        max_windows: Windows whose errors are taken, evenly chosen.
    """

    def __init__(self, levels: Sequence[float], max_windows: int = 4096):
        self.levels, self.max_windows = np.asarray(levels, np.float64), max_windows

    def fit(
        self, baseline: ForecastBaseline, windows: SeriesWindows, scales: SeriesScales
    ) -> EmpiricalIntervals:
        """Collect the errors of a fitted forecaster.

        Args:
            baseline: The forecaster.
            windows: The training part of series.
            scales: Its scales.

        Returns:
            Itself.
        """
        errors = [np.zeros((0, baseline.prediction_length))]
        rows = evenly_chosen(baseline.held_out(windows), self.max_windows)
        for series, row in window_batches(rows, _BATCH):
            target, _ = windows.targets(series, row, baseline.prediction_length)
            error = target - baseline.forecast(windows, scales, series, row)
            errors.append(error / _size(scales, series))
        pooled = np.concatenate(errors)
        if not np.isfinite(pooled).any():
            self.offsets = np.zeros((baseline.prediction_length, len(self.levels)))
            return self
        known = np.flatnonzero(np.isfinite(pooled).any(axis=0))
        # A step at which nothing was observed is judged by all the others.
        self.offsets = np.tile(np.nanquantile(pooled, self.levels), (pooled.shape[1], 1))
        self.offsets[known] = np.nanquantile(pooled[:, known], self.levels, axis=0).T
        return self

    def quantiles(self, mean: np.ndarray, scales: SeriesScales, series: np.ndarray) -> np.ndarray:
        """Return quantiles around forecasts.

        Args:
            mean: Forecasts, float ``(windows, steps)``.
            scales: Scales of the series.
            series: Index of each window's series, int ``(windows,)``.

        Returns:
            float ``(windows, steps, levels)``.
        """
        return mean[..., None] + self.offsets * _size(scales, series)[..., None]


def _or_center(values: np.ndarray, scales: SeriesScales, series: np.ndarray) -> np.ndarray:
    """Return forecasts; where nothing was ever observed, the training mean."""
    center = scales.center[series].reshape(-1, *[1] * (values.ndim - 1))
    return np.where(np.isnan(values), center, values)


def _size(scales: SeriesScales, series: np.ndarray) -> np.ndarray:
    """Return how large errors of each window's series are, float ``(windows, 1)``."""
    naive = scales.naive_error[series]
    return np.where(naive > 0, naive, scales.scale[series])[:, None]


def _ridge(alpha: float) -> Ridge:
    # Here, because `backtest --help` would wait for the import.
    return Ridge(alpha, solver="cholesky")


def _cut(length: int, prediction_length: int) -> int:
    return max(0, min(length * 4 // 5, length - prediction_length))
