"""SimpleRNN, LSTM and both GRUs in plain NumPy: one step forward and back, and through time.

Weights are laid out as Keras does: `kernel` (features, units * gates), `recurrent_kernel`
(units, units * gates), `bias`; gates in the order i, f, c, o for the LSTM and z, r, h for the GRU.
"""

from __future__ import annotations

import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def simple_rnn_step(x, states, weights):
    kernel, recurrent_kernel, bias = weights
    (h,) = states
    new = np.tanh(x @ kernel + h @ recurrent_kernel + bias)
    return (new,), (x, h, new)


def simple_rnn_step_backward(d_states, cache, weights):
    kernel, recurrent_kernel, _ = weights
    x, h, new = cache
    d_pre = d_states[0] * (1 - new**2)
    d_weights = (x.T @ d_pre, h.T @ d_pre, d_pre.sum(0))
    return d_pre @ kernel.T, (d_pre @ recurrent_kernel.T,), d_weights


def lstm_step(x, states, weights):
    kernel, recurrent_kernel, bias = weights
    h, c = states
    i, f, g, o = np.split(x @ kernel + h @ recurrent_kernel + bias, 4, axis=1)
    i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
    new_c = f * c + i * g
    return (o * np.tanh(new_c), new_c), (x, h, c, i, f, g, o, new_c)


def lstm_step_backward(d_states, cache, weights):
    kernel, recurrent_kernel, _ = weights
    x, h, c, i, f, g, o, new_c = cache
    d_h, d_c = d_states
    squashed = np.tanh(new_c)
    d_c = d_c + d_h * o * (1 - squashed**2)
    d_pre = np.concatenate(
        [
            d_c * g * i * (1 - i),
            d_c * c * f * (1 - f),
            d_c * i * (1 - g**2),
            d_h * squashed * o * (1 - o),
        ],
        axis=1,
    )
    d_weights = (x.T @ d_pre, h.T @ d_pre, d_pre.sum(0))
    return d_pre @ kernel.T, (d_pre @ recurrent_kernel.T, d_c * f), d_weights


def gru_step(x, states, weights):
    """Reset after the product: the bias has two rows, for the inputs and for the state."""
    kernel, recurrent_kernel, bias = weights
    (h,) = states
    x_z, x_r, x_h = np.split(x @ kernel + bias[0], 3, axis=1)
    h_z, h_r, h_h = np.split(h @ recurrent_kernel + bias[1], 3, axis=1)
    z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
    candidate = np.tanh(x_h + r * h_h)
    return (z * h + (1 - z) * candidate,), (x, h, z, r, h_h, candidate)


def gru_step_backward(d_states, cache, weights):
    kernel, recurrent_kernel, _ = weights
    x, h, z, r, h_h, candidate = cache
    d_new = d_states[0]
    d_candidate = d_new * (1 - z) * (1 - candidate**2)
    d_z = d_new * (h - candidate) * z * (1 - z)
    d_r = d_candidate * h_h * r * (1 - r)
    d_x_side = np.concatenate([d_z, d_r, d_candidate], axis=1)
    d_h_side = np.concatenate([d_z, d_r, d_candidate * r], axis=1)
    d_h = d_new * z + d_h_side @ recurrent_kernel.T
    d_bias = np.stack([d_x_side.sum(0), d_h_side.sum(0)])
    return d_x_side @ kernel.T, (d_h,), (x.T @ d_x_side, h.T @ d_h_side, d_bias)


def gru_reset_before_step(x, states, weights):
    """The original GRU: the state is reset before the product."""
    kernel, recurrent_kernel, bias = weights
    (h,) = states
    units = h.shape[1]
    x_z, x_r, x_h = np.split(x @ kernel + bias, 3, axis=1)
    h_z, h_r = np.split(h @ recurrent_kernel[:, : 2 * units], 2, axis=1)
    z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
    candidate = np.tanh(x_h + (r * h) @ recurrent_kernel[:, 2 * units :])
    return (z * h + (1 - z) * candidate,), (x, h, z, r, candidate)


