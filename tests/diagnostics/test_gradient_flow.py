"""Gradients of a loss with respect to the states of every step, beside brute force."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.diagnostics import GradientFlow, LayerFlow, Probe, gradient_flow, recurrent_layers
from seqsuite.diagnostics.recording import recording
from seqsuite.layers import RecurrentStack

pytestmark = pytest.mark.full

ROWS, STEPS, FEATURES, UNITS = 3, 6, 2, 4
LENGTHS = np.array([6, 4, 1])
CELLS = {
    "simple_rnn": keras.layers.SimpleRNN,
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
    "gru_reset_before": lambda *args, **kwargs: keras.layers.GRU(
        *args, reset_after=False, **kwargs
    ),
    # Any cell is watched, also one whose activations are the user's own.
    "custom": lambda *args, **kwargs: keras.layers.LSTM(
        *args, activation="relu", recurrent_activation="hard_sigmoid", **kwargs
    ),
    "stacked_cells": lambda units, **kwargs: keras.layers.RNN(
        [keras.layers.GRUCell(3), keras.layers.LSTMCell(units)], **kwargs
    ),
}


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).normal(size=(ROWS, STEPS, FEATURES)).astype("float32")


MASK = np.arange(STEPS)[None] < LENGTHS[:, None]


@pytest.mark.parametrize("cell", list(CELLS))
def test_a_watched_layer_gives_what_it_gives_unwatched(cell, x):
    for mask, settings in (
        (MASK, {}),
        (None, {"return_sequences": True, "return_state": True}),
        (MASK, {"return_sequences": True, "go_backwards": True, "zero_output_for_mask": True}),
    ):
        layer = CELLS[cell](UNITS, **settings)
        expected = tf.nest.flatten(layer(x, mask=mask))
        with recording(layer) as calls:
            found = tf.nest.flatten(layer(x, mask=mask))
        assert len(calls) == 1
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_a_layer_is_left_as_it_was_also_after_an_error():
    layer = keras.layers.LSTM(UNITS)
    with pytest.raises(ValueError, match="incompatible"), recording(layer):
        layer(np.ones(3, "float32"))
    assert "inner_loop" not in vars(layer)


class Subclassed(keras.Model):
    """A model whose layers no graph of layers leads to."""

    def __init__(self, cell):
        super().__init__()
        self.parts = {"recurrent": CELLS[cell](UNITS, name="recurrent", return_sequences=True)}
        self.head = keras.layers.Dense(1)

    def call(self, x, training=None):
        hidden = self.parts["recurrent"](x, mask=tf.constant(MASK))
        return self.head(hidden)


def squares(y, outputs):
    """A loss of every real step."""
    return tf.reduce_sum(tf.where(MASK[:, :, None], tf.square(outputs - y), 0.0))


def brute_force(model, x, y):
    """Cut the sequence after every step, and differentiate what comes after for its states.

    Returns norms (rows, steps back): of the hidden state, for the loss of every real step; and of
    all states together, for the loss of each row's last step alone.
    """
    layer, norms_of_all, norms_of_last = model.parts["recurrent"], [], []
    whole = layer.__class__.from_config(layer.get_config() | {"return_state": True})
    whole.build(x.shape)
    whole.set_weights(layer.get_weights())
    last = np.arange(STEPS)[None] == LENGTHS[:, None] - 1
    for cut in range(STEPS):
        _, *states = whole(x[:, : cut + 1], mask=tf.constant(MASK[:, : cut + 1]))
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(states)
            hidden = states[0][:, None]
            if cut + 1 < STEPS:
                rest, *_ = whole(
                    x[:, cut + 1 :], initial_state=states, mask=tf.constant(MASK[:, cut + 1 :])
                )
                hidden = tf.concat([hidden, rest], axis=1)
            errors = tf.square(model.head(hidden) - y[:, cut:])[:, :, 0]
            of_all, of_last = (
                tf.reduce_sum(errors * steps[:, cut:].astype("float32")) for steps in (MASK, last)
            )
        hidden = tape.gradient(of_all, states[0], unconnected_gradients="zero")
        norms_of_all.append(np.linalg.norm(hidden, axis=1))
        carried = tape.gradient(of_last, states, unconnected_gradients="zero")
        norms_of_last.append(np.linalg.norm(np.concatenate(carried, axis=1), axis=1))

    def from_the_end(norms):
        by_row = np.full((ROWS, STEPS), np.nan)
        for row, length in enumerate(LENGTHS):
            by_row[row, :length] = np.array(norms)[:length, row][::-1]
        return by_row

    return from_the_end(norms_of_all), from_the_end(norms_of_last)


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_norms_are_those_of_brute_force(cell, x):
    y = np.random.default_rng(1).normal(size=(ROWS, STEPS, 1)).astype("float32")
    model = Subclassed(cell)
    model(x)
    flow = gradient_flow(model, x, y, loss=squares).layers["recurrent"]
    of_all, of_last = brute_force(model, x, y)
    np.testing.assert_allclose(flow.norms, of_all, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(flow.carried, of_last, rtol=1e-4, atol=1e-7)


def stack_model():
    inputs, lengths = keras.Input((None, FEATURES)), keras.Input((), dtype="int32")
    stack = RecurrentStack(UNITS, "simple_rnn", num_layers=2, bidirectional=True)
    hidden = stack(inputs, lengths=lengths)
    model = keras.Model([inputs, lengths], keras.layers.Dense(1)(hidden[:, 0]))
    model.compile(loss="mse")
    return model


def test_padding_and_our_stacks_change_nothing(x):
    model = stack_model()
    names = ["level_0/forward", "level_0/backward", "level_1/forward", "level_1/backward"]
    assert list(recurrent_layers(model)) == names
    y = np.ones((ROWS, 1), "float32")
    short = gradient_flow(model, [x, LENGTHS], y)
    padded = np.concatenate([x, np.full_like(x, 7.0)], axis=1)
    long = gradient_flow(model, [padded, LENGTHS], y)
    assert list(short.layers) == names
    for name in names:
        norms = short.layers[name].norms
        np.testing.assert_array_equal(np.isfinite(norms).sum(axis=1), LENGTHS)
        np.testing.assert_allclose(long.layers[name].norms[:, :STEPS], norms, rtol=1e-4, atol=1e-8)
        assert np.isnan(long.layers[name].norms[:, STEPS:]).all()
    # The first step's output is all that the loss reads: the last of the way back.
    assert np.all(short.layers["level_1/backward"].norms[:, 0] > 0)
    assert np.all(short.layers["level_1/forward"].norms[0, :-1] == 0)


def test_measuring_changes_no_variable_of_the_model(x):
    inputs = keras.Input((STEPS, FEATURES))
    hidden = keras.layers.SimpleRNN(UNITS, dropout=0.5, recurrent_dropout=0.5)(inputs)
    model = keras.Model(inputs, [keras.layers.Dense(1)(hidden), keras.layers.Dense(2)(hidden)])
    model.compile("sgd", ["mse", "mse"], metrics=[["mae"], ["mae"]], jit_compile=False)
    targets = [np.ones((ROWS, 1), "float32"), np.ones((ROWS, 2), "float32")]
    model.train_on_batch(x, targets)
    variables = [*model.variables, *model.metrics_variables]
    before = [variable.numpy() for variable in variables]
    Probe(model)(x, targets)
    for variable, value in zip(variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value, err_msg=variable.path)


def test_a_model_without_recurrent_layers_is_refused(x):
    model = keras.Sequential([keras.Input((STEPS, FEATURES)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    with pytest.raises(ValueError, match="must have a recurrent layer"):
        gradient_flow(model, x, np.ones((ROWS, STEPS, 1), "float32"))


def test_a_layer_that_runs_twice_is_reported_twice(x):
    layer = keras.layers.SimpleRNN(FEATURES, return_sequences=True, name="shared")
    inputs = keras.Input((STEPS, FEATURES))
    model = keras.Model(inputs, layer(layer(inputs)))
    flow = gradient_flow(model, x, x, loss=keras.losses.MeanSquaredError())
    assert list(flow.layers) == ["shared", "shared (call 2)"]


def test_reach_by_hand():
    # Halves with every step: 1/128 is the first under a hundredth, seven steps back.
    row = 0.5 ** np.arange(20)
    short = np.where(np.arange(20) < 3, 8 * row, np.nan)
    layer = LayerFlow(norms=np.stack([row, short]), carried=np.stack([row, short]))
    assert layer.reach(0.01) == 7
    assert layer.reach(1e-9) == layer.length == 20
    np.testing.assert_allclose(layer.relative(), row)
    np.testing.assert_allclose(layer.mean()[:3], 4.5 * row[:3])
    np.testing.assert_allclose(layer.quantiles((0.0, 1.0))[:, 1], [row[1], 8 * row[1]])


def test_the_picture_is_drawn(tmp_path):
    row = 0.5 ** np.arange(20)[None]
    flow = GradientFlow({"one": LayerFlow(row, row), "two": LayerFlow(row, 2 * row)})
    assert flow.plot(tmp_path / "flow.png").stat().st_size > 0


class InALoop(keras.Model):
    """A model that runs one of its layers inside a loop in the graph."""

    def __init__(self):
        super().__init__()
        self.outer = keras.layers.GRU(FEATURES, return_sequences=True, name="outer")
        self.inner = keras.layers.GRU(FEATURES, return_sequences=True, name="inner")

    def call(self, x, training=None):
        return tf.while_loop(
            lambda step, _: step < 2,
            lambda step, hidden: (step + 1, tf.ensure_shape(self.inner(hidden), x.shape)),
            (tf.constant(0), self.outer(x)),
        )[1]


def test_what_runs_in_a_loop_of_the_model_is_said_not_to_be_seen(x):
    model = InALoop()
    model(x)
    measured = Probe(model, keras.losses.MeanSquaredError())(x, x)
    assert list(measured.flow.layers) == list(measured.gates.layers) == ["outer"]
    assert measured.unwatched == ("inner",)
    assert np.all(measured.flow.layers["outer"].norms > 0)
