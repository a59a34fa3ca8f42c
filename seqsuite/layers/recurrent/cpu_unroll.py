"""Unroll of LSTM and GRU cells for training on CPU, with the backward pass by hand.

Automatic differentiation of a loop adds up the gradients of all weights at every step, and
multiplies by a transposed kernel that the matrix product has to rearrange each time. Here the
backward loop carries only the gradient of the state, on a kernel transposed once; the gradient of
the recurrent kernel is one matrix product over all steps after it. The projection of the inputs
is outside the loop, where automatic differentiation already makes one product of it.

The loops are time-major. The gradients are differentiable operations on tensors that depend on the
inputs, so second derivatives are right too. They use no `TensorArray` of the forward pass, since a
SavedModel could not hold such a gradient.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from seqsuite.layers.masking import zero_padding
from seqsuite.layers.recurrent.cells import Cell, GRUCell

Tensor = Any

# Added to the pre-activation of a gate, it makes a sigmoid exactly 0 or 1 in float32.
_SATURATING = 1e9

_sigmoid_gradient = tf.raw_ops.SigmoidGrad
_tanh_gradient = tf.raw_ops.TanhGrad


def fits_cpu_unroll(layer: keras.layers.Layer) -> bool:
    """Return whether `unroll_on_cpu` can and should replace a training call of a layer.

    Not outside graphs, where the loops would run in Python, nor with an accelerator, whose own
    kernels are faster. Only training gains: Keras' loop is as fast on the forward pass alone, so
    exported graphs keep it.

    Args:
        layer: From `keras_layer`, or any other layer.

    Returns:
        Whether it fits the layer, the backend and the devices.

    Example:
        >>> fits_cpu_unroll(keras.layers.SimpleRNN(3))
        False
    """
    has_loop = isinstance(layer, keras.layers.LSTM) or (
        isinstance(layer, keras.layers.GRU) and layer.reset_after
    )
    return (
        has_loop
        and keras.backend.backend() == "tensorflow"
        and layer.compute_dtype == layer.variable_dtype == "float32"
        and not tf.executing_eagerly()
        and {device.device_type for device in tf.config.list_logical_devices()} == {"CPU"}
    )


def unroll_on_cpu(
    cell: Cell,
    inputs: Tensor,
    states: list[Tensor],
    step_mask: Tensor | None = None,
    go_backwards: bool = False,
) -> tuple[Tensor, list[Tensor]]:
    """Run a cell over a sequence, as its Keras layer does.

    Args:
        cell: An LSTM, or a GRU that resets after the matrix product.
        inputs: ``(batch, time, features)``, at least one step.
        states: The initial states, each ``(batch, units)``.
        step_mask: Boolean ``(batch, time)``, right-padded; ``None`` when every step is real.
        go_backwards: Read the inputs from the last real step to the first.

    Returns:
        The outputs ``(batch, time, units)`` in the order of the inputs, zero at padded steps, and
        the final states.
    """
    num_steps, static_shape = keras.ops.shape(inputs)[1], inputs.shape[:2]
    batch = _batch_size(inputs, *states)
    lengths = None
    if step_mask is not None:
        lengths = tf.reduce_sum(tf.cast(step_mask, "int32"), axis=1)
        inputs = zero_padding(inputs, step_mask)
    # Padding stays at the end in both directions, so that no step needs to look at a mask.
    if go_backwards:
        inputs = _reverse(inputs, lengths)
    projected = _project(cell, inputs, step_mask)
    projected = tf.reshape(projected, (num_steps, batch, projected.shape[1]))
    states = [tf.reshape(state, (batch, cell.units)) for state in states]
    is_gru = isinstance(cell, GRUCell)
    if is_gru:
        outputs = gru_loop(projected, cell.recurrent_kernel, cell.bias[1], *states)
        final = [outputs[-1]]
    else:
        outputs, memory = lstm_loop(projected, cell.recurrent_kernel, *states)
        final = [_last(outputs, lengths, states[0]), memory]
    outputs = tf.transpose(outputs, (1, 0, 2))
    if is_gru and step_mask is not None:
        outputs = zero_padding(outputs, step_mask)
    if go_backwards:
        outputs = _reverse(outputs, lengths)
    outputs.set_shape((*static_shape, cell.units))
    return outputs, final


def _batch_size(*tensors: Tensor) -> Tensor:
    """Return a Python integer if it is static in any of the tensors.

    The states must not know more about their shape when they enter a loop than when they leave it.
    """
    sizes = [tensor.shape[0] for tensor in tensors if tensor.shape[0] is not None]
    return sizes[0] if sizes else tf.shape(tensors[0])[0]


def _reverse(sequence: Tensor, lengths: Tensor | None) -> Tensor:
    """Reverse the real steps of each row; its padding stays in place."""
    if lengths is None:
        return tf.reverse(sequence, [1])
    return tf.reverse_sequence(sequence, lengths, seq_axis=1, batch_axis=0)


def _project(cell: Cell, inputs: Tensor, step_mask: Tensor | None) -> Tensor:
    """Multiply the inputs of all steps by the kernel, and saturate gates at padded steps.

    There an LSTM adds nothing to its memory, forgets nothing of it and puts out zero; a GRU keeps
    its state. All of it is exact, and so is the gradient.

    The bias and the gates at padding are rows of the kernel for features of their own: it saves
    several passes over the result, which is the largest tensor there is.

    Returns:
        ``(time * batch, gates * units)``.
    """
    is_gru = isinstance(cell, GRUCell)
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


def _array(like: Tensor, size: Tensor, width: int) -> tf.TensorArray:
    """Make an array of `size` tensors ``(batch, width)``."""
    return tf.TensorArray(like.dtype, size, element_shape=(like.shape[-2], width))


def _loop(body, variables: tuple, num_steps: Tensor, backwards: bool = False) -> tuple:
    """Run `body(step, *variables)` for every step and return the last variables."""

    def condition(step, *variables):
        return step >= 0 if backwards else step < num_steps

    def one_step(step, *variables):
        return step - 1 if backwards else step + 1, *body(step, *variables)

    start = num_steps - 1 if backwards else tf.constant(0)
    return tf.while_loop(condition, one_step, (start, *variables))[1:]


def _kernel_gradient(hiddens: Tensor, d_products: Tensor) -> Tensor:
    """Return the gradient of a recurrent kernel, summed over all steps.

    Args:
        hiddens: ``(time + 1, batch, units)``, the initial state first.
        d_products: ``(time, batch, gates)``, the gradient of each state times the kernel.

    Returns:
        ``(units, gates)``.
    """
    before = tf.reshape(hiddens[:-1], (-1, hiddens.shape[-1]))
    d_products = tf.reshape(d_products, (-1, d_products.shape[-1]))
    return tf.matmul(before, d_products, transpose_a=True)


@tf.custom_gradient
def lstm_loop(projected: Tensor, recurrent_kernel: Tensor, hidden: Tensor, memory: Tensor) -> Any:
    """Run an LSTM over projected inputs.

    Args:
        projected: ``(time, batch, 4 * units)``, inputs times kernel plus bias, gates i, f, c, o.
        recurrent_kernel: ``(units, 4 * units)``.
        hidden: Initial output, ``(batch, units)``.
        memory: Initial memory cell, ``(batch, units)``.

    Returns:
        The outputs ``(time, batch, units)`` and the last memory cell ``(batch, units)``.

    Example:
        >>> zeros = tf.zeros((2, 1))
        >>> outputs, memory = lstm_loop(tf.ones((3, 2, 4)), tf.zeros((1, 4)), zeros, zeros)
        >>> tuple(outputs.shape), tuple(memory.shape)
        ((3, 2, 1), (2, 1))
    """
    num_steps, units = tf.shape(projected)[0], recurrent_kernel.shape[0]
    inputs = _array(projected, num_steps, 4 * units).unstack(projected)

    def step_forward(step, hidden, memory, hiddens, memories, gates):
        i, f, g, o = tf.split(inputs.read(step) + tf.matmul(hidden, recurrent_kernel), 4, axis=1)
        new = i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
        memory = f * memory + i * g
        hidden = o * tf.tanh(memory)
        gates = [array.write(step, gate) for array, gate in zip(gates, new, strict=True)]
        hiddens = hiddens.write(step + 1, hidden)
        return hidden, memory, hiddens, memories.write(step + 1, memory), gates

    hiddens = _array(projected, num_steps + 1, units).write(0, hidden)
    memories = _array(projected, num_steps + 1, units).write(0, memory)
    gates = [_array(projected, num_steps, units) for _ in range(4)]
    _, last_memory, hiddens, memories, gates = _loop(
        step_forward, (hidden, memory, hiddens, memories, gates), num_steps
    )
    hiddens, memories = hiddens.stack(), memories.stack()
    gates = [array.stack() for array in gates]

    def gradient(d_outputs, d_last_memory):
        transposed = tf.transpose(recurrent_kernel)
        d_from_outputs = _array(d_outputs, num_steps, units).unstack(d_outputs)

        def step_back(step, d_hidden, d_memory, d_projected):
            i, f, g, o = (gate[step] for gate in gates)
            squashed = tf.tanh(memories[step + 1])
            d_hidden += d_from_outputs.read(step)
            d_memory += _tanh_gradient(y=squashed, dy=d_hidden * o)
            d_gates = tf.concat(
                [
                    _sigmoid_gradient(y=i, dy=d_memory * g),
                    _sigmoid_gradient(y=f, dy=d_memory * memories[step]),
                    _tanh_gradient(y=g, dy=d_memory * i),
                    _sigmoid_gradient(y=o, dy=d_hidden * squashed),
                ],
                axis=1,
            )
            d_hidden = tf.matmul(d_gates, transposed)
            return d_hidden, d_memory * f, d_projected.write(step, d_gates)

        d_projected = _array(projected, num_steps, 4 * units)
        d_hidden, d_memory, d_projected = _loop(
            step_back, (tf.zeros_like(hidden), d_last_memory, d_projected), num_steps, True
        )
        d_projected = d_projected.stack()
        return d_projected, _kernel_gradient(hiddens, d_projected), d_hidden, d_memory

    return (hiddens[1:], last_memory), gradient


@tf.custom_gradient
def gru_loop(projected: Tensor, recurrent_kernel: Tensor, bias: Tensor, hidden: Tensor) -> Any:
    """Run a GRU that resets after the matrix product over projected inputs.

    Args:
        projected: ``(time, batch, 3 * units)``, inputs times kernel plus bias, gates z, r, h.
        recurrent_kernel: ``(units, 3 * units)``.
        bias: The recurrent half of the bias, ``(3 * units,)``.
        hidden: Initial state, ``(batch, units)``.

    Returns:
        The states ``(time, batch, units)``.

    Example:
        >>> states = gru_loop(tf.ones((3, 2, 3)), tf.zeros((1, 3)), tf.zeros(3), tf.zeros((2, 1)))
        >>> tuple(states.shape)
        (3, 2, 1)
    """
    num_steps, units = tf.shape(projected)[0], recurrent_kernel.shape[0]
    inputs = _array(projected, num_steps, 3 * units).unstack(projected)

    def step_forward(step, hidden, hiddens, saved):
        product = tf.nn.bias_add(tf.matmul(hidden, recurrent_kernel), bias)
        from_input, new_input = tf.split(inputs.read(step), [2 * units, units], axis=1)
        from_state, new_state = tf.split(product, [2 * units, units], axis=1)
        z, r = tf.split(tf.sigmoid(from_input + from_state), 2, axis=1)
        candidate = tf.tanh(new_input + r * new_state)
        hidden = z * hidden + (1 - z) * candidate
        values = (z, r, candidate, new_state)
        saved = [array.write(step, value) for array, value in zip(saved, values, strict=True)]
        return hidden, hiddens.write(step + 1, hidden), saved

    hiddens = _array(projected, num_steps + 1, units).write(0, hidden)
    saved = [_array(projected, num_steps, units) for _ in range(4)]
    _, hiddens, saved = _loop(step_forward, (hidden, hiddens, saved), num_steps)
    hiddens, saved = hiddens.stack(), [array.stack() for array in saved]

    def gradient(d_outputs):
        transposed = tf.transpose(recurrent_kernel)
        d_from_outputs = _array(d_outputs, num_steps, units).unstack(d_outputs)

        def step_back(step, d_hidden, d_projected, d_products):
            z, r, candidate, new_state = (value[step] for value in saved)
            d_hidden += d_from_outputs.read(step)
            d_candidate = _tanh_gradient(y=candidate, dy=d_hidden * (1 - z))
            d_z = _sigmoid_gradient(y=z, dy=d_hidden * (hiddens[step] - candidate))
            d_r = _sigmoid_gradient(y=r, dy=d_candidate * new_state)
            d_product = tf.concat([d_z, d_r, d_candidate * r], axis=1)
            d_projected = d_projected.write(step, tf.concat([d_z, d_r, d_candidate], axis=1))
            d_hidden = d_hidden * z + tf.matmul(d_product, transposed)
            return d_hidden, d_projected, d_products.write(step, d_product)

        d_projected, d_products = (_array(projected, num_steps, 3 * units) for _ in range(2))
        d_hidden, d_projected, d_products = _loop(
            step_back, (tf.zeros_like(hidden), d_projected, d_products), num_steps, True
        )
        d_products = d_products.stack()
        d_kernel = _kernel_gradient(hiddens, d_products)
        return d_projected.stack(), d_kernel, tf.reduce_sum(d_products, axis=(0, 1)), d_hidden

    return hiddens[1:], gradient
