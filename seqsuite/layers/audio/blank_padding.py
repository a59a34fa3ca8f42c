"""The lengths of utterances, passed on to a CTC loss and to decoders in the logits."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="seqsuite")
class BlankPadding(keras.layers.Layer):
    """Make padded frames blank with probability 1: the last layer of a model for CTC.

    Such frames change no probability of any labelling, so whatever reads the logits needs no
    lengths: :class:`seqsuite.losses.CTCLoss`, the search of :mod:`seqsuite.decoding`, or a decoder
    from elsewhere. No gradient comes back from them.

    A model with this layer is not compiled by XLA: the kernel of the loss has no form for it.

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

    def call(self, logits, lengths):
        return force_blank(logits, lengths, self.blank)

    def compute_mask(self, inputs, previous_mask=None):
        """End a mask that Keras carries along: the lengths replace it, and a loss has no steps."""
        return None

    def compute_output_shape(self, logits_shape, lengths_shape=None):
        """Return the shape of the logits."""
        return logits_shape

    def get_config(self) -> dict:
        """Return the constructor arguments."""
        return {**super().get_config(), "blank": self.blank}


Tensor = Any

# Far below any logit of a network, and small enough that its exponential is exactly 0.
_IMPOSSIBLE = -1e9


def force_blank(logits: Tensor, lengths: Tensor, blank: int = 0) -> Tensor:
    """Make every frame from `lengths` on blank with probability 1.

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

    A last frame of the network's own that is as sure of the blank would not count either; without
    it, all probabilities are the same.

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
    # "Not all impossible" instead of "any possible": a frame of NaN is real, and shows in the loss.
    real = ops.logical_not(ops.all(impossible, axis=-1))
    ends = ops.arange(1, ops.shape(logits)[1] + 1, dtype="int32") * ops.cast(real, "int32")
    return ops.max(ends, axis=1, initial=0)
