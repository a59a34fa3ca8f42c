"""Vocal tract length perturbation: augmentation by other voices."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class FrequencyWarp(keras.layers.Layer):
    """Vocal tract length perturbation: random scaling of the frequency axis in training.

    A longer vocal tract has lower formants, so its spectrum is a compressed one. Band ``b`` of the
    output is interpolated at band ``b * factor`` of the input; the last band is repeated above.

    Args:
        max_warp: Factors are drawn uniformly from ``1 - max_warp`` to ``1 + max_warp``.
        seed: Integer seed of the layer's own generator.
        **kwargs: Keras layer arguments.

    Call arguments:
        features: Log-mel energies ``(batch, time, bands)``.
        training: Whether to warp; no random op runs otherwise.

    Returns:
        Features of the same shape and dtype.

    Raises:
        ValueError: If `max_warp` is not in [0, 1).

    Masking:
        Frames do not mix, so padded frames of zeros stay zeros.

    Example:
        >>> features = keras.random.normal((2, 100, 40))
        >>> FrequencyWarp(0.1, seed=1)(features, training=True).shape
        TensorShape([2, 100, 40])

    Reference:
        Jaitly and Hinton, "Vocal Tract Length Perturbation (VTLP) improves speech recognition",
        ICML Workshop on Deep Learning for Audio, Speech and Language Processing, 2013
    """

    def __init__(self, max_warp: float = 0.1, seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= max_warp < 1:
            raise ValueError(
                f"Argument `max_warp` must be in [0, 1). Received: max_warp={max_warp}"
            )
        self.max_warp = max_warp
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, features: Tensor, training: bool = False) -> Tensor:
        """Return `features`, warped in training."""
        if not training:
            return features
        warps = keras.random.uniform(
            (ops.shape(features)[0],),
            1 - self.max_warp,
            1 + self.max_warp,
            dtype="float32",
            seed=self.seed_generator,
        )
        weights = self.interpolation(warps, features.shape[-1])
        return ops.matmul(features, ops.cast(weights, features.dtype))

    def interpolation(self, factors: Tensor, num_bands: int) -> Tensor:
        """Return interpolation weights.

        Args:
            factors: float ``(batch,)``.
            num_bands: Bands of the spectrogram.

        Returns:
            float32 ``(batch, input bands, output bands)``; columns sum to 1.
        """
        bands = ops.arange(num_bands, dtype="float32")
        places = ops.minimum(bands * factors[:, None], float(num_bands - 1))
        distances = ops.abs(bands[None, :, None] - places[:, None, :])
        return ops.maximum(1.0 - distances, 0.0)

    def compute_output_shape(self, features_shape):
        """Return the shape of the features."""
        return features_shape

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "max_warp": self.max_warp, "seed": self.seed}
