"""Training of stock LSTM and GRU layers on CPU: when the faster loops fit, and a call with them."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from seqsuite.layers.masking import zero_padding
from seqsuite.layers.recurrent.cpu_loops import gru_loop, lstm_loop

Tensor = Any

# Added to what a gate squashes, it makes a sigmoid exactly 0 or 1 in float32.
_SATURATING = 1e9


def fits_cpu_path(layer: keras.layers.Layer) -> bool:
    """Say whether a training call of a layer may go through `run_cpu_path`.

    Not outside graphs, where the loops would run in Python, nor with an accelerator, whose own
    kernels are faster. Only training gains: on the forward pass alone the stock loop is as fast,
    so what is exported stays the stock graph.

    Args:
        layer: A stock Keras recurrent layer as from `stock_layer`, or anything else.

    Returns:
        Whether it fits the layer, the backend and the devices.

    Example:
        >>> fits_cpu_path(keras.layers.SimpleRNN(3))
        False
    """
    known = isinstance(layer, keras.layers.LSTM) or (
        isinstance(layer, keras.layers.GRU) and layer.reset_after
    )
    return (
        known
        and keras.backend.backend() == "tensorflow"
        and layer.compute_dtype == layer.variable_dtype == "float32"
        and not tf.executing_eagerly()
        and {device.device_type for device in tf.config.list_logical_devices()} == {"CPU"}
    )


def run_cpu_path(
    layer: keras.layers.Layer,
    inputs: Tensor,
    states: list[Tensor],
    step_mask: Tensor | None = None,
    recurrent_kernel: Tensor | None = None,
) -> tuple[Tensor, list[Tensor]]:
    """Do what a stock layer does, through the loops with a backward pass by hand.

    Args:
        layer: A built stock LSTM or GRU with the standard activations.
        inputs: ``(batch, time, features)``, at least one step.
        states: The initial states, each ``(batch, units)``.
        step_mask: Boolean ``(batch, time)``, right-padded; ``None`` when every step is real.
        recurrent_kernel: Used in place of the layer's.

    Returns:
        The outputs ``(batch, time, units)`` in the order of the inputs, zero at padded steps, and
        the states after the last real step.
    """
    num_steps, static_shape = keras.ops.shape(inputs)[1], inputs.shape[:2]
    batch = _batch_size(inputs, *states)
    lengths = None
    if step_mask is not None:
        lengths = tf.reduce_sum(tf.cast(step_mask, "int32"), axis=1)
        inputs = zero_padding(inputs, step_mask)
    # Padding stays at the end in both directions, so that no step needs to look at a mask.
    if layer.go_backwards:
        inputs = _reverse(inputs, lengths)
    is_gru = isinstance(layer, keras.layers.GRU)
    projected = _project(layer.cell, inputs, step_mask, is_gru)
    projected = tf.reshape(projected, (num_steps, batch, projected.shape[1]))
    if recurrent_kernel is None:
        recurrent_kernel = tf.convert_to_tensor(layer.cell.recurrent_kernel)
    states = [tf.reshape(state, (batch, layer.units)) for state in states]
    if is_gru:
        outputs = gru_loop(projected, recurrent_kernel, layer.cell.bias[1], *states)
        final = [outputs[-1]]
    else:
        outputs, memory = lstm_loop(projected, recurrent_kernel, *states)
        final = [_last(outputs, lengths, states[0]), memory]
    outputs = tf.transpose(outputs, (1, 0, 2))
    if is_gru and step_mask is not None:
        outputs = zero_padding(outputs, step_mask)
    if layer.go_backwards:
        outputs = _reverse(outputs, lengths)
    outputs.set_shape((*static_shape, layer.units))
    return outputs, final


def _batch_size(*tensors: Tensor) -> Tensor:
    """Return a Python integer if any of the tensors knows it.

    The states must not know more about their shape when they enter a loop than when they leave it.
    """
    known = [tensor.shape[0] for tensor in tensors if tensor.shape[0] is not None]
    return known[0] if known else tf.shape(tensors[0])[0]


def _reverse(sequence: Tensor, lengths: Tensor | None) -> Tensor:
    """Turn the real steps of each row around and leave its padding where it is."""
    if lengths is None:
        return tf.reverse(sequence, [1])
    return tf.reverse_sequence(sequence, lengths, seq_axis=1, batch_axis=0)


def _project(
    cell: keras.layers.Layer, inputs: Tensor, step_mask: Tensor | None, is_gru: bool
) -> Tensor:
    """Multiply the inputs of all steps by the kernel, and shut or open gates at padded steps.

    There an LSTM adds nothing to its memory, forgets nothing of it and puts out zero; a GRU keeps
    its state. All of it is exact, and so is the gradient.

    The bias and the gates at padding are rows of the kernel for features of their own: it saves
    several passes over the result, which is the largest tensor there is.

    Args:
        cell: A built stock cell.
        inputs: ``(batch, time, features)``.
        step_mask: Boolean ``(batch, time)``, or ``None``.
        is_gru: Which of the two it is.

    Returns:
        ``(time * batch, gates * units)``.
    """
    columns = [inputs, tf.ones_like(inputs[:, :, :1])]
    rows = [cell.kernel, cell.bias[:1] if is_gru else cell.bias[None, :]]
    if step_mask is not None:
        columns.append(1.0 - tf.cast(step_mask, "float32")[:, :, None])
        gates = (1.0, 0.0, 0.0) if is_gru else (-1.0, 1.0, 0.0, -1.0)
        rows.append(tf.repeat(_SATURATING * tf.constant([gates]), cell.units, axis=1))
    kernel = tf.concat(rows, axis=0)
    by_time = tf.transpose(tf.concat(columns, axis=2), (1, 0, 2))
    return tf.matmul(tf.reshape(by_time, (-1, by_time.shape[2])), kernel)


def _last(outputs: Tensor, lengths: Tensor | None, initial: Tensor) -> Tensor:
    """Return each row's output at its last real step, or the initial one where it has none."""
    if lengths is None:
        return outputs[-1]
    rows = tf.range(tf.shape(lengths)[0])
    last = tf.gather_nd(outputs, tf.stack([tf.maximum(lengths - 1, 0), rows], axis=1))
    return tf.where(lengths[:, None] > 0, last, initial)
