"""A forecaster as it is served: histories in, forecasts out, in the units of the input."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from seqsuite.config import MAX_INT
from seqsuite.serving.limits import after, check_size
from seqsuite.tasks.forecasting.preprocessor import LARGEST, SeriesPreprocessor

Tensor = Any
STATE_PREFIX = "state_"
LENGTH_STATE = f"{STATE_PREFIX}length"

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
        if not self.preprocessor.counts:
            del encoded["center"], encoded["scale"]
        found = self.model(encoded, training=False)
        mean = _finite(found["forecast"])
        answer = {"mean": _in_units(mean, scale, center)}
        quantiles = self._quantiles(found, mean)
        if quantiles is not None:
            answer["quantiles"] = _in_units(quantiles, scale[:, :, None], center[:, :, None])
        return answer

    def _quantiles(self, found: dict[str, Tensor], mean: Tensor) -> Tensor | None:
        if self.intervals == "model":
            return _finite(found["quantiles"])
        if self.preprocessor.offsets is None:
            return None
        conformal = self.intervals == "conformal"
        inner = mean[:, :, None] if conformal else _finite(found["quantiles"])
        moved = inner + tf.constant(self.preprocessor.offsets, tf.float64)
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


def covariate_inputs(preprocessor: SeriesPreprocessor, is_step: bool) -> dict[str, str]:
    """Return the inputs that covariates add to a signature -> their dtype and axes.

    Args:
        preprocessor: Adapted.
        is_step: A step takes a row of each, and of those known ahead the rows to come too, beside
            states that hold the rows before; states begin at zero (or ``""``).
    """
    found: dict[str, str] = {}
    for name, form in preprocessor.covariate_encoder.raw_inputs().items():
        if name.startswith("static") or not is_step:
            found[name] = form
            continue
        ahead = 1 + preprocessor.prediction_length
        row = form.replace("time", str(ahead)) if name.startswith("future") else form
        found[name] = row.replace("time,", "")
        found[f"{STATE_PREFIX}{name}"] = form.replace("time", str(preprocessor.context_length))
    return found


def warm_up_requests(
    known: dict[str, Any], signatures: dict[str, dict[str, str]], ahead: int
) -> dict[str, dict[str, Any]]:
    """Return a request for each signature; what is not known beforehand is missing or zero.

    Args:
        known: Inputs of ``serving_default`` without covariates.
        signatures: Name -> inputs -> their dtype and axes.
        ahead: Rows of covariates known ahead beyond the history.
    """
    rows, time = np.shape(known["history"])
    requests = {}
    for signature, inputs in signatures.items():
        requests[signature] = {"observation": [317.5, math.nan]} | known
        for name in inputs.keys() - requests[signature].keys():
            dtype, _, axes = inputs[name].removesuffix("]").partition("[")
            sizes = {"batch": rows, "time": time + ahead * name.startswith("future")}
            shape = [int(axis) if axis.isdigit() else sizes[axis] for axis in axes.split(",")]
            requests[signature][name] = np.zeros(shape, {"string": "S1"}.get(dtype, dtype))
        requests[signature] = {name: requests[signature][name] for name in inputs}
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
