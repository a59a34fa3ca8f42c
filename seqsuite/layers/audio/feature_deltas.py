"""Delta features: slopes of features over time."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.masking import (
    at_least_one_step,
    last_step,
    real_lengths,
    sequence_mask,
    zero_padding,
)

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class FeatureDeltas(keras.layers.Layer):
    """Features with their deltas, accelerations and higher orders.

    The delta of a frame is the slope of the least-squares line through the frame and `width` frames
    on either side. The first and the last real frame are repeated beyond the ends of a row, for
    each order, as in HTK.

    Args:
        order: Highest order; 2 appends deltas and accelerations.
        width: Frames on either side.
        **kwargs: Keras layer arguments.

    Call arguments:
        features: ``(batch, time, features)``.
        lengths: Real frames of each row, int ``(batch,)``; ``None``: all.

    Returns:
        ``(batch, time, (order + 1) * features)`` in the layer's compute dtype, zero at padded
        frames.

    Raises:
        ValueError: If `order` or `width` is not a positive integer, or lengths do not fit.

    Masking:
        By `lengths` only.

    Example:
        >>> layer = FeatureDeltas(order=1, width=1)
        >>> layer(ops.array([[[0.0], [2.0], [8.0]]])).numpy().tolist()
        [[[0.0, 1.0], [2.0, 4.0], [8.0, 3.0]]]

    Reference:
        Furui (1986), https://doi.org/10.1109/TASSP.1986.1164788
    """

    def __init__(self, order: int = 2, width: int = 2, **kwargs):
        super().__init__(**kwargs)
        for name, value in (("order", order), ("width", width)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(
                    f"Argument `{name}` must be a positive integer. Received: {name}={value!r}"
                )
        self.order = order
        self.width = width
        self.built = True

    def call(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return `features` with their slopes."""
        num_steps = ops.shape(features)[1]
        lengths = real_lengths(lengths, features)
        padded = at_least_one_step(features)
        mask = sequence_mask(lengths, ops.shape(padded)[1])
        levels = [zero_padding(padded, mask)]
        for _ in range(self.order):
            levels.append(zero_padding(self._slopes(levels[-1], mask, lengths), mask))
        return ops.concatenate(levels, axis=-1)[:, :num_steps]

    def _slopes(self, features: Tensor, mask: Tensor, lengths: Tensor) -> Tensor:
        num_steps = ops.shape(features)[1]
        last = last_step(features, lengths)[:, None]
        features = ops.where(mask[:, :, None], features, last)
        before = ops.repeat(features[:, :1], self.width, axis=1)
        extended = ops.concatenate([before, features, ops.repeat(last, self.width, axis=1)], axis=1)
        total = 0.0
        for distance in range(1, self.width + 1):
            ahead, behind = self.width + distance, self.width - distance
            rise = extended[:, ahead : ahead + num_steps] - extended[:, behind : behind + num_steps]
            total = total + distance * rise
        return total / (2 * sum(distance**2 for distance in range(1, self.width + 1)))

    def compute_output_shape(self, features_shape, lengths_shape=None):
        """Return ``(batch, time, (order + 1) * features)``."""
        return (*features_shape[:2], (self.order + 1) * features_shape[2])

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "order": self.order, "width": self.width}
