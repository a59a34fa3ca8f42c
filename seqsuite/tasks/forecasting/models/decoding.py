"""What forecasters with a decoder share: its parts, what it is fed, and the way back from it."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.decoder.value_decoder import ValueDecoder
from seqsuite.layers.recurrent.stack import RecurrentStack
from seqsuite.tasks.forecasting.config import ForecastModelConfig
from seqsuite.tasks.forecasting.models.inputs import Window, to_counts

Tensor = Any


def value_decoder(config: ForecastModelConfig, head: keras.layers.Layer) -> ValueDecoder:
    """Return the layer ``decoder`` of a model.

    Args:
        config: The section ``model`` of the task.
        head: From features to predictions.
    """
    stack = RecurrentStack(
        config.units, config.cell, config.num_layers, return_state=True, name="decoder_stack"
    )
    return ValueDecoder(stack, head, dropout=config.dropout, return_state=True, name="decoder")


def window_outputs(window: Window) -> dict[str, Tensor]:
    """Return what is needed of a window to decode behind it, to be outputs of a model.

    Args:
        window: A window.

    Returns:
        ``last_value`` and ``last_observed``, the last row of the history; ``level`` and ``spread``,
        which were taken out of it, all ``(batch, 1)``; and ``cycle_past`` and ``cycle_ahead``
        where there is a cycle.
    """
    length = window.inputs["length"][:, None]
    place = ops.maximum(length - 1, 0)
    observed = ops.take_along_axis(window.inputs["observed"], place, axis=1)
    found = {
        "last_value": ops.take_along_axis(window.scaled, place, axis=1),
        "last_observed": ops.logical_and(observed, length > 0),
        "level": window.center,
        "spread": window.scale,
    }
    if window.cycle_ahead is not None:
        found |= {"cycle_past": window.cycle_past, "cycle_ahead": window.cycle_ahead}
    return found


def teacher_forced(window: Window, read: dict[str, Tensor], future: Tensor) -> dict[str, Tensor]:
    """Return the true value before each step of the future, as a ``ValueDecoder`` takes it.

    Args:
        window: The window before that future.
        read: Its :func:`window_outputs`.
        future: Standardized ``(batch, prediction_length)``, NaN where missing.
    """
    exists = ops.isfinite(future)
    future = ops.where(exists, future, 0.0)
    if "center" in window.inputs:
        future = to_counts(future, window.inputs["center"], window.inputs["scale"])
    if "cycle_ahead" in read:
        future = future - read["cycle_ahead"]
    scaled, _, _ = window.scaling(future, exists, center=read["level"], scale=read["spread"])
    return {
        "previous_values": ops.concatenate([read["last_value"], scaled[:, :-1]], axis=1),
        "observed": ops.concatenate([read["last_observed"], exists[:, :-1]], axis=1),
    }


def put_back(scaling: Any, values: Tensor, read: dict[str, Tensor]) -> Tensor:
    """Put the level, the spread and the cycle of windows into what was decoded behind them.

    Args:
        scaling: The ``SeriesScaling`` that took them out.
        values: ``(batch, time)``, or ``(batch, time, levels or paths)``.
        read: :func:`window_outputs`.
    """
    whole = scaling.inverse(values, read["level"], read["spread"])
    if "cycle_ahead" not in read:
        return whole
    cycle = read["cycle_ahead"]
    return whole + (cycle if len(values.shape) == 2 else cycle[:, :, None])
