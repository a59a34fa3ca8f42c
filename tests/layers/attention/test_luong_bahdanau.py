"""The attentions against the NumPy reference, and what they promise about memories."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers import BahdanauAttention, LocationAttention, LuongAttention
from tests.reference import attention as reference

BATCH, STEPS, PLACES, UNITS, FEATURES = 3, 4, 5, 3, 2
MEMORY_LENGTH = np.array([5, 2, 0], "int32")


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def luong(query, memory, previous, kernel=None, scale=1.0):
    return reference.luong_scores(query, memory, kernel, scale)


def normalized(query, memory, previous, kernel):
    return reference.luong_scores(query, memory, kernel, 1 / math.sqrt(len(query)))


def additive(query, memory, previous, query_kernel, memory_kernel, score, scale=None, bias=0.0):
    weights = query_kernel, memory_kernel, score
    return reference.additive_scores(query, memory, weights, scale, bias)


def location(query, memory, previous, query_kernel, memory_kernel, score, filters, kernel):
    seen = reference.location_features(previous, filters, kernel)
    weights = query_kernel, memory_kernel, score
    return reference.additive_scores(query, memory, weights, location=seen)


# Width of the memory, the layer, and its scores from (query, memory, previous, *weights).
CASES = {
    "dot": (UNITS, lambda: LuongAttention("dot"), luong),
    "general": (FEATURES, lambda: LuongAttention("general"), luong),
    "scaled": (FEATURES, lambda: LuongAttention("scaled"), luong),
    "scaled, not learned": (FEATURES, lambda: LuongAttention("normalized"), normalized),
    "additive": (FEATURES, lambda: BahdanauAttention(4), additive),
    "normalized": (FEATURES, lambda: BahdanauAttention(4, normalize=True), additive),
    "location": (FEATURES, lambda: LocationAttention(4, 2, 3), location),
}
every_case = pytest.mark.parametrize("case", list(CASES))


def make(case):
    """A layer with random weights, a query of several steps, and a memory."""
    features, build, score = CASES[case]
    layer = build()
    query, memory = normal(BATCH, STEPS, UNITS), normal(BATCH, PLACES, features, seed=1)
    layer.build(query.shape, memory.shape)
    rng = np.random.default_rng(2)
    layer.set_weights([rng.normal(size=w.shape) for w in layer.get_weights()])
    return layer, query, memory, score


@pytest.mark.parametrize("mode", ["eager", "graph"])
@every_case
def test_values_and_gradients_equal_reference(case, mode):
    layer, query, memory, score = make(case)
    on_context, on_weights = normal(BATCH, STEPS, memory.shape[2], seed=3), normal(PLACES, seed=4)

    def run(query, memory):
        with tf.GradientTape() as tape:
            tape.watch([query, memory])
            context, weights = layer(query, memory, memory_length=MEMORY_LENGTH)
            loss = tf.reduce_sum(context * on_context) + tf.reduce_sum(weights * on_weights)
        sources = [query, memory, *(v.value for v in layer.trainable_variables)]
        return context, weights, tape.gradient(loss, sources)

    def attend(query, memory, *own):
        def scores(q, m, previous):
            return score(q, m, previous, *own)

        return reference.over_time(scores, query, memory, MEMORY_LENGTH)

    def objective(*arrays):
        context, weights = attend(*arrays)
        return float((context * on_context).sum() + (weights * on_weights).sum())

    arrays = [query, memory, *layer.get_weights()]
    run = tf.function(run) if mode == "graph" else run
    context, weights, gradients = run(tf.constant(query), tf.constant(memory))
    expected = attend(*(a.astype("float64") for a in arrays))
    np.testing.assert_allclose(context, expected[0], atol=1e-6)
    np.testing.assert_allclose(weights, expected[1], atol=1e-6)
    numeric = reference.numeric_gradients(objective, arrays)
    for got, want in zip(gradients, numeric, strict=True):
        np.testing.assert_allclose(got, want, atol=1e-4)


@every_case
def test_one_query_at_a_time_equals_all_at_once(case):
    layer, query, memory, _ = make(case)
    contexts, all_weights = layer(query, memory, memory_length=MEMORY_LENGTH)
    prepared = layer.prepare(memory, MEMORY_LENGTH)
    weights = layer.initial_weights(prepared) if layer.has_state else None
    for step in range(STEPS):
        previous = weights if layer.has_state else None
        context, weights = layer.attend(query[:, step], prepared, previous)
        np.testing.assert_allclose(context, contexts[:, step], atol=1e-6)
        np.testing.assert_allclose(weights, all_weights[:, step], atol=1e-6)


@every_case
def test_padding_of_the_memory_changes_nothing_even_where_it_holds_nan(case):
    layer, query, memory, _ = make(case)
    context, weights = layer(query, memory, memory_length=MEMORY_LENGTH)
    longer = np.full((BATCH, 2 * PLACES, memory.shape[2]), np.nan, "float32")
    for row, length in enumerate(MEMORY_LENGTH):
        longer[row, :length] = memory[row, :length]
    more_context, more_weights = layer(query, longer, memory_length=MEMORY_LENGTH)
    np.testing.assert_allclose(more_context, context, atol=1e-6)
    np.testing.assert_allclose(more_weights[:, :, :PLACES], weights, atol=1e-6)
    assert not np.any(more_weights[:, :, PLACES:])


@every_case
def test_an_empty_memory_gives_zeros_and_finite_gradients(case):
    layer, query, memory, _ = make(case)
    for places in (memory, memory[:, :0]):
        with tf.GradientTape() as tape:
            context, weights = layer(query, places, memory_length=np.zeros(BATCH, "int32"))
            loss = tf.reduce_sum(context) + tf.reduce_sum(weights)
        assert context.shape == (BATCH, STEPS, memory.shape[2])
        assert weights.shape == (BATCH, STEPS, places.shape[1])
        assert not np.any(context)
        assert not np.any(weights)
        for gradient in tape.gradient(loss, layer.trainable_variables):
            assert gradient is None or np.all(np.isfinite(gradient))


@every_case
def test_without_lengths_every_place_is_real(case):
    layer, query, memory, _ = make(case)
    full = np.full(BATCH, PLACES, "int32")
    for got, want in zip(layer(query, memory), layer(query, memory, full), strict=True):
        np.testing.assert_array_equal(got, want)
    _, weights = layer(query, memory, memory_length=full + 7)
    np.testing.assert_allclose(np.sum(weights, axis=-1), 1.0, atol=1e-6)


def test_huge_scores_stay_finite():
    layer = LuongAttention("dot")
    query = np.array([[1e10, 0.0]], "float32")
    memory = np.array([[[1e10, 0.0], [-1e10, 0.0]]], "float32")
    _, weights = layer(query, memory)
    np.testing.assert_array_equal(weights, [[1.0, 0.0]])


def test_previous_weights_can_be_given():
    layer, query, memory, _ = make("location")
    _, first = layer(query[:, 0], memory, MEMORY_LENGTH)
    context, _ = layer(query[:, 1], memory, MEMORY_LENGTH, weights=first)
    contexts, _ = layer(query, memory, MEMORY_LENGTH)
    np.testing.assert_allclose(context, contexts[:, 1], atol=1e-6)


def test_what_starts_where():
    layer = LuongAttention("scaled")
    layer.build((None, 16), (None, None, 2))
    assert float(layer.scale) == 0.25
    layer = BahdanauAttention(4, normalize=True)
    layer.build((None, 16), (None, None, 2))
    assert float(layer.scale) == 0.5
    length = tf.norm(layer.score_vector())
    np.testing.assert_allclose(length, 0.5, atol=1e-6)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="score='cosine'"):
        LuongAttention("cosine")
    with pytest.raises(ValueError, match=r"must not be 'dot' .* query width 3, memory width 2"):
        LuongAttention("dot")(np.ones((1, 3)), np.ones((1, 4, 2)))
    with pytest.raises(ValueError, match="units=0"):
        BahdanauAttention(0)
    with pytest.raises(ValueError, match="num_filters=0"):
        LocationAttention(2, num_filters=0)
    with pytest.raises(ValueError, match="filter_width=4"):
        LocationAttention(2, filter_width=4)
    with pytest.raises(ValueError, match="must be built before"):
        BahdanauAttention(2).prepare(keras.ops.ones((1, 2, 3)))
