"""Running a forecaster over all windows of a split, scored on the way."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from seqsuite.data.batching import batch_dataset
from seqsuite.layers.series.seasonal_cycle import SeasonalCycle
from seqsuite.tasks.forecasting.batches import EncodedSeries
from seqsuite.tasks.forecasting.conformal import apply_conformal_offsets, fit_conformal_offsets
from seqsuite.tasks.forecasting.plots import Fan
from seqsuite.tasks.forecasting.preprocessor import SeriesPreprocessor
from seqsuite.tasks.forecasting.quantile_levels import QUANTILE_LEVELS
from seqsuite.tasks.forecasting.scores import M4_HOURLY_NAIVE2, ForecastScores
from seqsuite.tasks.forecasting.unknown_series import forecast_with_hidden_ids
from seqsuite.tasks.forecasting.windows import SeriesWindows

_BATCH = 256
# Of a standard deviation: float32 has about seven digits.
_ROUNDING = 1e-6
_SHOWN = 6
# So few windows tell little of the outer levels of a step alone: neighbors help.
_ENOUGH, _NEIGHBORS = 400, 3
OWA = {"none": None, "hourly": M4_HOURLY_NAIVE2}
"""Name of a frequency of M4 -> what its weighted average divides by."""


class ForecastPredictor:
    """Forecast every window and sum its errors, so that memory does not grow with the windows.

    Args:
        preprocessor: With conformal offsets, once they are found.
        model: What forecasts: encoded windows -> ``forecast`` ``(batch, time)`` and, where it has
            them, ``quantiles`` ``(batch, time, levels)``, standardized.
        horizons: Horizons that are scored.
        owa: ``none`` or ``hourly``.
        intervals: ``conformal``, ``model`` or ``calibrated``.
        max_windows: Windows that are scored, spread evenly; None: all.

    Returns:
        From a call with :class:`EncodedSeries`: ``scores``, a :class:`ForecastScores`; ``targets``
        and ``forecasts``, what calibration reads, standardized; ``with_hidden_ids``, a function
        that returns the two as if no series was known; ``shown``, some windows; and, in
        the end and of a model that has them, ``cycles``, float ``(series, steps)``.
    """

    def __init__(
        self,
        preprocessor: SeriesPreprocessor,
        model: Callable[..., dict[str, Any]],
        horizons: tuple[int, ...],
        owa: str = "none",
        intervals: str = "conformal",
        max_windows: int | None = None,
    ):
        self.preprocessor = preprocessor
        self.model = model
        self.horizons = horizons
        self.owa = owa
        self.intervals = intervals
        self.max_windows = max_windows
        self._call: Any = None
        self._past: tuple[Any, Any] = (None, None)

    def __call__(self, encoded: EncodedSeries) -> dict[str, Any]:
        """Forecast the windows of a split."""
        every = -(-encoded.num_windows // self.max_windows) if self.max_windows else 1
        plan = encoded.evaluation_plan(_BATCH, max(1, every))
        dataset = batch_dataset(encoded, plan)
        if self._call is None:
            self._call = _traced(self.model, dataset.element_spec[0])
        levels = QUANTILE_LEVELS if self._has_quantiles else ()
        scores = ForecastScores(self.horizons, levels, encoded.scales, OWA[self.owa])
        naive = self._past_of(encoded)
        shown = self._shown(encoded, plan)
        kept: dict[str, list[np.ndarray]] = {"targets": [], "forecasts": []}
        windows = []
        for features, targets, indices in dataset:
            numbers, truth = indices.numpy(), targets.numpy()
            series, rows = encoded.locate(numbers)
            outputs, center, scale = self._outputs(features)
            unknown = encoded.series_index[series] == 0
            quantiles = _moved(self.quantiles(outputs, unknown), center, scale)
            outputs = {name: _moved(value, center, scale) for name, value in outputs.items()}
            mean = encoded.in_units(numbers, outputs["forecast"])
            bands = None if quantiles is None else encoded.in_units(numbers, quantiles)
            truth_in_units = encoded.in_units(numbers, truth)
            zeros = np.zeros_like(truth)
            unit = encoded.in_units(numbers, zeros + 1) - encoded.in_units(numbers, zeros)
            mean = _snapped(mean, truth_in_units, unit)
            if bands is not None:
                bands = _snapped(bands, truth_in_units[..., None], unit[..., None])
            repeated = naive.seasonal_naive(series, rows, truth.shape[1])
            # Of what nothing is known, its mean is the naive forecast.
            repeated = encoded.in_units(numbers, np.nan_to_num(repeated))
            held = np.minimum(encoded.remaining(numbers), truth.shape[1])
            scores.add(truth_in_units, mean, series, bands, repeated, held)
            if self.max_windows:
                kept["targets"].append(truth)
                kept["forecasts"].append(self._uncalibrated(outputs))
            for place in np.flatnonzero(np.isin(numbers, shown)):
                history = encoded.history(numbers[place])
                band = None if bands is None else bands[place]
                name = encoded.names[series[place]]
                windows.append(Fan(name, history, truth_in_units[place], mean[place], band))
        found: dict[str, Any] = {n: np.concatenate(parts) for n, parts in kept.items() if parts}
        if found:
            found["with_hidden_ids"] = partial(self._with_hidden_ids, encoded, plan)
        cycles = {} if self.max_windows else _learned_cycles(self.model)
        return {"scores": scores, "shown": windows, **cycles, **found}

    def _outputs(self, features, hide: bool = False) -> tuple[dict[str, np.ndarray], Any, Any]:
        outputs, center, scale = self._call(features, tf.constant(hide))
        found = {name: value.numpy() for name, value in outputs.items()}
        return found, center.numpy(), scale.numpy()

    def _with_hidden_ids(
        self, encoded: EncodedSeries, plan: list[np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return targets and forecasts of windows whose series is not told, on their own scale."""
        found = []
        for features, targets, _ in batch_dataset(encoded, plan):
            outputs, center, scale = self._outputs(features, hide=True)
            truth = (targets.numpy() - center[:, None]) / scale[:, None]
            found.append((truth, self._uncalibrated(outputs)))
        targets, forecasts = zip(*found, strict=True)
        return np.concatenate(targets), np.concatenate(forecasts)

    @property
    def _has_quantiles(self) -> bool:
        return self.intervals == "model" or self.preprocessor.offsets is not None

    def _uncalibrated(self, outputs: dict[str, np.ndarray]) -> np.ndarray:
        return outputs["forecast" if self.intervals == "conformal" else "quantiles"]

    def quantiles(
        self, outputs: dict[str, np.ndarray], unknown: np.ndarray | None = None
    ) -> np.ndarray | None:
        """Return the quantiles of a batch as they are served, standardized; None without any.

        Args:
            outputs: Of the model.
            unknown: Which windows are of series that training did not know, bool ``(batch,)``;
                None: none is.
        """
        if not self._has_quantiles:
            return None
        found = self._uncalibrated(outputs)
        if self.intervals == "model":
            return found
        offsets = np.array(self.preprocessor.offsets)
        if unknown is not None and unknown.any() and self.preprocessor.unknown_offsets:
            others = np.array(self.preprocessor.unknown_offsets)
            offsets = np.where(unknown[:, None, None], others, offsets)
        return apply_conformal_offsets(found, offsets, QUANTILE_LEVELS)

    def _past_of(self, encoded: EncodedSeries) -> SeriesWindows:
        """Return what the seasonal naive forecast reads: of validation the same in every epoch."""
        if self._past[0] is not encoded:
            values = np.where(encoded.observed, encoded.values, np.float32(np.nan))
            targets = np.split(values, encoded.starts[1:-1])
            self._past = encoded, SeriesWindows(targets, self.preprocessor.season_steps)
        return self._past[1]

    def _shown(self, encoded: EncodedSeries, plan: list[np.ndarray]) -> np.ndarray:
        if self.max_windows or not plan:
            return np.zeros(0, np.int64)
        numbers = np.concatenate(plan)
        return numbers[np.linspace(0, len(numbers) - 1, _SHOWN).astype(np.int64)]


