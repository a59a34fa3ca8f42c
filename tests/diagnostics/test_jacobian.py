"""Jacobians over many steps: the law of a linear network, brute force, and the estimates."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.diagnostics import (
    StateJacobian,
    jacobian_of_call,
    layer_inputs,
    recurrent_spectrum,
    state_jacobian,
)


def orthogonal(units, factor):
    return factor * np.linalg.qr(np.random.default_rng(0).normal(size=(units, units)))[0]


def network(matrix, activation):
    layer = keras.layers.SimpleRNN(len(matrix), activation=activation)
    layer.build((None, None, 3))
    layer.cell.recurrent_kernel.assign(matrix)
    return layer


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(1).normal(size=(2, 101, 3)).astype("float32")


@pytest.mark.parametrize("radius", [0.9, 1.1])
def test_a_linear_network_follows_the_power_law_to_a_percent(radius, x):
    found = state_jacobian(network(orthogonal(16, radius), "linear"), x, lag=100)
    assert found.exact
    np.testing.assert_allclose(found.norm(), radius ** np.arange(1, 101), rtol=0.01)
    # An orthogonal matrix stretches all directions alike.
    values = found.singular_values["hidden"]
    np.testing.assert_allclose(values[..., -1], values[..., 0], rtol=0.01)


@pytest.mark.parametrize("factor", [1.1, 3.0])
def test_a_tanh_network_stays_under_its_bound(factor, x):
    found = state_jacobian(network(orthogonal(16, factor), "tanh"), x, lag=30)
    bound = factor ** np.arange(1, 31)  # slopes are at most 1
    assert (found.norm() <= bound * (1 + 1e-5)).all()
    assert found.norm()[-1] < 0.5 * bound[-1]


def test_slopes_and_the_recurrent_matrix_do_not_commute(x):
    layer = network(orthogonal(8, 1.0), "tanh")
    inputs = keras.Input(x.shape[1:])
    (call,) = layer_inputs(keras.Model(inputs, layer(inputs)), x[:1]).values()
    slopes = (1 - call.outputs.numpy()[:, 0] ** 2)[::-1][:5]
    weights = layer.cell.recurrent_kernel.numpy().T
    right, all_slopes = np.eye(8), np.ones(8)
    for slope in slopes:
        right, all_slopes = right @ (slope[:, None] * weights), all_slopes * slope
    wrong = all_slopes[:, None] * np.linalg.matrix_power(weights, 5)
    measured = jacobian_of_call(call, lag=5).singular_values["hidden"][0, -1]
    np.testing.assert_allclose(measured, np.linalg.svd(right, compute_uv=False), rtol=1e-3)
    assert np.linalg.norm(wrong - right) > 0.2 * np.linalg.norm(right)


@pytest.mark.parametrize("cell", [keras.layers.LSTM, keras.layers.GRU])
def test_singular_values_are_those_of_automatic_differentiation(cell, x):
    x, lengths, lag = x[:, :9], np.array([9, 5]), 6
    layer = cell(5, return_state=True)
    layer.build(x.shape)
    layer.set_weights([3 * weight for weight in layer.get_weights()])
    found = state_jacobian(layer, x, lag, mask=tf.sequence_mask(lengths, 9))
    _, *states = layer(x[:1, : 9 - lag])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(states)
        _, *later = layer(x[:1, 9 - lag :], initial_state=states)
    for name, new, old in zip(("hidden", "memory"), later, states, strict=False):
        whole = tape.jacobian(new, old)[0, :, 0].numpy()
        expected = np.linalg.svd(whole, compute_uv=False)
        values = found.singular_values[name]
        np.testing.assert_allclose(values[0, -1], expected, rtol=1e-3, atol=1e-6 * expected[0])
        # The second row is shorter than the lag.
        assert np.isnan(values[1, -1]).all()
        assert np.isfinite(values[1, :5]).all()


def test_estimates_are_near_the_exact_values(x):
    keras.utils.set_random_seed(0)
    layer = keras.layers.LSTM(24)
    layer.build(x.shape)
    exact = state_jacobian(layer, x[:1], 12, num_values=2, lags=(1, 12))
    estimate = state_jacobian(layer, x[:1], 12, num_values=2, lags=(1, 12), exact=False)
    assert (exact.exact, estimate.exact) == (True, False)
    for name, values in exact.singular_values.items():
        np.testing.assert_allclose(estimate.singular_values[name], values, rtol=0.03)


def test_a_lag_that_no_row_has_is_refused(x):
    with pytest.raises(ValueError, match="at most the steps of the longest row, 4"):
        state_jacobian(keras.layers.GRU(2), x[:, :4], lag=5)


def test_the_picture_is_drawn(tmp_path):
    values = 0.5 ** np.arange(1.0, 6)[None, :, None] * np.array([1.0, 0.5])
    found = StateJacobian(np.arange(1, 6), {"hidden": values, "memory": values}, exact=True)
    assert found.plot(tmp_path / "jacobian.png", "lstm").stat().st_size > 0


def test_the_spectrum_of_every_gate():
    layer = keras.layers.GRU(2)
    layer.build((None, None, 1))
    nilpotent, rotation = np.array([[0.0, 5.0], [0.0, 0.0]]), np.array([[0.0, -2.0], [2.0, 0.0]])
    kernel = np.concatenate([nilpotent, rotation, 3 * np.eye(2)], axis=1)
    layer.cell.recurrent_kernel.assign(kernel)
    spectrum = recurrent_spectrum(layer)
    expected = {"update": (0.0, 5.0), "reset": (2.0, 2.0), "candidate": (3.0, 3.0)}
    assert list(spectrum) == list(expected)
    for name, values in expected.items():
        assert spectrum[name] == pytest.approx(values, abs=1e-6)


def test_the_quick_spectrum_is_near_the_exact_one():
    layer = keras.layers.SimpleRNN(140, recurrent_initializer="glorot_uniform")
    layer.build((None, None, 1))
    exact, quick = recurrent_spectrum(layer), recurrent_spectrum(layer, quick=True)
    assert quick["state"] != exact["state"]
    assert quick["state"] == pytest.approx(exact["state"], rel=0.03)
