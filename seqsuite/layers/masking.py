"""Masks from explicit lengths: right-padded batches, `True` where a step is real."""

from __future__ import annotations

from typing import Any

from keras import ops

from seqsuite.layers.contracts import check_shape

Tensor = Any


def real_lengths(lengths: Tensor | None, sequence: Tensor) -> Tensor:
    """Return the number of real steps of each row, within the width of the batch.

    Args:
        lengths: Integer ``(batch,)``, or ``None`` when every step is real. A length beyond the
            batch is that of a truncated row.
        sequence: ``(batch, time, ...)``.

    Returns:
        int32 ``(batch,)`` in [0, time].

    Raises:
        ValueError: For lengths of another batch size, which would be broadcast silently.

    Example:
        >>> real_lengths(ops.array([2, 9]), ops.ones((2, 3, 1))).numpy().tolist()
        [2, 3]
    """
    batch, num_steps = ops.shape(sequence)[:2]
    if lengths is None:
        return ops.zeros((batch,), dtype="int32") + num_steps
    lengths = ops.cast(lengths, "int32")
    check_shape("lengths", lengths, (sequence.shape[0],))
    return ops.clip(lengths, 0, num_steps)


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
        sequence: ``(batch, time, ...)``.
        mask: Boolean ``(batch, time)`` as from `sequence_mask`.

    Returns:
        The sequence with zeros, of the same shape and dtype.
    """
    mask = ops.reshape(mask, (*ops.shape(mask), *[1] * (len(sequence.shape) - 2)))
    return ops.where(mask, sequence, ops.zeros((), dtype=sequence.dtype))


def last_step(sequence: Tensor, lengths: Tensor) -> Tensor:
    """Return the last real step of each row; of a row without any, the first step.

    Args:
        sequence: ``(batch, time, ...)``, at least one step.
        lengths: Integer ``(batch,)``.

    Returns:
        ``(batch, ...)``.

    Example:
        >>> last_step(ops.array([[1, 2, 3], [4, 5, 6]]), ops.array([2, 0])).numpy().tolist()
        [2, 4]
    """
    index = ops.maximum(lengths - 1, 0)
    index = ops.reshape(index, (-1, *[1] * (len(sequence.shape) - 1)))
    return ops.squeeze(ops.take_along_axis(sequence, index, axis=1), axis=1)


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
