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


def test_truncated_gradients_by_hand():
    # h = w h_before + x without the tanh would have dh_3/dw = h_2 + w h_1 + ...; with it each step
    # back multiplies by w (1 - h^2). Cut after step 2, only the last step of three sees w.
    w, x = 0.5, np.array([[[0.3], [-0.2], [0.7]]])
    weights = [np.array([[1.0]]), np.array([[w]]), np.zeros(1)]
    states = (np.zeros((1, 1)),)
    outputs, _, cache = recurrent.forward("simple_rnn", x, np.array([3]), states, weights)
    h_1, h_2, h_3 = outputs[0, :, 0]
    on_last = np.array([[[0.0], [0.0], [1.0]]])

    def kernel_gradient(truncation):
        result = recurrent.backward(
            "simple_rnn", on_last, [np.zeros((1, 1))], cache, weights, truncation
        )
        return result[2][1].item()

    last, before = 1 - h_3**2, 1 - h_2**2
    assert kernel_gradient(2) == pytest.approx(last * h_2)
    assert kernel_gradient(3) == pytest.approx(last * (h_2 + w * before * h_1))


@pytest.mark.parametrize("cell", list(recurrent.STEPS))
def test_truncated_gradients_are_those_of_the_segments_alone(cell):
    rng = np.random.default_rng(2)
    x, lengths = rng.normal(size=(2, 7, 2)), np.array([7, 7])
    weights = recurrent.random_weights(cell, 2, 3, rng)
    states = [rng.normal(size=(2, 3)) for _ in range(recurrent.num_states(cell))]
    on_outputs = rng.normal(size=(2, 7, 3))
    nothing = [np.zeros_like(state) for state in states]
    _, _, cache = recurrent.forward(cell, x, lengths, states, weights)
    d_x, _, d_weights = recurrent.backward(cell, on_outputs, nothing, cache, weights, 3)
    total = [np.zeros_like(weight) for weight in weights]
    for start in (0, 3, 6):
        piece = slice(start, start + 3)
        _, states, cache = recurrent.forward(cell, x[:, piece], lengths, states, weights)
        of_x, _, of_weights = recurrent.backward(
            cell, on_outputs[:, piece], nothing, cache, weights
        )
        np.testing.assert_allclose(d_x[:, piece], of_x)
        total = [a + b for a, b in zip(total, of_weights, strict=True)]
    for ours, theirs in zip(d_weights, total, strict=True):
        np.testing.assert_allclose(ours, theirs)
