"""Lengths of utterances, written into the logits themselves: padded frames are surely blank.

A frame that is blank with probability 1 changes no probability of any labelling. So padded frames
that are forced to blank leave a CTC loss and every CTC decoder exactly as they would be without
these frames, and the lengths can be read off again wherever only the logits arrive.
"""

from __future__ import annotations

from typing import Any

from keras import ops

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
    # The first column keeps the maximum of no frames defined.
    return ops.max(ops.pad(ends, [(0, 0), (1, 0)]), axis=1)
