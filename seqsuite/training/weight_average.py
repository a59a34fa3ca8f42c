"""Exponential moving average of weights, used for validation and as the selected model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import keras
import tensorflow as tf


class WeightAverage:
    """Exponential moving average of variables.

    The decay starts small, ``min(decay, (1 + n) / (10 + n))`` after ``n`` updates, so that
    the initial random weights are forgotten quickly.

    Args:
        variables: The variables.
        decay: Final decay in [0, 1); 0 switches averaging off at no cost.

    Example:
        >>> variable = keras.Variable(1.0)
        >>> average = WeightAverage([variable], decay=0.99)
        >>> _ = variable.assign(3.0); average.update()
        >>> with average.applied():
        ...     inside = float(variable)
        >>> 1.0 < inside <= 3.0, float(variable)
        (True, 3.0)

    Reference:
        Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992.
    """

    def __init__(self, variables: Sequence[keras.Variable], decay: float):
        self.decay = decay
        self.followed = list(variables) if decay > 0 else []
        self.num_updates = tf.Variable(0.0, trainable=False)
        self._averages = [tf.Variable(v.value, trainable=False) for v in self.followed]

    @property
    def values(self) -> list[tf.Variable]:
        """All state of the average, for checkpoints."""
        return [self.num_updates, *self._averages]

    def update(self) -> None:
        """Update the averages with the present values; callable in a graph."""
        if not self.followed:
            return
        self.num_updates.assign_add(1.0)
        count = self.num_updates
        rate = 1.0 - tf.minimum(self.decay, (1.0 + count) / (10.0 + count))
        for variable, average in zip(self.followed, self._averages, strict=True):
            average.assign_add(tf.cast(rate, average.dtype) * (variable.value - average))

    def reset(self) -> None:
        """Restart from the present values."""
        self.num_updates.assign(0.0)
        for variable, average in zip(self.followed, self._averages, strict=True):
            average.assign(variable.value)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Assign the averages to the variables inside the block."""
        kept = [tf.identity(variable.value) for variable in self.followed]
        for variable, average in zip(self.followed, self._averages, strict=True):
            variable.assign(average)
        try:
            yield
        finally:
            for variable, value in zip(self.followed, kept, strict=True):
                variable.assign(value)
