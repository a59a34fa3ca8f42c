"""Series cut into segments, and recurrent steps that all begin in the same state."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.masking import at_least_one_step
from seqsuite.layers.recurrent.stack import RecurrentStack

Tensor = Any


def cut_history(
    history: Tensor, segment_length: int, lengths: Tensor | None = None
) -> tuple[Tensor, Tensor | None]:
    """Cut each row into segments, of which the last ends with the row's last real step.

    Where a row's length is no multiple of the segments', its first segment begins with zeros.

    Args:
        history: ``(batch, time, channels)``, right-padded.
        segment_length: Steps of a segment.
        lengths: Integer ``(batch,)``; ``None`` when every step is real.

    Returns:
        Segments ``(batch, num_segments, segment_length * channels)``, right-padded, and how many of
        each row are real, int32 ``(batch,)``, or ``None`` when all are.

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
        # Perhaps there are no steps at all: the row that is appended below is not real.
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
    """Cut what is known ahead into segments; behind its end there are zeros.

    Args:
        future: ``(batch, time, channels)``, of at most all the segments' steps.
        segment_length: Steps of a segment.
        num_segments: How many.

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
    """Run one step of a stack for many inputs that all follow the same states.

    The same as repeating the states for every input and calling the stack, for fewer products: one
    with the states of each row, however many inputs it has, and one with the shared inputs,
    however many rows there are. For a decoder of SegRNN little is left but the gates.

    Args:
        stack: A built LSTM or GRU stack of one direction, of the default GRU kind, without
            connections, norms or regularization.
        states: ``(batch, units)`` each, in the stack's order.
        shared: ``(inputs, features)``: what all rows are given.
        by_row: ``(batch, features)``: added to all inputs of a row.
        by_step: ``(batch, inputs, features)``: added as well.

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
    count = stack.num_states // stack.num_layers
    dtype = stack.compute_dtype
    inputs = None
    for index, level in enumerate(stack._levels):
        cell = level.directions[0].cell
        kernel, recurrent_kernel, bias = (
            ops.cast(weight, dtype) for weight in (cell.kernel, cell.recurrent_kernel, cell.bias)
        )
        if inputs is None:
            projected = ops.matmul(shared, kernel)[None]
            if by_row is not None:
                projected = projected + ops.matmul(by_row, kernel)[:, None]
            if by_step is not None:
                projected = projected + ops.matmul(by_step, kernel)
        else:
            projected = ops.matmul(inputs, kernel)
        own = states[index * count : (index + 1) * count]
        inputs = _outputs(cell, projected, own, recurrent_kernel, bias)
    return inputs


def _outputs(
    cell: keras.layers.Layer,
    projected: Tensor,
    states: list[Tensor],
    recurrent_kernel: Tensor,
    bias: Tensor,
) -> Tensor:
    """Return the outputs after ``(batch, inputs, gates * units)``, from states of the rows."""
    hidden = states[0]
    recurrent = ops.matmul(hidden, recurrent_kernel)
    if isinstance(cell, keras.layers.LSTMCell):
        gates = projected + (recurrent + bias)[:, None]
        i, f, g, o = ops.split(gates, 4, axis=-1)
        memory = ops.sigmoid(f) * states[1][:, None] + ops.sigmoid(i) * ops.tanh(g)
        return ops.sigmoid(o) * ops.tanh(memory)
    edge = 2 * cell.units
    recurrent = recurrent + bias[1]
    # One bias for each row rather than for each input.
    before = (recurrent[:, :edge] + bias[0, :edge])[:, None]
    z, r = ops.split(ops.sigmoid(projected[..., :edge] + before), 2, axis=-1)
    reset = r * recurrent[:, None, edge:]
    candidate = ops.tanh(projected[..., edge:] + bias[0, edge:] + reset)
    return candidate + z * (hidden[:, None] - candidate)
