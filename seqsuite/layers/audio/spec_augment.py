"""SpecAugment: augmentation by masks of time and frequency."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.masking import real_lengths, sequence_mask, zero_padding

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class SpecAugment(keras.layers.Layer):
    """Random masks of time and frequency in training.

    The width of each mask is drawn from 0 to its maximum, then its position. There is no time
    warping, which helped least in the paper.

    Args:
        num_time_masks: Number of time masks in each row.
        max_time_mask: Maximum width of a time mask, in frames.
        max_time_share: Maximum width of a time mask, as a share of the row's real frames.
        num_frequency_masks: Number of frequency masks in each row.
        max_frequency_mask: Maximum width of a frequency mask, at most the number of features.
        fill: Value of masked features: ``"zero"``, the mean of normalised features, or
            ``"mean"``, the mean of each feature over the row's real frames.
        seed: Integer seed of the layer's own generator.
        **kwargs: Keras layer arguments.

    Call arguments:
        features: ``(batch, time, features)``.
        lengths: Real frames of each row, int ``(batch,)``; ``None``: all.
        training: Whether to mask; no random op runs otherwise.

    Returns:
        Features of the same shape and dtype; padded frames do not change.

    Raises:
        ValueError: For negative numbers, an unknown fill, masks wider than the features, or lengths
            of another batch size.

    Masking:
        Time masks lie within each row's real frames.

    Example:
        >>> features = keras.random.normal((2, 100, 40))
        >>> layer = SpecAugment(num_time_masks=2, max_time_mask=20, seed=1)
        >>> layer(features, lengths=ops.array([100, 60]), training=True).shape
        TensorShape([2, 100, 40])

    Reference:
        Park et al. (2019), https://arxiv.org/abs/1904.08779
    """

    def __init__(
        self,
        num_time_masks: int = 2,
        max_time_mask: int = 40,
        max_time_share: float = 0.2,
        num_frequency_masks: int = 2,
        max_frequency_mask: int = 15,
        fill: str = "zero",
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        numbers = {
            "num_time_masks": num_time_masks,
            "max_time_mask": max_time_mask,
            "num_frequency_masks": num_frequency_masks,
            "max_frequency_mask": max_frequency_mask,
        }
        for name, value in numbers.items():
            if value < 0:
                raise ValueError(
                    f"Argument `{name}` must not be negative. Received: {name}={value}"
                )
        if not 0 <= max_time_share <= 1:
            raise ValueError(
                "Argument `max_time_share` must be in [0, 1]. "
                f"Received: max_time_share={max_time_share}"
            )
        if fill not in ("zero", "mean"):
            raise ValueError(f"Argument `fill` must be 'zero' or 'mean'. Received: fill={fill!r}")
        self.num_time_masks = num_time_masks
        self.max_time_mask = max_time_mask
        self.max_time_share = max_time_share
        self.num_frequency_masks = num_frequency_masks
        self.max_frequency_mask = max_frequency_mask
        self.fill = fill
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, features_shape, lengths_shape=None):
        """Check the width of the frequency masks."""
        if self.max_frequency_mask > features_shape[-1]:
            raise ValueError(
                f"Argument `max_frequency_mask` must be at most {features_shape[-1]}, the number "
                f"of features. Received: max_frequency_mask={self.max_frequency_mask}"
            )
        self.built = True

    def call(self, features: Tensor, lengths: Tensor | None = None, training: bool = False):
        """Return `features`, masked in training."""
        if not training:
            return features
        num_steps, width = ops.shape(features)[1:]
        lengths = real_lengths(lengths, features)
        real = sequence_mask(lengths, num_steps)
        share = ops.floor(self.max_time_share * ops.cast(lengths, "float32"))
        widest = ops.minimum(float(self.max_time_mask), share)
        spans = self._draw(self.num_time_masks, lengths, widest, num_steps)
        full = ops.full_like(lengths, width)
        widest = ops.full_like(widest, float(self.max_frequency_mask))
        bands = self._draw(self.num_frequency_masks, full, widest, width)
        masked = ops.logical_or(spans[:, :, None], bands[:, None, :])
        masked = ops.logical_and(masked, real[:, :, None])
        return ops.where(masked, self._filling(features, real, lengths), features)

    def _draw(self, count: int, sizes: Tensor, widest: Tensor, width: int | Tensor) -> Tensor:
        """Draw `count` spans within each row's first `sizes` places; bool ``(batch, width)``."""
        shape = (ops.shape(sizes)[0], count)
        span = self._draw_integers(shape, widest[:, None])
        first = self._draw_integers(shape, ops.cast(sizes, "float32")[:, None] - span)
        place = ops.arange(width, dtype="float32")
        inside = ops.logical_and(place >= first[:, :, None], place < (first + span)[:, :, None])
        return ops.any(inside, axis=1)

    def _draw_integers(self, shape: tuple, largest: Tensor) -> Tensor:
        """Draw integers uniformly from 0 to `largest`, as float32."""
        drawn = keras.random.uniform(shape, dtype="float32", seed=self.seed_generator)
        # The product of a number just below 1 may be rounded up to the next whole one.
        return ops.minimum(ops.floor(drawn * (largest + 1.0)), largest)

    def _filling(self, features: Tensor, real: Tensor, lengths: Tensor) -> Tensor:
        if self.fill == "zero":
            return ops.zeros((), dtype=features.dtype)
        values = ops.cast(zero_padding(features, real), "float32")
        count = ops.cast(ops.maximum(lengths, 1), "float32")[:, None, None]
        return ops.cast(ops.sum(values, axis=1, keepdims=True) / count, features.dtype)

    def compute_output_shape(self, features_shape, lengths_shape=None):
        """Return the shape of the features."""
        return features_shape

    def get_config(self):
        """Return the constructor arguments."""
        config = {
            "num_time_masks": self.num_time_masks,
            "max_time_mask": self.max_time_mask,
            "max_time_share": self.max_time_share,
            "num_frequency_masks": self.num_frequency_masks,
            "max_frequency_mask": self.max_frequency_mask,
            "fill": self.fill,
            "seed": self.seed,
        }
        return {**super().get_config(), **config}
