"""A forecaster as it is served: histories in, forecasts out, in the units of the input."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from seqsuite.config import MAX_INT
from seqsuite.serving.limits import after, check_size
from seqsuite.serving.signatures import signature, zeros
from seqsuite.task import Serving
from seqsuite.tasks.forecasting.config import ForecastConfig
from seqsuite.tasks.forecasting.models import forecast_function
from seqsuite.tasks.forecasting.preprocessor import LARGEST, SeriesPreprocessor
from seqsuite.tasks.forecasting.tables import TRAINED_ON_FILE, trained_on

if TYPE_CHECKING:
    import keras


Tensor = Any
STATE_PREFIX = "state_"
LENGTH_STATE = f"{STATE_PREFIX}length"

_HISTORY = [315.7, 317.5, 317.5]

MISSING = float(np.finfo(np.float64).max)
"""What states hold for a missing number, since JSON has no NaN."""


class Forecaster:
    """Answer the signatures of a forecaster, in the graph.

    Args:
        preprocessor: Adapted, with conformal offsets where intervals need them.
        model: What forecasts: encoded windows -> ``forecast`` and, where it has them,
            ``quantiles``.
        intervals: ``conformal``, ``model`` or ``calibrated``.
        max_rows: Rows of a request; more are refused.

    Call arguments:
        features: As :class:`SeriesPreprocessor` takes them: forecast. Or ``observation`` float64
            ``(batch,)``, NaN where missing, its time ``end``, ``unique_id``, a row of each
            covariate and the states: one more observation of each series.

    Returns:
        ``mean`` float64 ``(batch, time)`` and ``quantiles`` float64 ``(batch, time, levels)``,
        never crossing; of a step also the states after it, `MISSING` where a number is. All
        numbers are finite.
    """

    def __init__(
        self,
        preprocessor: SeriesPreprocessor,
        model: Callable[..., dict[str, Tensor]],
        intervals: str = "conformal",
        max_rows: int = MAX_INT,
    ):
        self.preprocessor = preprocessor
        self.model = model
        self.intervals = intervals
        self.max_rows = max_rows

    def __call__(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        rows = tf.shape(features["unique_id"])[0]
        fits = check_size("unique_id", rows, 1, self.max_rows, "serving.max_rows")
        features = {n: _with_missing(v) for n, v in after([fits], features).items()}
        return self._step(features) if "observation" in features else self._forecast(features)

    def _forecast(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        encoded = self.preprocessor(features)
        center, scale = encoded["center"][:, None], encoded["scale"][:, None]
        is_known = encoded["series_index"] > 0
        if not self.preprocessor.counts:
            del encoded["center"], encoded["scale"]
        found = self.model(encoded, training=False)
        mean = _finite(found["forecast"])
        answer = {"mean": _in_units(mean, scale, center)}
        quantiles = self._quantiles(found, mean, is_known)
        if quantiles is not None:
            answer["quantiles"] = _in_units(quantiles, scale[:, :, None], center[:, :, None])
        return answer

    def _quantiles(self, found: dict[str, Tensor], mean: Tensor, is_known: Tensor) -> Tensor | None:
        if self.intervals == "model":
            return _finite(found["quantiles"])
        if self.preprocessor.offsets is None:
            return None
        conformal = self.intervals == "conformal"
        inner = mean[:, :, None] if conformal else _finite(found["quantiles"])
        offsets = tf.constant(self.preprocessor.offsets, tf.float64)
        if self.preprocessor.unknown_offsets is not None:
            others = tf.constant(self.preprocessor.unknown_offsets, tf.float64)
            offsets = tf.where(is_known[:, None, None], offsets, others)
        moved = inner + offsets
        # As apply_conformal_offsets does it: where quantiles would cross, the outer one gives way.
        levels = tf.unstack(moved, axis=-1)
        middle = len(levels) // 2
        for place in range(middle + 1, len(levels)):
            levels[place] = tf.maximum(levels[place], levels[place - 1])
        for place in reversed(range(middle)):
            levels[place] = tf.minimum(levels[place], levels[place + 1])
        return tf.stack(levels, axis=-1)

    def _step(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        size = self.preprocessor.context_length
        before = tf.clip_by_value(features[LENGTH_STATE], 0, size)
        whole = {"end": features["end"], "unique_id": features["unique_id"]}
        rows = {"history": features["observation"][:, None]}
        for name in self.preprocessor.covariate_encoder.raw_inputs():
            if name.startswith("static"):
                whole[name] = features[name]
            else:
                row = features[name]
                rows[name] = row if name.startswith("future") else row[:, None]
        states = {}
        for name, new in rows.items():
            joined = _appended(features[f"{STATE_PREFIX}{name}"], before, new)
            begin = tf.maximum(before + 1 - size, 0)
            ahead = 0 if name == "history" or name.startswith("past") else new.shape[1] - 1
            kept = tf.gather(joined, begin[:, None] + tf.range(size + ahead), batch_dims=1)
            whole[name] = kept
            states[f"{STATE_PREFIX}{name}"] = _without_nan(kept[:, :size])
        length = tf.minimum(before + 1, size)
        whole["length"] = states[LENGTH_STATE] = length
        return {**self._forecast(whole), **states}


def serving(
    config: ForecastConfig, preprocessor: SeriesPreprocessor, model: keras.Model
) -> Serving:
    """Return what is exported.

    Args:
        config: The task's configuration.
        preprocessor: Adapted, with conformal offsets where intervals need them.
        model: The network.
    """
    reads_clock = config.model.calendar or config.model.cycle_length
    needs_table = reads_clock or any(config.data.covariates.values())
    function = forecast_function(preprocessor, model, config.model)
    limits, intervals = config.serving, config.evaluation.intervals
    inputs = {"end": [tf.int64], "unique_id": [tf.string]}
    step = {
        "observation": [tf.float64],
        f"{STATE_PREFIX}history": [tf.float64, preprocessor.context_length],
        LENGTH_STATE: [tf.int32],
    }
    signatures = {
        "serving_default": signature(
            history=[tf.float64, None],
            length=[tf.int32],
            **inputs,
            **preprocessor.covariate_encoder.raw_inputs(),
        ),
        "step": signature(**step, **inputs, **_step_covariates(preprocessor)),
    }
    return Serving(
        Forecaster(preprocessor, function, intervals, limits.max_rows),
        signatures,
        _requests(signatures, preprocessor.prediction_length),
        example="--input FILE.csv" if needs_table else f'"{_HISTORY}"',
        files=lambda: {TRAINED_ON_FILE: trained_on(preprocessor)},
    )


def _step_covariates(preprocessor: SeriesPreprocessor) -> dict[str, list[Any]]:
    """Return the inputs that covariates add to a step -> dtype and axes behind the batch axis.

    A step takes a row of each, and of those known ahead the rows to come too, beside states that
    hold the rows before; states begin at zero (or ``""``).
    """
    found: dict[str, list[Any]] = {}
    for name, form in preprocessor.covariate_encoder.raw_inputs().items():
        dtype, *_, columns = form
        if name.startswith("static"):
            found[name] = form
            continue
        ahead = [1 + preprocessor.prediction_length] if name.startswith("future") else []
        found[name] = [dtype, *ahead, columns]
        found[f"{STATE_PREFIX}{name}"] = [dtype, preprocessor.context_length, columns]
    return found


def _requests(
    signatures: dict[str, dict[str, tf.TensorSpec]], ahead: int
) -> dict[str, dict[str, Any]]:
    """Return a request for each signature; covariates and states are zero."""
    known: dict[str, Any] = {
        "history": [_HISTORY, [315.6, math.nan, 0.0]],
        "length": [3, 2],
        "end": [-357_868_800, -357_868_800],
        "unique_id": ["co2", "unknown"],
        "observation": [317.5, math.nan],
    }
    requests = {}
    for signature_name, inputs in signatures.items():
        requests[signature_name] = {
            name: known[name]
            if name in known
            else zeros(one, rows=2, time=len(_HISTORY) + ahead * name.startswith("future"))
            for name, one in inputs.items()
        }
    return requests


def _appended(state: Tensor, length: Tensor, rows: Tensor) -> Tensor:
    """Return states with rows set behind the first ``length`` of theirs."""
    size, added = tf.shape(state)[1], tf.shape(rows)[1]
    places = tf.range(size + added) - length[:, None]
    new = tf.gather(rows, tf.clip_by_value(places, 0, added - 1), batch_dims=1)
    old = tf.gather(state, tf.minimum(tf.range(size + added), size - 1), axis=1)
    is_old = places < 0
    for _ in range(state.shape.rank - 2):
        is_old = is_old[..., None]
    return tf.where(is_old, old, new)


def _with_missing(values: Tensor) -> Tensor:
    """Return an input with NaN for numbers that are missing, infinite, or no measurement at all."""
    if not values.dtype.is_floating:
        return values
    return tf.where(tf.abs(values) < MISSING / 1e8, values, tf.constant(math.nan, values.dtype))


def _without_nan(values: Tensor) -> Tensor:
    """Return a state as JSON can hold it; :func:`_with_missing` reads it back."""
    if not values.dtype.is_floating:
        return values
    return tf.where(tf.math.is_finite(values), values, tf.constant(MISSING, values.dtype))


def _in_units(values: Tensor, scale: Tensor, center: Tensor) -> Tensor:
    """Return standardized values in the units of the input; finite, as JSON has no infinity."""
    largest = tf.float64.max
    return tf.clip_by_value(values * scale + center, -largest, largest)


def _finite(values: Tensor) -> Tensor:
    values = tf.cast(values, tf.float64)
    return tf.clip_by_value(values, -LARGEST, LARGEST)