def _traced(model: Callable[..., dict[str, Any]], specification: Any) -> Any:
    # Of the model alone: a cycle with a predictor would keep whole splits alive.
    return tf.function(
        lambda features, hide: forecast_with_hidden_ids(model, features, hide),
        input_signature=[specification, tf.TensorSpec((), tf.bool)],
        autograph=False,
    )


def _moved(values: np.ndarray | None, center: np.ndarray, scale: np.ndarray) -> Any:
    """Return numbers of windows on the scales of their series; None stays None."""
    if values is None or (not center.any() and (scale == 1).all()):
        return values
    shape = (-1,) + (1,) * (values.ndim - 1)
    return values * scale.reshape(shape) + center.reshape(shape)


def _learned_cycles(model: keras.Model) -> dict[str, np.ndarray]:
    tables = [layer.table for layer in model.layers if isinstance(layer, SeasonalCycle)]
    return {"cycles": np.asarray(tables[0])} if tables else {}


def conformal_offsets(targets: np.ndarray, forecasts: np.ndarray) -> list[list[float]]:
    """Return what to add to each step's forecasts for each of `QUANTILE_LEVELS`.

    Args:
        targets: Standardized, of windows of validation, ``(windows, time)``; NaN where unknown.
        forecasts: ``(windows, time)``, or quantiles ``(windows, time, levels)``.
    """
    few = len(targets) < _ENOUGH
    offsets = fit_conformal_offsets(targets, forecasts, QUANTILE_LEVELS, _NEIGHBORS if few else 0)
    return offsets.round(6).tolist()


def _snapped(values: np.ndarray, truth: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Return forecasts in which those that differ from the truth by rounding are the truth.

    Forecasts and truth are standardized in float32, so that equal counts come back different, and a
    quantile of 0 is above or below a true 0 by chance.
    """
    return np.where(np.abs(values - truth) <= _ROUNDING * unit, truth, values)
