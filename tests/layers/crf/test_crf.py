"""The CRF against enumeration of all tag paths."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers import CRF
from tests.reference.crf import Chain

LENGTHS = np.array([4, 0, 1, 3, 2], "int32")
STEPS = 4
CONSTRAINTS = {
    "free": {},
    "constrained": {
        "forbidden_transitions": [(0, 2), (2, 2), (1, 0)],
        "forbidden_starts": [2],
        "forbidden_ends": [1],
    },
}
MODES = ["eager", "graph"]


def make(num_tags=3, scale=1.0, seed=0, **constraints):
    """A CRF with random scores, and its reference."""
    crf = CRF(num_tags, **constraints)
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=w.shape, scale=scale).astype("float32") for w in crf.weights]
    crf.set_weights(weights)
    transitions, start, end = (weight.astype(float) for weight in weights)
    for a, b in crf.forbidden_transitions:
        transitions[a, b] = -np.inf
    start[crf.forbidden_starts] = -np.inf
    end[crf.forbidden_ends] = -np.inf
    return crf, Chain(start, transitions, end)


def logits(num_tags=3, rows=5, steps=STEPS, scale=2.0, seed=1):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, steps, num_tags), scale=scale).astype("float32")


def run(function, mode, *inputs):
    """Call on tensors, eagerly or in a graph that knows neither batch nor time."""
    inputs = [tf.constant(value) for value in inputs]
    if mode == "graph":
        shapes = [[None, None, *x.shape[2:]][: x.shape.rank] for x in inputs]
        signature = [tf.TensorSpec(s, x.dtype) for s, x in zip(shapes, inputs, strict=True)]
        function = tf.function(function, input_signature=signature, autograph=False)
    return keras.tree.map_structure(np.array, function(*inputs))


@pytest.fixture(params=CONSTRAINTS)
def constrained(request):
    return CONSTRAINTS[request.param]


@pytest.mark.parametrize("mode", MODES)
def test_the_log_partition_is_the_sum_over_all_paths(mode, constrained):
    crf, chain = make(**constrained)
    x = logits()
    got = run(lambda x, n: crf.log_partition(crf(x, lengths=n), n), mode, x, LENGTHS)
    expected = [chain.log_partition(row[:n]) for row, n in zip(x, LENGTHS, strict=True)]
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_the_likelihood_is_that_of_the_path(mode, constrained):
    crf, chain = make(**constrained)
    x = logits()
    paths = [chain.legal_paths(row[:n])[-1][1] for row, n in zip(x, LENGTHS, strict=True)]
    tags = np.array([[*path, *[-1] * (STEPS - len(path))] for path in paths], "int32")
    got = run(crf.log_likelihood, mode, x, tags, LENGTHS)
    expected = [
        chain.log_likelihood(row[: len(path)], path) for row, path in zip(x, paths, strict=True)
    ]
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_viterbi_finds_the_best_path(mode, constrained):
    crf, chain = make(**constrained)
    x = logits()
    tags, scores = run(crf.viterbi, mode, x, LENGTHS)
    assert tags.dtype == np.int32
    for row, n, got, score in zip(x, LENGTHS, tags, scores, strict=True):
        best, path = chain.legal_paths(row[:n])[0]
        assert tuple(got) == (*path, *[0] * (STEPS - n))
        assert score == pytest.approx(best, abs=1e-4)


@pytest.mark.parametrize("count", [1, 4, 100])
@pytest.mark.parametrize("mode", MODES)
def test_n_best_finds_the_best_paths_in_order(mode, count, constrained):
    crf, chain = make(**constrained)
    x = logits()
    tags, scores = run(lambda x, n: crf.n_best(x, n, count), mode, x, LENGTHS)
    assert tags.shape == (len(x), count, STEPS)
    for row, n, got, found in zip(x, LENGTHS, tags, scores, strict=True):
        expected = chain.legal_paths(row[:n])[:count]
        assert [tuple(path[:n]) for path in got[: len(expected)]] == [p for _, p in expected]
        np.testing.assert_allclose(found[: len(expected)], [s for s, _ in expected], atol=1e-4)
        assert np.all(found[len(expected) :] == -np.inf)
        assert not got[len(expected) :].any()
        assert not got[:, n:].any()


@pytest.mark.parametrize("mode", MODES)
def test_marginals_are_sums_over_paths(mode, constrained):
    crf, chain = make(**constrained)
    x = logits()
    got = run(crf.marginals, mode, x, LENGTHS)
    for row, n, marginals in zip(x, LENGTHS, got, strict=True):
        np.testing.assert_allclose(marginals[:n], chain.marginals(row[:n]), atol=1e-6)
        assert not marginals[n:].any()


@pytest.mark.parametrize("mode", MODES)
def test_the_gradient_of_the_log_partition_is_the_marginals(mode, constrained):
    crf, _ = make(**constrained)

    def both(x, n):
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = crf.log_partition(x, n)
        return tape.gradient(total, x), crf.marginals(x, n)

    gradient, marginals = run(both, mode, logits(), LENGTHS)
    np.testing.assert_allclose(gradient, marginals, atol=1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_gradients_of_the_weights_are_finite_differences(mode, constrained):
    crf, chain = make(**constrained)
    x = logits()
    rows = list(zip(x, LENGTHS, strict=True))
    paths = [chain.legal_paths(row[:n])[-1][1] for row, n in rows]
    tags = np.array([[*path, *[0] * (STEPS - len(path))] for path in paths], "int32")
    row_weights = np.array([1.0, 2.0, 0.5, -1.0, 3.0], "float32")

    def gradients(x, tags, n):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(crf.log_likelihood(x, tags, n) * row_weights)
        return tape.gradient(total, [crf.start_scores, crf.transitions, crf.end_scores])

    def reference():
        pairs = zip(rows, paths, strict=True)
        return np.dot([chain.log_likelihood(x[:n], path) for (x, n), path in pairs], row_weights)

    got = run(gradients, mode, x, tags, LENGTHS)
    for scores, gradient in zip([chain.start, chain.transitions, chain.end], got, strict=True):
        for index in np.ndindex(scores.shape):
            if np.isinf(scores[index]):
                assert gradient[index] == 0
                continue
            kept, step = scores[index], 1e-5
            scores[index] = kept + step
            above = reference()
            scores[index] = kept - step
            below = reference()
            scores[index] = kept
            assert gradient[index] == pytest.approx((above - below) / (2 * step), abs=1e-4)


@pytest.mark.parametrize("mode", MODES)
def test_confidence_can_be_trained(mode):
    # Differentiates through the marginals; their gradient is that of the enumeration.
    crf, chain = make(**CONSTRAINTS["constrained"])
    x = logits(rows=1)
    lengths = np.array([STEPS], "int32")

    def gradient(x, n):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = tf.reduce_sum(crf.marginals(x, n) ** 2)
        return tape.gradient(value, x)

    got = run(gradient, mode, x, lengths)[0]
    row = x[0].astype(float)
    for index in np.ndindex(row.shape):
        values = []
        for step in (1e-5, -1e-5):
            moved = row.copy()
            moved[index] += step
            values.append((chain.marginals(moved) ** 2).sum())
        assert got[index] == pytest.approx((values[0] - values[1]) / 2e-5, abs=1e-4)


def everything(crf, x, lengths, tags):
    potentials = crf(x, lengths=lengths)
    return [
        crf.log_partition(potentials, lengths),
        crf.log_likelihood(potentials, tags, lengths),
        crf.viterbi(potentials, lengths),
        crf.n_best(potentials, lengths, count=2),
        crf.marginals(potentials, lengths),
    ]


def assert_same(got, expected):
    for a, b in zip(keras.tree.flatten(got), keras.tree.flatten(expected), strict=True):
        np.testing.assert_array_equal(a, b)


def test_padding_changes_nothing_whatever_it_holds():
    crf, _ = make(**CONSTRAINTS["constrained"])
    x, tags = logits(), np.tile([1, 2, 0, 0], (len(LENGTHS), 1)).astype("int32")
    extra = [(0, 0), (0, STEPS)]
    longer = np.pad(x, [*extra, (0, 0)], constant_values=np.nan)
    longer_tags = np.pad(tags, extra, constant_values=-1)
    for a, b in zip(
        keras.tree.flatten(everything(crf, x, LENGTHS, tags)),
        keras.tree.flatten(everything(crf, longer, LENGTHS, longer_tags)),
        strict=True,
    ):
        b = np.array(b)
        time = [axis for axis in range(b.ndim) if b.shape[axis] == 2 * STEPS]
        for axis in time:
            b, rest = np.split(b, 2, axis=axis)
            assert not rest.any()
        np.testing.assert_allclose(b, a, atol=1e-6)


@pytest.mark.full(default=4)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(2, 0, 3), (0, 4, 3), (2, 1, 3), (2, 3, 1)])
def test_shapes_at_the_edge(shape, mode):
    crf, chain = make(num_tags=shape[2])
    x = logits(shape[2], *shape[:2])
    lengths = np.full(shape[0], shape[1], "int32")
    tags = np.zeros(shape[:2], "int32")

    def function(x, n, tags):
        with tf.GradientTape() as tape:
            tape.watch(x)
            results = everything(crf, x, n, tags)
            total = tf.reduce_sum(results[1])
        return results, tape.gradient(total, [x, *crf.trainable_variables])

    results, gradients = run(function, mode, x, lengths, tags)
    log_partition, likelihood, (best, score), (several, _), marginals = results
    assert gradients[0].shape == shape
    assert marginals.shape == shape
    assert best.shape == shape[:2]
    assert several.shape == (shape[0], 2, shape[1])
    assert likelihood.shape == score.shape == (shape[0],)
    np.testing.assert_allclose(log_partition, [chain.log_partition(row) for row in x], atol=1e-5)


def test_all_steps_are_real_without_lengths():
    crf, _ = make()
    x, full = logits(), np.full(len(LENGTHS), STEPS)
    tags = np.zeros(x.shape[:2], "int32")
    assert_same(everything(crf, x, None, tags), everything(crf, x, full, tags))


@pytest.mark.parametrize("scale", [1.0, 100.0, 1e4])
def test_the_forbidden_never_happens_whatever_the_logits_say(scale):
    crf, chain = make(**CONSTRAINTS["constrained"])
    x = logits(rows=40, scale=scale)
    # The logits insist on tag 2, which must neither be first nor repeated.
    x[::2, 0, 2] += 10 * scale
    x[1::2, 1:, 2] += 10 * scale
    tags, _ = crf.viterbi(x)
    for row, path in zip(x, np.array(tags), strict=True):
        best, _ = chain.legal_paths(row)[0]
        assert chain.score(row, tuple(path)) == pytest.approx(best, rel=1e-5)
    marginals = np.array(crf.marginals(x))
    np.testing.assert_allclose(marginals.sum(axis=-1), 1.0, atol=1e-6)
    assert not marginals[:, 0, 2].any()
    assert not marginals[:, -1, 1].any()
    with tf.GradientTape() as tape:
        loss = -tf.reduce_sum(crf.log_likelihood(x, tags))
    gradients = tape.gradient(loss, [crf.transitions, crf.start_scores, crf.end_scores])
    assert all(np.all(np.isfinite(gradient)) for gradient in gradients)
    assert not any(gradients[0].numpy()[a, b] for a, b in crf.forbidden_transitions)


def test_everything_stays_finite_where_no_path_is_legal():
    crf, _ = make(forbidden_starts=[0, 1, 2])
    x = logits()
    with tf.GradientTape() as tape:
        loss = -tf.reduce_sum(crf.log_likelihood(x, np.zeros(x.shape[:2], "int32"), LENGTHS))
    gradients = tape.gradient(loss, crf.trainable_variables)
    assert all(np.all(np.isfinite(value)) for value in [loss, *gradients])
    assert np.all(np.isfinite(crf.marginals(x, LENGTHS)))
    _, scores = crf.n_best(x, LENGTHS, count=2)
    assert np.array(scores).tolist() == [[0.0 if n == 0 else -np.inf, -np.inf] for n in LENGTHS]


@pytest.mark.full
def test_long_rows_keep_their_precision():
    # Independent steps: the log partition is the sum of the steps' own.
    crf = CRF(5)
    x = logits(5, rows=2, steps=500)
    expected = np.logaddexp.reduce(x.astype(float), axis=-1).sum(axis=-1)
    np.testing.assert_allclose(crf.log_partition(x), expected, rtol=1e-6)
    np.testing.assert_allclose(np.sum(crf.marginals(x), axis=-1), 1.0, atol=1e-6)


@pytest.mark.full
def test_one_trace_serves_all_lengths():
    crf, _ = make()
    traces = []

    def function(x, tags, lengths):
        traces.append(x)
        return everything(crf, x, lengths, tags)

    specs = [([None, None, 3], tf.float32), ([None, None], tf.int32), ([None], tf.int32)]
    function = tf.function(function, input_signature=[tf.TensorSpec(*spec) for spec in specs])
    for steps in (1, 3, 7):
        x = logits(steps=steps)
        lengths = np.minimum(LENGTHS, steps)
        function(x, np.zeros(x.shape[:2], "int32"), lengths)
    assert len(traces) == 1


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_rounds_nothing(policy):
    crf, _ = make()
    mixed = CRF(3, dtype=policy)
    mixed.set_weights(crf.get_weights())
    x = logits()
    assert mixed(x).dtype == "float32"
    assert all(weight.dtype == "float32" for weight in mixed.weights)
    tags = np.zeros(x.shape[:2], "int32")
    assert_same(everything(mixed, x, LENGTHS, tags), everything(crf, x, LENGTHS, tags))
    assert mixed(keras.KerasTensor((None, None, 3), dtype="float16")).dtype == "float32"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_tags": 0}, "num_tags=0"),
        ({"num_tags": 2, "forbidden_transitions": [(0, 2)]}, "forbidden_transitions"),
        ({"num_tags": 2, "forbidden_starts": [-1]}, "forbidden_starts"),
        ({"num_tags": 2, "forbidden_ends": [2]}, "forbidden_ends"),
    ],
)
def test_arguments_that_cannot_be_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        CRF(**arguments)


def test_logits_of_another_width_are_refused():
    with pytest.raises(ValueError, match="num_tags=3"):
        CRF(3)(np.zeros((1, 2, 4), "float32"))
    with pytest.raises(ValueError, match="count=0"):
        CRF(3).n_best(np.zeros((1, 2, 3), "float32"), count=0)


def test_a_tag_that_is_ruled_out_makes_no_likelihood_nan():
    layer = CRF(3)
    layer.build((None, None, 3))
    potentials = np.zeros((1, 4, 3), "float32")
    potentials[:, :, 2] = -np.inf
    inputs = potentials, np.zeros((1, 4), "int32"), np.array([4])
    (value,) = layer.log_likelihood(*inputs)
    assert np.isfinite(value)
    # The same as with the tag ruled out by a very low score.
    low = np.where(np.isinf(potentials), np.float32(-1e4), potentials)
    np.testing.assert_allclose(value, layer.log_likelihood(low, *inputs[1:])[0], rtol=1e-6)
