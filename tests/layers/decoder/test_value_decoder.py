"""ValueDecoder: known values, its own values, and sampled paths."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite import distributions
from seqsuite.layers import DistributionHead, QuantileHead, RecurrentStack, ValueDecoder
from tests.reference import recurrent

pytestmark = pytest.mark.full

UNITS, STEPS, AHEAD = 4, 6, 5
RNG = np.random.default_rng(0)
VALUES = RNG.normal(size=(3, STEPS)).astype("float32")
COVARIATES = RNG.normal(size=(3, STEPS, 2)).astype("float32")
FUTURE = RNG.normal(size=(3, AHEAD, 2)).astype("float32")
LENGTHS = np.array([6, 3, 0], "int32")
SCALE = np.array([[1.0], [2.0], [50.0]], "float32")
HEADS = {
    "dense": lambda: keras.layers.Dense(1),
    "quantiles": lambda: QuantileHead([0.1, 0.5, 0.9]),
    "normal": lambda: DistributionHead("normal"),
    "student_t": lambda: DistributionHead("student_t"),
    "counts": lambda: DistributionHead("negative_binomial"),
}


def make(head="normal", cell="gru", **arguments):
    """A built decoder with weights large enough to matter."""
    keras.utils.set_random_seed(0)
    stack = RecurrentStack(UNITS, cell, num_layers=2, return_state=True)
    decoder = ValueDecoder(stack, HEADS[head](), return_state=True, **arguments)
    decoder(VALUES, COVARIATES)
    rng = np.random.default_rng(1)
    for part in (decoder.recurrent, decoder.head):
        part.set_weights([rng.normal(size=w.shape) * 0.7 for w in part.get_weights()])
    return decoder


def flat(predictions):
    return [np.array(x) for x in keras.tree.flatten(predictions)]


def assert_same(one, other, **tolerance):
    for a, b in zip(flat(one), flat(other), strict=True):
        np.testing.assert_allclose(a, b, **{"atol": 1e-5, **tolerance})


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_teacher_forcing_is_the_reference(cell):
    decoder = make("dense", cell)
    observed = RNG.integers(0, 2, (3, STEPS))
    x = np.concatenate([COVARIATES, (VALUES * observed)[:, :, None], observed[:, :, None]], axis=2)
    final = []
    for level in decoder.recurrent._levels:
        own = level.directions[0].cell
        weights = [np.array(w) for w in (own.kernel, own.recurrent_kernel, own.bias)]
        states = [np.zeros((3, UNITS))] * recurrent.num_states(cell)
        x, states, _ = recurrent.forward(cell, x, LENGTHS, states, weights)
        final += states
    kernel, bias = decoder.head.get_weights()
    spoiled = np.where(observed, VALUES, np.nan)
    for values, mask in ((VALUES, observed), (spoiled, None)):
        found, states = decoder(values, COVARIATES, observed=mask, lengths=LENGTHS)
        assert_same(found, x @ kernel + bias)
        assert_same(states, final)


@pytest.mark.parametrize("head", HEADS)
def test_one_value_at_a_time_is_the_whole_series(head):
    decoder = make(head)
    whole, final = decoder(VALUES, COVARIATES)
    states, found = None, []
    for t in range(STEPS):
        here = slice(t, t + 1)
        one, states = decoder(VALUES[:, here], COVARIATES[:, here], initial_state=states)
        found.append(one)
    joined = keras.tree.map_structure(lambda *parts: np.concatenate(parts, axis=1), *found)
    assert_same(joined, whole)
    assert_same(states, final)


def step_by_step(decoder, states, noise=None, scale=None):
    """Forecast by calls of one step, feeding back by hand; each path (batch, AHEAD)."""
    value, found = VALUES[:, -1:], []
    for t in range(AHEAD):
        predictions, states = decoder(value, FUTURE[:, t : t + 1], initial_state=states)
        if noise is None:
            value = np.array(decoder.point(predictions))
        else:
            name = decoder.head.distribution
            if scale is not None:
                predictions = distributions.rescale(name, predictions, 0.0, scale)
            value = np.array(distributions.draw(name, predictions, noise[:, t : t + 1]))
            value = value if scale is None else value / scale
        found.append(value)
    return np.concatenate(found, axis=1)


@pytest.mark.parametrize("head", HEADS)
def test_a_point_forecast_feeds_itself(head):
    decoder = make(head)
    _, states = decoder(VALUES, COVARIATES)
    found = decoder.forecast(VALUES[:, -1], AHEAD, states, FUTURE)
    assert_same(found, step_by_step(decoder, states))


@pytest.mark.full(default=1)
@pytest.mark.parametrize("head", ["normal", "student_t", "counts"])
def test_paths_feed_their_own_samples(head):
    decoder = make(head)
    _, states = decoder(VALUES, COVARIATES)
    scale = SCALE if head == "counts" else None
    noise = RNG.uniform(0.02, 0.98, (3, AHEAD, 4, 2)).astype("float32")
    found = np.array(decoder.forecast(VALUES[:, -1], AHEAD, states, FUTURE, noise, scale=scale))
    assert found.shape == (3, AHEAD, 4)
    for path in range(4):
        expected = step_by_step(decoder, states, noise[:, :, path], scale)
        np.testing.assert_allclose(found[:, :, path], expected, atol=1e-3)
    if head == "counts":
        counts = found * SCALE[:, :, None]
        np.testing.assert_allclose(counts, np.round(counts), atol=1e-3)
    table = noise[1]
    shared = np.array(decoder.forecast(VALUES[:, -1], AHEAD, states, FUTURE, table, scale=scale))
    np.testing.assert_allclose(shared[1], found[1], atol=1e-5)


@pytest.mark.full
def test_a_graph_of_sampled_paths_holds_no_random_op():
    decoder = make("student_t")
    table = distributions.uniform_table(AHEAD, 8)

    def forecast(values, covariates, future):
        _, states = decoder(values, covariates)
        return decoder.forecast(values[:, -1], AHEAD, states, future, table)

    shapes = [(None, None), (None, None, 2), (None, AHEAD, 2)]
    graph = tf.function(forecast, input_signature=[tf.TensorSpec(shape) for shape in shapes])
    found = graph(VALUES, COVARIATES, FUTURE)
    assert_same(found, forecast(VALUES, COVARIATES, FUTURE), atol=1e-4)
    definition = graph.get_concrete_function().graph.as_graph_def()
    nodes = list(definition.node) + [n for f in definition.library.function for n in f.node_def]
    assert not {n.op for n in nodes if "Random" in n.op or "Assign" in n.op}


def test_an_unobserved_last_value_is_not_read():
    decoder = make()
    _, states = decoder(VALUES, COVARIATES)
    there = np.array([True, False, True])
    spoiled = np.where(there, VALUES[:, -1], np.nan).astype("float32")
    expected = decoder.forecast(spoiled, AHEAD, states, FUTURE)
    found = decoder.forecast(VALUES[:, -1], AHEAD, states, FUTURE, last_observed=there)
    assert np.isfinite(expected).all()
    assert_same(found, expected)
    full = np.array(decoder.forecast(VALUES[:, -1], AHEAD, states, FUTURE))
    assert not np.allclose(full[1], np.array(expected)[1])


@pytest.mark.parametrize("head", HEADS)
def test_running_free_is_the_forecast(head):
    decoder = make(head)
    states = [RNG.normal(size=(3, UNITS)).astype("float32") for _ in range(2)]
    predictions, _ = decoder(VALUES, COVARIATES, initial_state=states, free_running=True)
    found = decoder.forecast(VALUES[:, 0], STEPS, states, COVARIATES)
    assert_same(decoder.point(predictions), found)


def test_probability_0_is_teacher_forcing_and_1_is_running_free():
    inputs = (VALUES, COVARIATES)
    for probability, free in ((0.0, False), (1.0, True)):
        decoder = make(sampling_probability=probability)
        found, _ = decoder(*inputs, training=True)
        expected, _ = decoder(*inputs, free_running=free)
        assert_same(found, expected)
        # Outside training nothing is replaced.
        assert_same(decoder(*inputs)[0], make()(*inputs)[0])


@pytest.mark.parametrize("feedback", ["point", "sample"])
def test_in_between_some_values_are_its_own_and_only_some(feedback):
    decoder = make(sampling_probability=0.5, feedback=feedback, seed=3)
    inputs = decoder._inputs
    seen = []
    decoder._inputs = lambda values, mask, covariates: (
        seen.append(values) or inputs(values, mask, covariates)
    )
    decoder(VALUES, COVARIATES, lengths=LENGTHS, training=True)
    replaced = np.array(seen[-1]) != VALUES
    real = np.arange(STEPS) < LENGTHS[:, None]
    assert not replaced[:, 0].any()
    assert not replaced[~real].any()
    assert 0 < replaced.sum() < (real.sum() - 2)


def test_gradients_reach_all_weights_in_a_graph():
    decoder = make("student_t", sampling_probability=0.5, feedback="sample", dropout=0.1)

    @tf.function
    def gradients(values, covariates):
        with tf.GradientTape() as tape:
            predictions, _ = decoder(values, covariates, training=True)
            loss = -tf.reduce_sum(distributions.log_prob("student_t", values, predictions))
        return tape.gradient(loss, [w.value for w in decoder.trainable_weights])

    found = gradients(tf.constant(VALUES), tf.constant(COVARIATES))
    assert all(np.isfinite(gradient).all() for gradient in found)
    assert all(np.any(gradient) for gradient in found)


@pytest.mark.parametrize("head", ["dense", "student_t"])
def test_padding_changes_nothing(head):
    decoder = make(head)
    plain, states = decoder(VALUES, COVARIATES, lengths=LENGTHS)
    values = np.pad(VALUES, [(0, 0), (0, 4)], constant_values=9.0)
    covariates = np.pad(COVARIATES, [(0, 0), (0, 4), (0, 0)], constant_values=9.0)
    longer, same = decoder(values, covariates, lengths=LENGTHS)
    assert_same(states, same, atol=1e-6)
    real = np.arange(STEPS) < LENGTHS[:, None]
    for one, other in zip(flat(plain), flat(longer), strict=True):
        np.testing.assert_allclose(one[real], other[:, :STEPS][real], atol=1e-6)


def test_wrong_arguments_are_refused():
    stack, head = RecurrentStack(2, return_state=True), DistributionHead()
    for arguments, message in (
        ((RecurrentStack(2), head), "return_state=True"),
        ((RecurrentStack(2, bidirectional=True, return_state=True), head), "one direction"),
        ((stack, "normal"), "head='normal'"),
        ((stack, head, 1.5), "sampling_probability=1.5"),
        ((stack, head, 0.5, "gold"), "feedback='gold'"),
        ((stack, keras.layers.Dense(1), 0.5, "sample"), "feedback='sample'"),
    ):
        with pytest.raises(ValueError, match=message):
            ValueDecoder(*arguments)
    decoder = make("dense")
    with pytest.raises(ValueError, match="Argument `noise`"):
        decoder.forecast(VALUES[:, 0], 2, [], noise=np.zeros((2, 3, 2)))
