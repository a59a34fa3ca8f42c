"""Causal mean and variance normalisation for streams."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.audio.feature_statistics import FeatureStatistics
from seqsuite.layers.contracts import check_shape
from seqsuite.layers.masking import real_lengths, sequence_mask, zero_padding

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class RunningFeatureNormalization(FeatureStatistics):
    """Normalisation of each frame by the mean and variance of all frames up to it.

    The statistics of the training set, from `adapt` or `set_statistics`, count as `prior_frames`
    earlier frames. With the state passed on, a stream in chunks gives the outputs of the whole.

    Args:
        prior_frames: Weight of the training set's statistics in frames, a positive number.
        epsilon: Added to variances, which are in units of the training set's.
        return_state: Also return the final state.
        **kwargs: Keras layer arguments.

    Call arguments:
        features: ``(batch, time, features)``.
        lengths: Real frames of each row, int ``(batch,)``; ``None``: all.
        initial_state: The state that a call returned: the number of frames ``(batch, 1)``, and the
            sums of their features and of the squares, each ``(batch, features)``, standardised by
            the training set; ``None``: no frames.

    Returns:
        The same shape in the layer's compute dtype, zero at padded frames; with `return_state` a
        tuple of that and the three states in float32. Computed in float32.

    Raises:
        ValueError: If `prior_frames` is not positive, or lengths or states do not fit the features.

    Masking:
        By `lengths` only; padded frames affect neither the state nor other frames.

    Example:
        >>> layer = RunningFeatureNormalization(return_state=True)
        >>> first, *state = layer(ops.ones((1, 2, 40)))
        >>> second, count, total, squares = layer(ops.ones((1, 3, 40)), initial_state=state)
        >>> second.shape, count.numpy().tolist()
        (TensorShape([1, 3, 40]), [[5.0]])

    Reference:
        Viikki, Bye and Laurila, "A recursive feature vector normalization approach for robust
        speech recognition in noise", ICASSP 1998, https://doi.org/10.1109/ICASSP.1998.675369
    """

    def __init__(
        self,
        prior_frames: float = 100.0,
        epsilon: float = 1e-5,
        return_state: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not prior_frames > 0:
            raise ValueError(
                f"Argument `prior_frames` must be positive. Received: prior_frames={prior_frames}"
            )
        self.prior_frames = prior_frames
        self.epsilon = epsilon
        self.return_state = return_state

    def build(self, features_shape, lengths_shape=None, initial_state_shape=None):
        """Create the statistics."""
        super().build(features_shape)

    def get_initial_state(self, features: Tensor) -> list[Tensor]:
        """Return the state before the first frame.

        Args:
            features: ``(batch, time, features)``; only the batch size and the width are used.

        Returns:
            Zeros ``(batch, 1)``, ``(batch, features)`` and ``(batch, features)``.
        """
        batch, width = ops.shape(features)[0], features.shape[-1]
        return [ops.zeros((batch, size), dtype="float32") for size in (1, width, width)]

    def call(
        self,
        features: Tensor,
        lengths: Tensor | None = None,
        initial_state: list[Tensor] | None = None,
    ) -> Tensor | tuple[Tensor, ...]:
        """Return normalised `features`, and with `return_state` the state."""
        scale = ops.rsqrt(self.variance + self.epsilon)
        relative = (ops.cast(features, "float32") - self.mean) * scale
        num_steps, width = ops.shape(relative)[1:]
        mask = sequence_mask(real_lengths(lengths, relative), num_steps)
        relative = zero_padding(relative, mask)
        state = self.get_initial_state(features) if initial_state is None else initial_state
        for part, size in zip(state, (1, width, width), strict=True):
            check_shape("initial_state", part, (features.shape[0], size))
        # One cumulative sum of all three, starting at the state.
        start = ops.concatenate([ops.cast(part, "float32") for part in state], axis=-1)
        ones = ops.cast(mask, "float32")[:, :, None]
        steps = ops.concatenate([ones, relative, ops.square(relative)], axis=-1)
        sums = ops.cumsum(ops.concatenate([start[:, None], steps], axis=1), axis=1)
        count, total, squares = (
            sums[:, :, first:end]
            for first, end in ((0, 1), (1, width + 1), (width + 1, 2 * width + 1))
        )
        frames = count[:, 1:] + self.prior_frames
        mean = total[:, 1:] / frames
        # In these units the prior has mean 0 and variance 1.
        variance = (squares[:, 1:] + self.prior_frames) / frames - ops.square(mean)
        normalized = (relative - mean) * ops.rsqrt(ops.maximum(variance, 0.0) + self.epsilon)
        normalized = ops.cast(zero_padding(normalized, mask), self.compute_dtype)
        if not self.return_state:
            return normalized
        return normalized, count[:, -1], total[:, -1], squares[:, -1]

    def compute_output_shape(self, features_shape, lengths_shape=None, initial_state_shape=None):
        """Return the shape of the features, and with `return_state` those of the state."""
        if not self.return_state:
            return tuple(features_shape)
        batch, width = features_shape[0], features_shape[-1]
        return tuple(features_shape), (batch, 1), (batch, width), (batch, width)

    def compute_output_spec(self, features, lengths=None, initial_state=None):
        """Return the shape of the features, and with `return_state` those of the state."""
        outputs = keras.KerasTensor(features.shape, dtype=self.compute_dtype)
        if not self.return_state:
            return outputs
        batch, width = features.shape[0], features.shape[-1]
        states = [keras.KerasTensor((batch, size), dtype="float32") for size in (1, width, width)]
        return (outputs, *states)

    def get_config(self):
        """Return the constructor arguments."""
        config = {
            "prior_frames": self.prior_frames,
            "epsilon": self.epsilon,
            "return_state": self.return_state,
        }
        return {**super().get_config(), **config}
