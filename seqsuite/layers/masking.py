"""Masks from explicit lengths: right-padded batches, `True` where a step is real."""

from __future__ import annotations

from typing import Any

from keras import ops

Tensor = Any


def sequence_mask(lengths: Tensor, num_steps: int | Tensor) -> Tensor:
    """Mark the real steps of a right-padded batch.

    Args:
        lengths: Integer ``(batch,)``, the number of real steps of each row.
        num_steps: Width of the padded batch, a Python integer or a scalar tensor.

    Returns:
        Boolean ``(batch, num_steps)``, true at the first ``lengths[row]`` steps of each row.

    Example:
        >>> sequence_mask(ops.array([2, 0]), 3).numpy().tolist()
        [[True, True, False], [False, False, False]]
    """
    lengths = ops.cast(lengths, "int32")
    return ops.arange(num_steps, dtype="int32")[None, :] < lengths[:, None]


def zero_padding(sequence: Tensor, mask: Tensor) -> Tensor:
    """Set the padded steps of a sequence to zero, even where they hold NaN.

    Args:
        sequence: ``(batch, time, features)``.
        mask: Boolean ``(batch, time)`` as from `sequence_mask`.

    Returns:
        ``(batch, time, features)`` of the same dtype.
    """
    return ops.where(mask[:, :, None], sequence, ops.zeros((), dtype=sequence.dtype))


def at_least_one_step(sequence: Tensor) -> Tensor:
    """Append one column of zeros to a sequence whose time dimension is 0.

    Recurrent loops and reductions over time are undefined on no steps at all; a served model gets
    such a batch when every text in it is empty.

    Args:
        sequence: ``(batch, time, features)``.

    Returns:
        The sequence itself when its static time dimension says that it has steps, else a sequence
        of ``max(time, 1)`` steps.
    """
    static_steps = sequence.shape[1]
    if static_steps is not None and static_steps > 0:
        return sequence
    batch, steps, _ = ops.shape(sequence)
    missing = 1 - ops.minimum(steps, 1)
    padding = ops.zeros((batch, missing, sequence.shape[2]), dtype=sequence.dtype)
    return ops.concatenate([sequence, padding], axis=1)
