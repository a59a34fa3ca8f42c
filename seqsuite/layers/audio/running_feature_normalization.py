"""Normalisation that looks back only: for recognisers that answer while somebody speaks."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.audio.feature_statistics import FeatureStatistics
from seqsuite.layers.masking import sequence_mask, zero_padding

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class RunningFeatureNormalization(FeatureStatistics):
    """Normalise each frame by the mean and variance of all frames so far, itself among them.

    Before anything is heard, the training set's statistics hold, as if `prior_frames` frames with
    them had gone by; `adapt` or `set_statistics` gives them. The state goes out and comes in again,
    so a stream that is read in pieces becomes what it becomes as a whole.

    Args:
        prior_frames: How many frames the training set's statistics weigh, a positive number.
        epsilon: Added to variances, which are in units of the training set's.
        return_state: Also return the final state.
        **kwargs: Keras layer arguments.

    Call arguments:
        features: ``(batch, time, features)``.
        lengths: Real frames of each row, int ``(batch,)``; ``None``: all.
        initial_state: List of three tensors as returned: the number of frames so far
            ``(batch, 1)``, and the sums of their features and of the squares of these, each
            ``(batch, features)``, in units of the training set's statistics; ``None``: no frame.

    Returns:
        The same shape in the layer's compute dtype, zero at padded frames; with `return_state` a
        tuple of that and the three states in float32. All is computed in float32.

    Raises:
        ValueError: If `prior_frames` is not positive.

    Masking:
        By `lengths` only; padded frames change neither the state nor other frames.

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
    ) -> Any:
        """Return normalised `features`, and with `return_state` the state."""
        scale = ops.rsqrt(self.variance + self.epsilon)
        relative = (ops.cast(features, "float32") - self.mean) * scale
        batch, num_steps, width = ops.shape(relative)
        if lengths is None:
            lengths = ops.zeros((batch,), dtype="int32") + num_steps
        mask = sequence_mask(lengths, num_steps)
        relative = zero_padding(relative, mask)
        state = self.get_initial_state(features) if initial_state is None else initial_state
        # All three sums at once, with the state before the first frame.
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
        # The prior's own mean is 0 and its variance 1 in these units.
        variance = (squares[:, 1:] + self.prior_frames) / frames - ops.square(mean)
        normalized = (relative - mean) * ops.rsqrt(ops.maximum(variance, 0.0) + self.epsilon)
        normalized = ops.cast(zero_padding(normalized, mask), self.compute_dtype)
        if not self.return_state:
            return normalized
        return normalized, count[:, -1], total[:, -1], squares[:, -1]

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
