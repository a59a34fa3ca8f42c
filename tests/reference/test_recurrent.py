"""The NumPy references themselves: hand-worked steps and finite differences."""

from __future__ import annotations

import numpy as np
import pytest

from tests.reference import recurrent


def test_lstm_by_hand():
    # All weights and the bias zero: every gate is 1/2 and the candidate 0, so the memory halves.
    weights = [np.zeros((1, 4)), np.zeros((1, 4)), np.zeros(4)]
    states = (np.array([[9.0]]), np.array([[1.0]]))
    (h, c), _ = recurrent.lstm_step(np.array([[5.0]]), states, weights)
    assert c.item() == 0.5
    assert h.item() == pytest.approx(0.5 * np.tanh(0.5))


def test_lstm_gate_order_by_hand():
    # Bias opens exactly one of input, forget, output; tanh(candidate) is forced to 1.
    def run(i, f, o):
        bias = np.array([i, f, 50.0, o])
        weights = [np.zeros((1, 4)), np.zeros((1, 4)), bias]
        states = (np.zeros((1, 1)), np.array([[3.0]]))
        (h, c), _ = recurrent.lstm_step(np.zeros((1, 1)), states, weights)
        return round(h.item(), 6), round(c.item(), 6)

    assert run(50, -50, -50) == (0.0, 1.0)
    assert run(-50, 50, -50) == (0.0, 3.0)
    assert run(50, 50, 50) == (round(np.tanh(4.0), 6), 4.0)


def test_grus_by_hand():
    # h = 2, update gate 1/2, reset gate 1/2, recurrent weight of the candidate 1, its recurrent
    # bias 1 where there is one: after the product r * (h * 1 + 1) = 1.5; before it (r * h) * 1 = 1.
    kernel, recurrent_kernel = np.zeros((1, 3)), np.array([[0.0, 0.0, 1.0]])
    x, states = np.zeros((1, 1)), (np.array([[2.0]]),)
    after = [kernel, recurrent_kernel, np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]])]
    before = [kernel, recurrent_kernel, np.zeros(3)]
    (h,), _ = recurrent.gru_step(x, states, after)
    assert h.item() == pytest.approx(1.0 + 0.5 * np.tanh(1.5))
    (h,), _ = recurrent.gru_reset_before_step(x, states, before)
    assert h.item() == pytest.approx(1.0 + 0.5 * np.tanh(1.0))


def test_simple_rnn_by_hand():
    # Two steps of h = tanh(x + 2 h).
    weights = [np.array([[1.0]]), np.array([[2.0]]), np.zeros(1)]
    x = np.array([[[0.5], [-1.0]]])
    outputs, _, _ = recurrent.forward("simple_rnn", x, np.array([2]), (np.zeros((1, 1)),), weights)
    first = np.tanh(0.5)
    np.testing.assert_allclose(outputs[0, :, 0], [first, np.tanh(-1.0 + 2 * first)])


@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("cell", list(recurrent.STEPS))
def test_gradients_are_finite_differences(cell, go_backwards):
    rng = np.random.default_rng(1)
    units, lengths = 3, np.array([4, 2, 0])
    x = rng.normal(size=(3, 4, 2))
    weights = recurrent.random_weights(cell, 2, units, rng)
    states = [rng.normal(size=(3, units)) for _ in range(recurrent.num_states(cell))]
    on_outputs = rng.normal(size=(3, 4, units))
    on_final = [rng.normal(size=s.shape) for s in states]

    def loss():
        outputs, final, cache = recurrent.forward(cell, x, lengths, states, weights, go_backwards)
        total = (outputs * on_outputs).sum()
        return total + sum((f * o).sum() for f, o in zip(final, on_final, strict=True)), cache

    d_x, d_states, d_weights = recurrent.backward(cell, on_outputs, on_final, loss()[1], weights)
    gradients = [d_x, *d_states, *d_weights]
    for array, gradient in zip([x, *states, *weights], gradients, strict=True):
        for index in np.ndindex(array.shape):
            kept, step = array[index], 1e-6
            array[index] = kept + step
            above = loss()[0]
            array[index] = kept - step
            below = loss()[0]
            array[index] = kept
            numeric = (above - below) / (2 * step)
            assert gradient[index] == pytest.approx(numeric, abs=1e-7, rel=1e-6)
