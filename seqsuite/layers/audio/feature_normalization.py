"""Mean and variance normalisation by utterance, or by the training set."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.audio.feature_statistics import FeatureStatistics
from seqsuite.layers.masking import real_lengths, sequence_mask, zero_padding

Tensor = Any

MODES = ("utterance", "global")


@keras.saving.register_keras_serializable(package="seqsuite")
class FeatureNormalization(FeatureStatistics):
    """Mean and variance normalisation of features, by utterance or by the training set.

    An utterance of one frame and a constant feature become zeros. For streams, see
    :class:`RunningFeatureNormalization`.

    Args:
        mode: ``"utterance"``: by the mean and standard deviation of each row, which removes
            speaker and channel and needs the whole utterance; ``"global"``: by non-trainable
            weights, which `adapt` computes or `set_statistics` sets.
        center: Subtract the mean.
        scale: Divide by the standard deviation.
        epsilon: Added to variances.
        **kwargs: Keras layer arguments.

    Call arguments:
        features: ``(batch, time, features)``.
        lengths: Real frames of each row, int ``(batch,)``; ``None``: all.

    Returns:
        The same shape in the layer's compute dtype, zero at padded frames. Computed in float32.

    Raises:
        ValueError: For an unknown mode, or lengths of another batch size.

    Masking:
        By `lengths` only; padded frames are not part of the statistics.

    Example:
        >>> features = ops.array([[[1.0], [3.0], [5.0]]])
        >>> normalized = FeatureNormalization()(features, lengths=ops.array([2]))
        >>> ops.round(normalized).numpy().tolist()
        [[[-1.0], [1.0], [0.0]]]
        >>> layer = FeatureNormalization("global")
        >>> layer.adapt(features)
        >>> layer.mean.numpy().tolist()
        [3.0]

    Reference:
        Viikki and Laurila (1998), https://doi.org/10.1016/S0167-6393(98)00033-8
    """

    def __init__(
        self,
        mode: str = "utterance",
        center: bool = True,
        scale: bool = True,
        epsilon: float = 1e-5,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if mode not in MODES:
            raise ValueError(f"Argument `mode` must be one of {MODES}. Received: mode={mode!r}")
        self.mode = mode
        self.center = center
        self.scale = scale
        self.epsilon = epsilon

    def build(self, features_shape, lengths_shape=None):
        """Create the statistics, if they are the training set's."""
        if self.mode == "global":
            super().build(features_shape)
        self.built = True

    def adapt(self, features: Tensor, lengths: Tensor | None = None) -> None:
        """Update the statistics with a batch; see :class:`FeatureStatistics`.

        Args:
            features: ``(batch, time, features)``.
            lengths: Real frames of each row, int ``(batch,)``; ``None``: all.
        """
        self._check_global()
        super().adapt(features, lengths)

    def set_statistics(self, mean: Tensor, variance: Tensor) -> None:
        """Set the statistics of the training set.

        Args:
            mean: ``(features,)``.
            variance: ``(features,)``, not negative.
        """
        self._check_global()
        super().set_statistics(mean, variance)

    def _check_global(self) -> None:
        if self.mode != "global":
            raise ValueError(
                f"Argument `mode` must be 'global' for statistics. Received: mode={self.mode!r}"
            )

    def call(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return normalised `features`."""
        features = ops.cast(features, "float32")
        lengths = real_lengths(lengths, features)
        mask = sequence_mask(lengths, ops.shape(features)[1])
        # NaN in padding would reach the gradient of the scale.
        features = zero_padding(features, mask)
        if self.mode == "global":
            mean, variance = ops.convert_to_tensor(self.mean), ops.convert_to_tensor(self.variance)
            centred = features - mean
        else:
            count = ops.cast(ops.maximum(lengths, 1), "float32")[:, None, None]
            centred = features
            # Twice: float32 sums of many frames leave a remainder. Squares of centred values are
            # exact where features vary little about a high level.
            for _ in range(2):
                centred = zero_padding(centred, mask)
                centred = centred - ops.sum(centred, axis=1, keepdims=True) / count
            centred = zero_padding(centred, mask)
            variance = ops.sum(ops.square(centred), axis=1, keepdims=True) / count
        normalized = centred if self.center else features
        if self.scale:
            normalized = normalized * ops.rsqrt(variance + self.epsilon)
        return ops.cast(zero_padding(normalized, mask), self.compute_dtype)

    def compute_output_shape(self, features_shape, lengths_shape=None):
        """Return the shape of the features."""
        return features_shape

    def get_config(self):
        """Return the constructor arguments."""
        config = {
            "mode": self.mode,
            "center": self.center,
            "scale": self.scale,
            "epsilon": self.epsilon,
        }
        return {**super().get_config(), **config}
