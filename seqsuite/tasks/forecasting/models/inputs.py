"""What every forecasting network reads of a window, as symbolic tensors of one graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from seqsuite.layers.series.calendar_features import CalendarFeatures
from seqsuite.layers.series.seasonal_cycle import SeasonalCycle
from seqsuite.layers.series.series_scaling import SeriesScaling
from seqsuite.tasks.forecasting.config import ForecastModelConfig
from seqsuite.tasks.forecasting.data.frequency import parse_frequency

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf
    from tensorflow import Tensor

    from seqsuite.tasks.forecasting.preprocessor import SeriesPreprocessor


Tensor = Any

_DAY_SECONDS = 86_400
# Of a month; the middle of one lies in it whatever its length.
_MONTH_SECONDS = 146_097 * _DAY_SECONDS // 4800
# Features of a column of names at most.
_CATEGORY_SIZE = 8
# Counts are cut to this, far above what float32 tells apart.
_LARGEST_COUNT = 1e12


@dataclass(frozen=True)
class Window:
    """A window, what is regular taken out of it.

    Args:
        inputs: Name -> ``keras.Input``: the features of ``EncodedSeries``.
        scaling: What scaled the history, and brings forecasts back.
        scaled: History ``(batch, context)``, scaled, 0 where missing.
        center: ``(batch, 1)``, of `scaling`.
        scale: ``(batch, 1)``, of `scaling`.
        cycle_past: ``(batch, context)``, the cycle that was taken out; None: none was.
        cycle_ahead: ``(batch, prediction_length)``, the cycle to put in.
        past: Features ``(batch, context, ...)`` that are known up to the present.
        known: Features of the history that are known ahead too, ``(batch, context, ...)``.
        ahead: The same of the rows to come, ``(batch, prediction_length, ...)``.
    """

    inputs: dict[str, Tensor]
    scaling: SeriesScaling
    scaled: Tensor
    center: Tensor
    scale: Tensor
    cycle_past: Tensor | None
    cycle_ahead: Tensor | None
    past: list[Tensor]
    known: list[Tensor]
    ahead: list[Tensor]

    @property
    def own(self) -> list[Tensor]:
        """The scaled history and which of it was observed, each ``(batch, context, 1)``."""
        observed = ops.cast(self.inputs["observed"], "float32")
        return [self.scaled[:, :, None], observed[:, :, None]]


def read_window(preprocessor: SeriesPreprocessor, config: ForecastModelConfig) -> Window:
    """Take what is regular out of a window: the learned cycle of its series, level and spread.

    Args:
        preprocessor: An adapted ``SeriesPreprocessor``.
        config: The section ``model`` of the task.
    """
    inputs = _inputs(preprocessor)
    past_steps, future_steps = _step_numbers(inputs, preprocessor)
    history = inputs["history"]
    if preprocessor.counts:
        history = to_counts(history, inputs["center"], inputs["scale"])
    cycle_past = cycle_ahead = None
    if config.cycle_length:
        index = inputs["series_index"] - 1
        cycle = SeasonalCycle(config.cycle_length, preprocessor.num_series, name="cycle")
        cycle_past, cycle_ahead = cycle(past_steps, index), cycle(future_steps, index)
        history = history - cycle_past
    scaling = SeriesScaling(config.scaling, name="scaling")
    scaled, center, scale = scaling(history, inputs["observed"])
    past = _covariates(preprocessor, inputs, "past")
    future = _covariates(preprocessor, inputs, "future")
    known = [column[:, : preprocessor.context_length] for column in future]
    # Rows of history come first, without a gap before those to come.
    ahead = [_after(column, inputs["length"], preprocessor) for column in future]
    if config.calendar:
        calendar = _calendar(preprocessor.frequency)
        known.append(calendar(_times(past_steps, preprocessor.frequency)))
        ahead.append(calendar(_times(future_steps, preprocessor.frequency)))
    return Window(
        inputs, scaling, scaled, center, scale, cycle_past, cycle_ahead, past, known, ahead
    )


def known_series(
    preprocessor: SeriesPreprocessor, config: ForecastModelConfig, inputs: dict[str, Tensor]
) -> Tensor | None:
    """Return what is known of a series at all times, ``(batch, features)``, or None.

    Args:
        preprocessor: An adapted ``SeriesPreprocessor``.
        config: The section ``model`` of the task.
        inputs: Of the window.
    """
    found = _covariates(preprocessor, inputs, "static")
    if config.series_embedding_size:
        embedding = keras.layers.Embedding(
            preprocessor.num_series + 1, config.series_embedding_size, name="series_embedding"
        )
        found.append(embedding(inputs["series_index"]))
    return joined(found)


def joined(columns: list[Tensor]) -> Tensor | None:
    """Put features behind each other; None where there are none.

    Args:
        columns: Each ``(..., features)``.
    """
    if len(columns) > 1:
        return ops.concatenate(columns, axis=-1)
    return columns[0] if columns else None


def at_every_step(series: Tensor | None, num_steps: int) -> list[Tensor]:
    """Return what is known of a series as features of steps, ``(batch, num_steps, features)``.

    Args:
        series: ``(batch, features)``; None gives no features.
        num_steps: How many steps.
    """
    return [] if series is None else [ops.repeat(series[:, None], num_steps, axis=1)]


def to_counts(values: Tensor, center: Tensor, scale: Tensor) -> Tensor:
    """Return the counts that standardized values stand for, float32; NaN stays.

    Args:
        values: ``(batch, time)``.
        center: float64 ``(batch,)``, what was subtracted.
        scale: float64 ``(batch,)``, what was divided by then.

    Example:
        >>> center, scale = (ops.array([x], "float64") for x in (10.0, 3.0))
        >>> to_counts(ops.array([[-3.3333333, 0.6666667]]), center, scale).numpy().tolist()
        [[0.0, 12.0]]
    """
    # Rounding undoes what float32 lost of a whole number.
    found = ops.round(ops.cast(values, "float64") * scale[:, None] + center[:, None])
    return ops.cast(ops.clip(found, 0.0, _LARGEST_COUNT), "float32")


def from_counts(counts: Tensor, center: Tensor, scale: Tensor) -> Tensor:
    """Standardize counts, float64: the least scale of a series is none for float32.

    Args:
        counts: ``(batch, time, paths)``.
        center: float64 ``(batch,)``.
        scale: float64 ``(batch,)``.

    Example:
        >>> center, scale = (ops.array([x], "float64") for x in (10.0, 4.0))
        >>> from_counts(ops.array([[[12.0]]]), center, scale).numpy().tolist()
        [[[0.5]]]
    """
    return (ops.cast(counts, "float64") - center[:, None, None]) / scale[:, None, None]


def _inputs(preprocessor: SeriesPreprocessor) -> dict[str, Any]:
    context, ahead = preprocessor.context_length, preprocessor.prediction_length
    encoder = preprocessor.covariate_encoder
    inputs = {
        "history": keras.Input((context,), name="history"),
        "observed": keras.Input((context,), dtype="bool", name="observed"),
        "length": keras.Input((), dtype="int32", name="length"),
        "series_index": keras.Input((), dtype="int32", name="series_index"),
        "last_step": keras.Input((), dtype="int64", name="last_step"),
    }
    if preprocessor.counts:
        for name in ("center", "scale"):
            inputs[name] = keras.Input((), dtype="float64", name=name)
    steps = {"past": (context,), "future": (context + ahead,), "static": ()}
    for role, axes in steps.items():
        numbers, categories = encoder.num_numbers[role], len(encoder.num_categories[role])
        if numbers:
            name = f"{role}_covariates"
            inputs[name] = keras.Input((*axes, numbers), name=name)
        if categories:
            name = f"{role}_category_ids"
            inputs[name] = keras.Input((*axes, categories), dtype="int32", name=name)
    return inputs


def _step_numbers(inputs: dict[str, Any], preprocessor: SeriesPreprocessor) -> tuple[Any, Any]:
    """Return the numbers of the rows of history and of the future on the time axis."""
    first = inputs["last_step"] - ops.cast(inputs["length"], "int64") + 1
    past = first[:, None] + ops.arange(preprocessor.context_length, dtype="int64")
    ahead = ops.arange(1, preprocessor.prediction_length + 1, dtype="int64")
    return past, inputs["last_step"][:, None] + ahead


def _covariates(preprocessor: SeriesPreprocessor, inputs: dict[str, Any], role: str) -> list[Any]:
    """Return the features of the covariates of a role: numbers, and embeddings of names."""
    found = []
    if f"{role}_covariates" in inputs:
        found.append(inputs[f"{role}_covariates"])
    for column, count in enumerate(preprocessor.covariate_encoder.num_categories[role]):
        embedding = keras.layers.Embedding(
            count, min(_CATEGORY_SIZE, count), name=f"{role}_category_{column}"
        )
        found.append(embedding(inputs[f"{role}_category_ids"][..., column]))
    return found


def _after(column: np.ndarray, length: tf.Tensor, preprocessor: SeriesPreprocessor) -> Any:
    steps = ops.arange(preprocessor.prediction_length, dtype="int32")
    return ops.take_along_axis(column, (length[:, None] + steps)[:, :, None], axis=1)


def _calendar(frequency: str) -> CalendarFeatures:
    """Return the calendar features that say anything at a frequency."""
    step = parse_frequency(frequency) if frequency else None
    if step is None or step.months:
        return CalendarFeatures(["month_of_year"], encoding="circle", name="calendar")
    names = ["day_of_year", "day_of_week"]
    if step.seconds < _DAY_SECONDS:
        names.append("hour_of_day")
    if step.seconds < 3600:
        names.append("minute_of_hour")
    return CalendarFeatures(names, encoding="circle", name="calendar")


def _times(steps: tf.Tensor, frequency: str) -> Any:
    """Return a time within each numbered step, int64 seconds since 1970."""
    step = parse_frequency(frequency) if frequency else None
    if step is None:
        return steps
    if step.months:
        return steps * (step.months * _MONTH_SECONDS) + _MONTH_SECONDS // 2
    return steps * step.seconds