def gru_reset_before_step_backward(d_states, cache, weights):
    kernel, recurrent_kernel, _ = weights
    x, h, z, r, candidate = cache
    units = h.shape[1]
    gates, last = recurrent_kernel[:, : 2 * units], recurrent_kernel[:, 2 * units :]
    d_new = d_states[0]
    d_candidate = d_new * (1 - z) * (1 - candidate**2)
    d_reset_h = d_candidate @ last.T
    d_z = d_new * (h - candidate) * z * (1 - z)
    d_r = d_reset_h * h * r * (1 - r)
    d_gates = np.concatenate([d_z, d_r], axis=1)
    d_pre = np.concatenate([d_gates, d_candidate], axis=1)
    d_h = d_new * z + d_reset_h * r + d_gates @ gates.T
    d_recurrent = np.concatenate([h.T @ d_gates, (r * h).T @ d_candidate], axis=1)
    return d_pre @ kernel.T, (d_h,), (x.T @ d_pre, d_recurrent, d_pre.sum(0))


STEPS = {
    "simple_rnn": (simple_rnn_step, simple_rnn_step_backward),
    "lstm": (lstm_step, lstm_step_backward),
    "gru": (gru_step, gru_step_backward),
    "gru_reset_before": (gru_reset_before_step, gru_reset_before_step_backward),
}


def _order(num_steps, go_backwards):
    return range(num_steps - 1, -1, -1) if go_backwards else range(num_steps)


def forward(cell, x, lengths, states, weights, go_backwards=False):
    """Run over time; steps at or past a row's length leave its states and give zeros.

    Returns:
        Outputs in the order of the inputs, the final states, and a cache for `backward`.
    """
    step = STEPS[cell][0]
    states = tuple(states)
    outputs = np.zeros((*x.shape[:2], states[0].shape[1]))
    caches = {}
    for t in _order(x.shape[1], go_backwards):
        real = (t < lengths)[:, None]
        new_states, caches[t] = step(x[:, t], states, weights)
        states = tuple(np.where(real, n, o) for n, o in zip(new_states, states, strict=True))
        outputs[:, t] = np.where(real, new_states[0], 0.0)
    return outputs, states, (x, lengths, caches, go_backwards)


def backward(cell, d_outputs, d_final, cache, weights, truncation=None):
    """Back-propagate through time.

    With a truncation of k the steps are cut into segments of k, from the first one on: the state
    goes on from one segment to the next, the gradient does not.

    Returns:
        Gradients with respect to the inputs, the initial states and the weights.
    """
    step_backward = STEPS[cell][1]
    x, lengths, caches, go_backwards = cache
    d_x = np.zeros_like(x)
    d_weights = [np.zeros_like(w) for w in weights]
    d_states = tuple(np.array(d) for d in d_final)
    order = list(_order(x.shape[1], go_backwards))
    for position, t in reversed(list(enumerate(order))):
        real = (t < lengths)[:, None]
        d_new = [np.where(real, d, 0.0) for d in d_states]
        d_new[0] = d_new[0] + np.where(real, d_outputs[:, t], 0.0)
        d_x[:, t], d_old, d_w = step_backward(tuple(d_new), caches[t], weights)
        d_states = tuple(o + np.where(real, 0.0, d) for o, d in zip(d_old, d_states, strict=True))
        d_weights = [total + part for total, part in zip(d_weights, d_w, strict=True)]
        if truncation and position and position % truncation == 0:
            d_states = tuple(np.zeros_like(d) for d in d_states)
    return d_x, d_states, d_weights


def random_weights(cell, features, units, rng):
    """Draw weights in the shapes that Keras gives them."""
    gates = {"simple_rnn": 1, "lstm": 4}.get(cell, 3)
    bias_shape = (2, units * gates) if cell == "gru" else (units * gates,)
    shapes = [(features, units * gates), (units, units * gates), bias_shape]
    return [rng.normal(size=shape) * 0.5 for shape in shapes]


def num_states(cell):
    return 2 if cell == "lstm" else 1
