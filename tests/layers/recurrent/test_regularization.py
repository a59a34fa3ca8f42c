"""Dropout, weight drop and zoneout of RecurrentStack: what they do in training and only there."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers import MaskedPooling, RecurrentRegularization, RecurrentStack
from tests.layers.training_steps import build_for_training
from tests.reference import recurrent

EVERYTHING = {"dropout": 0.3, "weight_drop": 0.4, "zoneout": 0.2, "zoneout_cell": 0.1}
NO_CONVERSION_WARNING = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def ops_of(function):
    graph = function.get_concrete_function().graph.as_graph_def()
    nodes = list(graph.node) + [n for f in graph.library.function for n in f.node_def]
    return {node.op for node in nodes}


def test_weight_drop_is_the_reference_with_a_thinned_kernel():
    stack = RecurrentStack(8, regularization={"weight_drop": 0.5, "seed": 7})
    x, lengths = normal(2, 5, 3), np.array([5, 3])
    stack.build(x.shape)
    kernel, recurrent_kernel, bias = (w.astype("float64") for w in stack.get_weights())
    with tf.GradientTape() as tape:
        outputs = stack(x, lengths=lengths, training=True)
        loss = tf.reduce_sum(outputs)
    gradients = tape.gradient(loss, [v.value for v in stack.trainable_variables])
    # A weight whose gradient is exactly zero was dropped; all others count double.
    kept = gradients[1].numpy() != 0
    assert 0.35 < kept.mean() < 0.65
    thinned = [kernel, recurrent_kernel * kept * 2, bias]
    states = [np.zeros((2, 8))] * 2
    expected, _, cache = recurrent.forward("lstm", x, lengths, states, thinned)
    np.testing.assert_allclose(outputs, expected, atol=1e-6)
    d_weights = recurrent.backward("lstm", np.ones_like(expected), states, cache, thinned)[2]
    d_weights[1] = d_weights[1] * kept * 2
    for got, want in zip(gradients, d_weights, strict=True):
        np.testing.assert_allclose(got, want, atol=2e-5)


@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_weight_drop_draws_anew_each_batch_and_leaves_the_variable(mode):
    stack = RecurrentStack(8, bidirectional=True, regularization={"weight_drop": 0.5})
    x = normal(2, 5, 3)
    stack.build(x.shape)
    weights = [w.copy() for w in stack.get_weights()]
    call = stack if mode == "eager" else tf.function(stack)
    first, second = call(x, training=True).numpy(), call(x, training=True).numpy()
    assert np.abs(first - second).max() > 1e-4
    assert [v.name for v in stack.trainable_variables].count("recurrent_kernel") == 2
    for got, want in zip(stack.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_zoneout_takes_the_expected_value_outside_training(cell):
    rates = (0.3, 0.2)
    settings = {"zoneout": rates[0], "zoneout_cell": rates[1]}
    stack = RecurrentStack(3, cell, regularization=settings)
    x = normal(2, 4, 2)
    outputs = stack(x).numpy()
    states = [np.zeros((2, 3))] * recurrent.num_states(cell)
    for t in range(4):
        new, _ = recurrent.STEPS[cell][0](x[:, t], tuple(states), stack.get_weights()[:3])
        states = [r * s + (1 - r) * n for r, s, n in zip(rates, states, new, strict=False)]
        np.testing.assert_allclose(outputs[:, t], states[0], atol=1e-6)


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm"])
def test_zoneout_keeps_units_in_training(cell):
    stack = RecurrentStack(40, cell, regularization={"zoneout": 0.3, "seed": 3})
    outputs = stack(normal(8, 30, 2), training=True).numpy()
    kept = (outputs[:, 1:] == outputs[:, :-1]).mean()
    # 9280 draws: the standard error is 0.005.
    assert kept == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("variational", [True, False])
def test_dropout_on_inputs(variational):
    # A ReLU network with identity input weights and no recurrence shows its dropped inputs.
    stack = RecurrentStack(
        50,
        "simple_rnn",
        initialization={"recurrent": "identity", "scale": 0.0},
        regularization=RecurrentRegularization(dropout=0.4, variational=variational, seed=1),
    )
    stack.build((None, None, 50))
    stack.set_weights([np.eye(50), np.zeros((50, 50)), np.zeros(50), *stack.get_weights()[3:]])
    outputs = stack(np.ones((20, 6, 50)), training=True).numpy()
    np.testing.assert_allclose(np.unique(outputs), [0.0, 1 / 0.6], atol=1e-6)
    # 1000 draws when variational: the standard error is 0.0155.
    assert (outputs == 0).mean() == pytest.approx(0.4, abs=0.06)
    assert (outputs == outputs[:, :1]).all() == variational
    assert np.ptp(outputs[:, 0], axis=0).any()


@pytest.mark.parametrize("bidirectional", [False, True])
def test_no_random_op_and_no_assignment_outside_training(bidirectional):
    stack = RecurrentStack(3, num_layers=2, bidirectional=bidirectional, regularization=EVERYTHING)
    stack.build((None, None, 2))
    spec = [tf.TensorSpec([None, None, 2]), tf.TensorSpec([None], tf.int32)]
    for training in (False, True):
        run = tf.function(
            lambda x, n, training=training: stack(x, lengths=n, training=training),
            input_signature=spec,
        )
        found = {op for op in ops_of(run) if "Random" in op or "Assign" in op}
        assert bool(found) == training, found


@NO_CONVERSION_WARNING
@pytest.mark.full
@pytest.mark.parametrize("subclassed", [False, True])
def test_fit_moves_every_weight(subclassed, tmp_path):
    keras.utils.set_random_seed(0)
    # Keras traces both kinds of model alike; what takes long is in one of them.
    settings = {"bidirectional": True} if subclassed else {"num_layers": 2}
    settings["connection"] = "highway"

    class Classifier(keras.Model):
        def __init__(self):
            super().__init__()
            self.stack = RecurrentStack(4, layer_norm=True, regularization=EVERYTHING, **settings)
            self.pool = MaskedPooling("mean+attention")
            self.head = keras.layers.Dense(1)

        def call(self, inputs, training=None):
            x, n = inputs["x"], inputs["n"]
            return self.head(self.pool(self.stack(x, lengths=n, training=training), lengths=n))

    model = Classifier()
    if not subclassed:
        inputs = {
            "x": keras.Input((None, 3), name="x"),
            "n": keras.Input((), dtype="int32", name="n"),
        }
        model = keras.Model(inputs, model.call(inputs))
    data = {"x": normal(16, 6, 3), "n": np.arange(16, dtype="int32") % 7}
    target = normal(16, 1, seed=3)
    model.compile("adam", "mse")
    build_for_training(model, data)
    before = [w.numpy().copy() for w in model.trainable_variables]
    history = model.fit(data, target, epochs=2, batch_size=8, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    for variable, old in zip(model.trainable_variables, before, strict=True):
        assert np.abs(variable.numpy() - old).max() > 0, variable.path
    model.save_weights(tmp_path / "m.weights.h5")
    predicted = model.predict(data, verbose=0)
    model.fit(data, target, verbose=0)
    model.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_array_equal(model.predict(data, verbose=0), predicted)


def test_same_seed_same_training_outputs():
    def run():
        keras.utils.set_random_seed(4)
        stack = RecurrentStack(3, num_layers=2, regularization=EVERYTHING)
        return stack(normal(2, 4, 3), training=True).numpy()

    np.testing.assert_array_equal(run(), run())


def test_one_seed_gives_every_level_and_direction_masks_of_its_own():
    stack = RecurrentStack(
        3, num_layers=2, bidirectional=True, regularization={**EVERYTHING, "seed": 5}
    )
    stack.build((None, None, 3))
    # The stock cells own a generator each, too, with a random seed; nothing draws from those.
    found = [v.numpy()[0] for v in stack.variables if "seed_generator_state" in v.name]
    assert [found.count(seed) for seed in (5, 6, 7, 15, 16, 17)] == [1] * 6
