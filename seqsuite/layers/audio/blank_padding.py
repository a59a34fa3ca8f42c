"""Lengths of utterances encoded in CTC logits."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.contracts import check_shape

Tensor = Any

# Far below any logit of a network, and small enough that its exponential is exactly 0.
_IMPOSSIBLE = -1e9


@keras.saving.register_keras_serializable(package="seqsuite")
class BlankPadding(keras.layers.Layer):
    """Last layer of a CTC model, which sets padded frames to blank with probability 1.

    Such frames change the probability of no labelling, so :class:`seqsuite.losses.CTCLoss` and any
    CTC decoder need no lengths. They receive no gradient.

    Models with this layer are not compiled by XLA, which has no kernel for the loss.

    Args:
        blank: Index of the blank.
        **kwargs: Keras layer arguments. The dtype is float32 unless given, whatever the policy.

    Call arguments:
        logits: ``(batch, frames, symbols)``.
        lengths: Real frames of each row, int ``(batch,)``.

    Returns:
        Logits of the same shape; at padded frames 0 for the blank and -1e9 for all others.

    Example:
        >>> logits = BlankPadding()(keras.ops.ones((1, 3, 2)), lengths=keras.ops.array([1]))
        >>> keras.ops.softmax(logits).numpy().tolist()
        [[[0.5, 0.5], [1.0, 0.0], [1.0, 0.0]]]
    """

    def __init__(self, blank: int = 0, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.blank = blank
        self.supports_jit = False
        self.supports_masking = True
        self.built = True

    def call(self, logits: Tensor, lengths: Tensor) -> Tensor:
        """Return the logits with blanks at padded frames."""
        lengths = ops.cast(lengths, "int32")
        check_shape("lengths", lengths, (logits.shape[0],))
        return force_blank(logits, lengths, self.blank)

    def compute_mask(self, inputs, previous_mask=None):
        """Drop the Keras mask, which the lengths replace."""
        return None

    def compute_output_shape(self, logits_shape, lengths_shape=None):
        """Return the shape of the logits."""
        return logits_shape

    def compute_output_spec(self, logits, lengths):
        """Return the shape of the logits; half precision has no -1e9 and becomes float32."""
        dtype = "float64" if self.compute_dtype == "float64" else "float32"
        return keras.KerasTensor(logits.shape, dtype=dtype)

    def get_config(self) -> dict:
        """Return the constructor arguments."""
        return {**super().get_config(), "blank": self.blank}


def force_blank(logits: Tensor, lengths: Tensor, blank: int = 0) -> Tensor:
    """Set every frame from `lengths` on to blank with probability 1.

    Args:
        logits: Floating ``(batch, frames, symbols)``.
        lengths: Real frames, int ``(batch,)``.
        blank: Index of the blank.

    Returns:
        Logits float32 (float64 stays) of the same shape: 0 for the blank and -1e9 for all others
        at padded frames, whatever was there.

    Example:
        >>> force_blank(ops.ones((1, 2, 3)), [1]).numpy().tolist()
        [[[1.0, 1.0, 1.0], [0.0, -1000000000.0, -1000000000.0]]]
    """
    # float16 has no -1e9.
    dtype = "float64" if logits.dtype == "float64" else "float32"
    logits = ops.cast(logits, dtype)
    real = ops.arange(ops.shape(logits)[1]) < ops.cast(lengths, "int32")[:, None]
    is_blank = ops.arange(logits.shape[-1]) == blank
    surely_blank = ops.cast(ops.where(is_blank, 0.0, _IMPOSSIBLE), dtype)
    return ops.where(real[..., None], logits, surely_blank)


def frame_lengths(logits: Tensor, blank: int = 0) -> Tensor:
    """Count the frames of each row before those that `force_blank` has filled.

    A real last frame with the same logits does not count either, and changes no probability.

    Args:
        logits: Floating ``(batch, frames, symbols)``.
        blank: Index of the blank.

    Returns:
        int32 ``(batch,)``.

    Example:
        >>> frame_lengths(force_blank(ops.ones((2, 4, 3)), [3, 0])).numpy().tolist()
        [3, 0]
    """
    is_blank = ops.arange(logits.shape[-1]) == blank
    impossible = ops.logical_or(is_blank, logits <= _IMPOSSIBLE / 2)
    # "Not all impossible" rather than "any possible": a frame of NaN counts and shows in the loss.
    real = ops.logical_not(ops.all(impossible, axis=-1))
    ends = ops.arange(1, ops.shape(logits)[1] + 1, dtype="int32") * ops.cast(real, "int32")
    return ops.max(ends, axis=1, initial=0)
