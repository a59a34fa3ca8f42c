"""Learned seasonal cycle of a fixed period."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.contracts import check_shape

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class SeasonalCycle(keras.layers.Layer):
    """Learned value for each phase of a period, by series or shared.

    Subtract it from the history before a model, and add it to the forecast. Initially zero.

    Args:
        period: Steps in a cycle.
        num_series: Number of cycles; 1: all series share one.
        **kwargs: Keras layer arguments.

    Call arguments:
        phase: Integer ``(batch, time)``: the step from any fixed origin, taken modulo the period.
        series_index: Integer ``(batch,)`` in [0, num_series); a negative one, for series outside
            the training data, has a cycle of zeros. ``None``: the first cycle.

    Returns:
        ``(batch, time)``.

    Raises:
        ValueError: For numbers that are not positive integers, or indices of another batch size.

    Masking:
        None: padded steps have the values of their phase.

    Example:
        >>> cycle = SeasonalCycle(24, num_series=7)
        >>> values = cycle(ops.array([[23, 24, 25]]), ops.array([3]))
        >>> values.numpy().tolist(), tuple(cycle.table.shape)
        ([[0.0, 0.0, 0.0]], (7, 24))

    Reference:
        Lin et al. (2024), https://arxiv.org/abs/2409.18479
    """

    def __init__(self, period: int, num_series: int = 1, **kwargs):
        super().__init__(**kwargs)
        for name, value in (("period", period), ("num_series", num_series)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(
                    f"Argument `{name}` must be a positive integer. Received: {name}={value!r}"
                )
        self.period = period
        self.num_series = num_series
        self.table = self.add_weight(shape=(num_series, period), initializer="zeros", name="table")
        self.built = True

    def call(self, phase: Tensor, series_index: Tensor | None = None) -> Tensor:
        """Look up the values."""
        phase = ops.cast(ops.mod(phase, self.period), "int32")
        if series_index is None:
            return ops.take(self.table[0], phase, axis=0)
        series_index = ops.cast(series_index, "int32")
        check_shape("series_index", series_index, (phase.shape[0],))
        # Look up rows of the table, then phases in them: the table's gradient stays sparse.
        cycles = ops.take(self.table, ops.maximum(series_index, 0), axis=0)
        cycles = ops.where(series_index[:, None] >= 0, cycles, ops.zeros((), cycles.dtype))
        first = ops.arange(ops.shape(cycles)[0], dtype="int32") * self.period
        return ops.take(ops.reshape(cycles, (-1,)), first[:, None] + phase, axis=0)

    def compute_output_shape(self, phase_shape, series_index_shape=None):
        """Return the shape of the values."""
        return tuple(phase_shape)

    def compute_output_spec(self, phase, series_index=None):
        """Return the shape of the values, of the compute dtype."""
        return keras.KerasTensor(phase.shape, dtype=self.compute_dtype)

    def get_config(self):
        """Return the constructor arguments."""
        config = {"period": self.period, "num_series": self.num_series}
        return {**super().get_config(), **config}
