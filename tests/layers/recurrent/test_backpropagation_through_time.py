"""TensorFlow's gradients through time equal the NumPy reference's, full and truncated."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.reference import recurrent

ROWS, STEPS, FEATURES, UNITS = 3, 12, 4, 5
LAYERS = {
    "simple_rnn": keras.layers.SimpleRNN,
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
    "gru_reset_before": lambda units, **settings: keras.layers.GRU(
        units, reset_after=False, **settings
    ),
}


@pytest.mark.full(default=3)
@pytest.mark.parametrize("truncation", [None, 5])
@pytest.mark.parametrize("cell", list(LAYERS))
def test_gradients_equal_the_reference(cell, truncation):
    rng = np.random.default_rng(3)
    weights = recurrent.random_weights(cell, FEATURES, UNITS, rng)
    x = rng.normal(size=(ROWS, STEPS, FEATURES))
    on_outputs = rng.normal(size=(ROWS, STEPS, UNITS))
    layer = LAYERS[cell](UNITS, return_sequences=True, return_state=True, dtype="float64")
    layer.build(x.shape)
    layer.set_weights(weights)
    zeros = [np.zeros((ROWS, UNITS)) for _ in range(recurrent.num_states(cell))]

    @tf.function(autograph=False)
    def gradients(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            states, loss = [tf.constant(zero) for zero in zeros], 0.0
            for start in range(0, STEPS, truncation or STEPS):
                piece = slice(start, start + (truncation or STEPS))
                outputs, *states = layer(x[:, piece], initial_state=states)
                states = [tf.stop_gradient(state) for state in states]
                loss += tf.reduce_sum(outputs * on_outputs[:, piece])
        return tape.gradient(loss, [x, *(weight.value for weight in layer.trainable_weights)])

    _, _, cache = recurrent.forward(cell, x, np.full(ROWS, STEPS), zeros, weights)
    d_x, _, d_weights = recurrent.backward(cell, on_outputs, zeros, cache, weights, truncation)
    for ours, theirs in zip(gradients(tf.constant(x)), [d_x, *d_weights], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5 * np.abs(theirs).max())


@pytest.mark.parametrize("cell", list(LAYERS))
def test_truncation_changes_the_gradient(cell):
    # Else the test above would say nothing about where the gradient stops.
    rng = np.random.default_rng(4)
    weights = recurrent.random_weights(cell, FEATURES, UNITS, rng)
    x, on_outputs = rng.normal(size=(1, STEPS, FEATURES)), rng.normal(size=(1, STEPS, UNITS))
    zeros = [np.zeros((1, UNITS)) for _ in range(recurrent.num_states(cell))]
    _, _, cache = recurrent.forward(cell, x, np.array([STEPS]), zeros, weights)
    full, cut = (
        recurrent.backward(cell, on_outputs, zeros, cache, weights, truncation)[2][1]
        for truncation in (None, 5)
    )
    assert np.linalg.norm(full - cut) > 0.01 * np.linalg.norm(full)
