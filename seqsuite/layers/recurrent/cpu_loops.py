"""The loops of LSTM and GRU with a backward pass by hand, for training on CPU.

Automatic differentiation of a loop adds up the gradients of all weights at every step, and
multiplies by a transposed kernel that the matrix product has to rearrange each time. Here the
backward loop carries only the gradient of the state, on a kernel transposed once; the gradient of
the recurrent kernel is one matrix product over all steps after it. The projection of the inputs
stays outside, where automatic differentiation already makes one product of it.

Everything is time-major. The gradients are differentiable operations on tensors that depend on the
inputs, so second derivatives are right too. They use no `TensorArray` of the forward pass, since a
SavedModel could not hold such a gradient.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

Tensor = Any

_sigmoid_gradient = tf.raw_ops.SigmoidGrad
_tanh_gradient = tf.raw_ops.TanhGrad


def _array(like: Tensor, size: Tensor, width: int) -> tf.TensorArray:
    """Make room for `size` tensors ``(batch, width)``."""
    return tf.TensorArray(like.dtype, size, element_shape=(like.shape[-2], width))


def _loop(body, variables: tuple, num_steps: Tensor, backwards: bool = False) -> tuple:
    """Run `body(step, *variables)` for every step and return the last variables."""

    def go_on(step, *variables):
        return step >= 0 if backwards else step < num_steps

    def one_step(step, *variables):
        return step - 1 if backwards else step + 1, *body(step, *variables)

    start = num_steps - 1 if backwards else tf.constant(0)
    return tf.while_loop(go_on, one_step, (start, *variables))[1:]


def _kernel_gradient(hiddens: Tensor, d_products: Tensor) -> Tensor:
    """Return the gradient of a recurrent kernel from all the states it was applied to.

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
        from_above = _array(d_outputs, num_steps, units).unstack(d_outputs)

        def step_back(step, d_hidden, d_memory, d_projected):
            i, f, g, o = (gate[step] for gate in gates)
            squashed = tf.tanh(memories[step + 1])
            d_hidden += from_above.read(step)
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
        from_above = _array(d_outputs, num_steps, units).unstack(d_outputs)

        def step_back(step, d_hidden, d_projected, d_products):
            z, r, candidate, new_state = (value[step] for value in saved)
            d_hidden += from_above.read(step)
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
