"""SpecAugment: recognisers that still understand when a part of what they hear is gone."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.masking import sequence_mask, zero_padding

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class SpecAugment(keras.layers.Layer):
    """Mask random spans of time and random bands of frequency while training.

    The width of each mask is drawn from 0 to its maximum, and then its place. Features are not
    warped in time, which the paper found to help least.

    Args:
        num_time_masks: Spans of each row.
        max_time_mask: The widest span, in frames.
        max_time_share: The widest span, as a share of the row's real frames.
        num_frequency_masks: Bands of each row.
        max_frequency_mask: The widest band, in features; must be at most their number.
        fill: What is put there: ``"zero"``, which is the mean of normalised features, or
            ``"mean"``, each feature's mean over the row's real frames.
        seed: Integer seed of the layer's own generator.
        **kwargs: Keras layer arguments.

    Call arguments:
        features: ``(batch, time, features)``.
        lengths: Real frames of each row, int ``(batch,)``; ``None``: all.
        training: Masks only when true; no random op is run otherwise.

    Returns:
        Features of the same shape and dtype; padded frames stay as they are.

    Raises:
        ValueError: For negative numbers, an unknown fill, or bands wider than the features.

    Masking:
        Spans lie within each row's real frames.

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
        """Check that the bands fit."""
        if self.max_frequency_mask > features_shape[-1]:
            raise ValueError(
                f"Argument `max_frequency_mask` must be at most {features_shape[-1]}, the number "
                f"of features. Received: max_frequency_mask={self.max_frequency_mask}"
            )
        self.built = True

    def call(self, features: Tensor, lengths: Tensor | None = None, training: bool = False):
        """Return `features`, in training with masks."""
        if not training:
            return features
        batch, num_steps, width = ops.shape(features)
        if lengths is None:
            lengths = ops.zeros((batch,), dtype="int32") + num_steps
        lengths = ops.minimum(ops.cast(lengths, "int32"), num_steps)
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

    def _draw(self, count: int, sizes: Tensor, widest: Tensor, width: Any) -> Tensor:
        """Draw `count` spans within each row's first `sizes` places; bool ``(batch, width)``."""
        shape = (ops.shape(sizes)[0], count)
        span = self._draw_integers(shape, widest[:, None])
        first = self._draw_integers(shape, ops.cast(sizes, "float32")[:, None] - span)
        place = ops.arange(width, dtype="float32")
        inside = ops.logical_and(place >= first[:, :, None], place < (first + span)[:, :, None])
        return ops.any(inside, axis=1)

    def _draw_integers(self, shape: tuple, largest: Tensor) -> Tensor:
        """Draw whole numbers from 0 to `largest`, all equally likely, as float32."""
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
