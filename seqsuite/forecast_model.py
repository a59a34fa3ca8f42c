"""The network of the forecaster: standardized windows in, standardized forecasts out."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.datasets.frequency import parse_frequency
from seqsuite.forecast_levels import QUANTILE_LEVELS
from seqsuite.layers.calendar_features import CalendarFeatures
from seqsuite.layers.quantile_head import QuantileHead
from seqsuite.layers.seasonal_cycle import SeasonalCycle
from seqsuite.layers.segment_recurrent import SegmentRecurrent
from seqsuite.layers.series_scaling import SeriesScaling
from seqsuite.preprocessing.series import SeriesPreprocessor
from seqsuite.series_losses import MaskedAbsoluteError, MaskedSquaredError, PinballLoss

_DAY_SECONDS = 86_400
# Of a month; the middle of one lies in it whatever its length.
_MONTH_SECONDS = 146_097 * _DAY_SECONDS // 4800
# Features of a column of names at most.
_CATEGORY_SIZE = 8


def build_forecast_model(preprocessor: SeriesPreprocessor, config: Any) -> keras.Model:
    """Return the model that is trained, not compiled.

    What is regular is taken out of a window first and put back behind: the learned cycle of its
    series, then its level and spread. What is left is forecast by segments.

    Args:
        preprocessor: Adapted.
        config: The section ``model`` of the task.

    Returns:
        The features of ``EncodedSeries`` -> ``forecast`` float32 ``(batch, prediction_length)``
        and, with quantiles, ``quantiles`` ``(batch, prediction_length, levels)``.
    """
    inputs = _inputs(preprocessor)
    past_steps, future_steps = _step_numbers(inputs, preprocessor)
    history, observed = inputs["history"], inputs["observed"]
    index = inputs["series_index"] - 1
    ahead = None
    if config.cycle_length:
        cycle = SeasonalCycle(config.cycle_length, preprocessor.num_series, name="cycle")
        history = history - cycle(past_steps, index)
        ahead = cycle(future_steps, index)
    scaling = SeriesScaling(config.scaling, name="scaling")
    scaled, center, scale = scaling(history, observed)
    channels, future = _channels(preprocessor, config, inputs, scaled, past_steps, future_steps)
    quantiles = config.output == "quantiles"
    forecaster = SegmentRecurrent(
        config.units,
        config.segment_length,
        preprocessor.prediction_length,
        cell=config.cell,
        num_layers=config.num_layers,
        dropout=config.dropout,
        num_outputs=1 + config.head_size if quantiles else None,
        name="forecaster",
    )
    known = _known_series(preprocessor, config, inputs)
    found = forecaster(channels, lengths=inputs["length"], series=known, future=future)

    direct = None
    if config.linear:
        linear = keras.layers.Dense(
            preprocessor.prediction_length, kernel_initializer="zeros", name="linear"
        )
        direct = linear(_right_aligned(scaled, inputs["length"]))

    def back(values):
        """Put in what was taken out: the linear part, the level and spread, the cycle."""

        def fitting(part):
            return part if len(values.shape) == 2 else part[:, :, None]

        whole = values if direct is None else values + fitting(direct)
        whole = scaling.inverse(whole, center, scale)
        return whole if ahead is None else whole + fitting(ahead)

    if not quantiles:
        return keras.Model(inputs, {"forecast": back(found)}, name="forecasting")
    head = QuantileHead(QUANTILE_LEVELS, name="quantile_head")
    outputs = {"forecast": back(found[:, :, 0]), "quantiles": back(head(found[:, :, 1:]))}
    return keras.Model(inputs, outputs, name="forecasting")


def _right_aligned(values: Any, length: Any) -> Any:
    """Move right-padded rows ``(batch, time)`` to the right; what is then in front is 0."""
    size = values.shape[1]
    places = ops.arange(size, dtype="int32") - (size - length)[:, None]
    moved = ops.take_along_axis(values, ops.maximum(places, 0), axis=1)
    return ops.where(places >= 0, moved, 0.0)


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


def _channels(preprocessor, config, inputs, scaled, past_steps, future_steps) -> tuple[Any, Any]:
    """Return what is read of each row of history, and what is known of each row to come."""
    context = preprocessor.context_length
    columns = [scaled[:, :, None], ops.cast(inputs["observed"], "float32")[:, :, None]]
    ahead = []
    for role in ("past", "future"):
        found = _covariates(preprocessor, inputs, role)
        columns += [column[:, :context] for column in found]
        if role == "future":
            # Rows of history come first, without a gap before those to come.
            ahead = [_after(column, inputs["length"], preprocessor) for column in found]
    if config.calendar:
        calendar = _calendar(preprocessor.frequency)
        columns.append(calendar(_times(past_steps, preprocessor.frequency)))
        ahead.append(calendar(_times(future_steps, preprocessor.frequency)))
    if len(columns) == 2 and not preprocessor.has_missing:
        return scaled, None
    future = ops.concatenate(ahead, axis=-1) if ahead else None
    return ops.concatenate(columns, axis=-1), future


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


def _after(column: Any, length: Any, preprocessor: SeriesPreprocessor) -> Any:
    steps = ops.arange(preprocessor.prediction_length, dtype="int32")
    return ops.take_along_axis(column, (length[:, None] + steps)[:, :, None], axis=1)


def _known_series(preprocessor: SeriesPreprocessor, config: Any, inputs: dict[str, Any]) -> Any:
    """Return what is known of a series at all times, ``(batch, features)``, or None."""
    found = _covariates(preprocessor, inputs, "static")
    if config.series_embedding_size:
        embedding = keras.layers.Embedding(
            preprocessor.num_series + 1, config.series_embedding_size, name="series_embedding"
        )
        found.append(embedding(inputs["series_index"]))
    if not found:
        return None
    return ops.concatenate(found, axis=-1) if len(found) > 1 else found[0]


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


def _times(steps: Any, frequency: str) -> Any:
    """Return a time within each numbered step, int64 seconds since 1970."""
    step = parse_frequency(frequency) if frequency else None
    if step is None:
        return steps
    if step.months:
        return steps * (step.months * _MONTH_SECONDS) + _MONTH_SECONDS // 2
    return steps * step.seconds


def forecast_losses(training: Any, config: Any, prediction_length: int) -> dict[str, Any]:
    """Return the losses of a forecaster's outputs, by their names.

    Args:
        training: The section ``training`` of the task.
        config: The section ``model``.
        prediction_length: Steps of a forecast.
    """
    found = {
        "squared": MaskedSquaredError(),
        "absolute": MaskedAbsoluteError(),
        "huber": MaskedAbsoluteError(delta=1.0),
    }[training.loss]
    losses = {"forecast": found}
    if config.output == "quantiles":
        losses["quantiles"] = PinballLoss(QUANTILE_LEVELS)
    return losses
