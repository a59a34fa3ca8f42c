"""The shape of a day or a week, learned as a table."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class SeasonalCycle(keras.layers.Layer):
    """A learned value for each phase of a period, for each series or for all.

    Subtract it from the history before the model, and add it to the forecast behind. It begins at
    zero, where it changes nothing.

    Args:
        period: Number of steps after which the cycle repeats.
        num_series: Number of cycles; 1: all series have the same.
        **kwargs: Keras layer arguments.

    Call arguments:
        phase: Integer ``(batch, time)``: the step counted from any fixed origin; what it leaves
            when divided by the period counts.
        series_index: Integer ``(batch,)`` in [0, num_series); a negative one has a cycle of zeros,
            for series that were not there in training. ``None`` takes the first cycle.

    Returns:
        ``(batch, time)``.

    Raises:
        ValueError: For numbers that are not positive integers.

    Masking:
        None: values at padded steps are those of their phase.

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
        """Look the values up."""
        phase = ops.cast(ops.mod(phase, self.period), "int32")
        if series_index is None:
            return ops.take(self.table[0], phase, axis=0)
        series_index = ops.cast(series_index, "int32")
        # A row of the table each, then places in these: the gradient of the table is sparse.
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
