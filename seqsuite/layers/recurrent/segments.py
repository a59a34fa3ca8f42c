"""Segments of series, and one recurrent step for many inputs from the same state."""

from __future__ import annotations

from typing import Any

from keras import ops

from seqsuite.layers.masking import at_least_one_step
from seqsuite.layers.recurrent.cells import Cell, LSTMCell
from seqsuite.layers.recurrent.stack import RecurrentStack

Tensor = Any


def cut_history(
    history: Tensor, segment_length: int, lengths: Tensor | None = None
) -> tuple[Tensor, Tensor | None]:
    """Cut each row into segments; the last one ends with the row's last real step.

    If a row's length is not a multiple of `segment_length`, its first segment begins with zeros.

    Args:
        history: ``(batch, time, channels)``, right-padded.
        segment_length: Steps of a segment.
        lengths: Integer ``(batch,)``; ``None`` when every step is real.

    Returns:
        Segments ``(batch, num_segments, segment_length * channels)``, right-padded, and the number
        of real ones in each row, int32 ``(batch,)``, or ``None`` when all are.

    Example:
        >>> rows = ops.array([[[1.0], [2.0], [3.0]], [[4.0], [0.0], [0.0]]])
        >>> segments, count = cut_history(rows, 2, ops.array([3, 1]))
        >>> segments.numpy().tolist()
        [[[0.0, 1.0], [2.0, 3.0]], [[0.0, 4.0], [0.0, 0.0]]]
        >>> count.numpy().tolist()
        [2, 1]
    """
    num_real = ops.shape(history)[1]
    if lengths is None and not history.shape[1]:
        # With no steps at all, the one appended below is padding.
        lengths = ops.zeros((ops.shape(history)[0],), dtype="int32") + num_real
    history = at_least_one_step(history)
    batch, num_steps, channels = ops.shape(history)
    missing = -num_steps % segment_length
    if lengths is None:
        count = None
        if missing:
            padding = ops.zeros((batch, missing, channels), dtype=history.dtype)
            history = ops.concatenate([padding, history], axis=1)
    else:
        lengths = ops.minimum(ops.cast(lengths, "int32"), num_real)
        count = (lengths + segment_length - 1) // segment_length
        offset = count * segment_length - lengths
        place = ops.arange(num_steps + missing, dtype="int32")[None, :] - offset[:, None]
        real = ops.logical_and(place >= 0, place < lengths[:, None])
        first = ops.arange(batch, dtype="int32")[:, None] * num_steps
        flat = ops.reshape(history, (-1, channels))
        history = ops.take(flat, first + ops.clip(place, 0, num_steps - 1), axis=0)
        history = ops.where(real[:, :, None], history, ops.zeros((), history.dtype))
    width = segment_length * channels
    if isinstance(num_steps, int):
        shape: tuple = (-1, (num_steps + missing) // segment_length, width)
    else:
        shape = (batch, -1, width)
    return ops.reshape(history, shape), count


def cut_future(future: Tensor, segment_length: int, num_segments: int) -> Tensor:
    """Cut known future values into segments, padded with zeros.

    Args:
        future: ``(batch, time, channels)``, at most ``num_segments * segment_length`` steps.
        segment_length: Steps of a segment.
        num_segments: Number of segments.

    Returns:
        ``(batch, num_segments, segment_length * channels)``.

    Example:
        >>> cut_future(ops.array([[[1.0], [2.0], [3.0]]]), 2, 2).numpy().tolist()
        [[[1.0, 2.0], [3.0, 0.0]]]
    """
    batch, num_steps, channels = ops.shape(future)
    missing = num_segments * segment_length - num_steps
    if not isinstance(missing, int) or missing > 0:
        padding = ops.zeros((batch, missing, channels), dtype=future.dtype)
        future = ops.concatenate([future, padding], axis=1)
    return ops.reshape(future, (-1, num_segments, segment_length * channels))


def parallel_step(
    stack: RecurrentStack,
    states: list[Tensor],
    shared: Tensor,
    by_row: Tensor | None = None,
    by_step: Tensor | None = None,
) -> Tensor:
    """Run one step of a stack for many inputs from the same states.

    Equivalent to repeating the states for every input and calling the stack, with fewer products:
    one with the states of each row, for any number of inputs, and one with the shared inputs, for
    any number of rows.

    Args:
        stack: A built LSTM or GRU (`reset_after`) stack of one direction, without connections,
            norms and regularization.
        states: ``(batch, units)`` each, in the stack's order.
        shared: ``(inputs, features)``, the same for all rows.
        by_row: ``(batch, features)``, added to all inputs of a row.
        by_step: ``(batch, inputs, features)``, added to each input.

    Returns:
        The outputs ``(batch, inputs, units)``.

    Example:
        >>> stack = RecurrentStack(4, cell="gru", return_state=True)
        >>> stack.build((None, None, 3))
        >>> state, inputs = ops.ones((1, 4)), ops.ones((2, 3))
        >>> outputs = parallel_step(stack, [state], inputs)
        >>> expected, _ = stack(inputs[:1][None], initial_state=[state])
        >>> bool(ops.max(ops.abs(outputs[:, :1] - expected)) < 1e-6)
        True
    """
    outputs = None
    for layer in stack._levels:
        direction = layer.directions[0]
        cell = direction.step_cell(training=False)
        own, states = states[: direction.num_states], states[direction.num_states :]
        if outputs is None:
            projected = ops.matmul(shared, cell.kernel)[None]
            if by_row is not None:
                projected = projected + ops.matmul(by_row, cell.kernel)[:, None]
            if by_step is not None:
                projected = projected + ops.matmul(by_step, cell.kernel)
        else:
            projected = ops.matmul(outputs, cell.kernel)
        outputs = _outputs(cell, projected, own)
    return outputs


def _outputs(cell: Cell, projected: Tensor, states: list[Tensor]) -> Tensor:
    """Return the outputs for ``(batch, inputs, gates * units)``, from states of the rows."""
    hidden = states[0]
    recurrent = ops.matmul(hidden, cell.recurrent_kernel)
    if isinstance(cell, LSTMCell):
        gates = projected + (recurrent + cell.bias)[:, None]
        return cell.update(gates, states[1][:, None])[0]
    edge, (bias, recurrent_bias) = 2 * cell.units, (cell.bias[0], cell.bias[1])
    recurrent = recurrent + recurrent_bias
    # One bias for each row rather than for each input.
    before = (recurrent[:, :edge] + bias[:edge])[:, None]
    z, r = ops.split(ops.sigmoid(projected[..., :edge] + before), 2, axis=-1)
    candidate = ops.tanh(projected[..., edge:] + bias[edge:] + r * recurrent[:, None, edge:])
    return candidate + z * (hidden[:, None] - candidate)
