"""NADE: a NumPy loop over values, sums over all vectors, frequencies of draws."""

import itertools

import keras
import numpy as np
import pytest

from seqsuite.decoding.uniform_numbers import numpy_uniform
from seqsuite.layers import NADEHead
from seqsuite.layers.density.nade_head import draw


@pytest.fixture(scope="module")
def head():
    keras.utils.set_random_seed(1)
    layer = NADEHead(num_values=4, units=5)
    layer.build((None, 3), (None, 4))
    generator = np.random.default_rng(0)
    for weight in layer.weights:
        weight.assign(generator.normal(size=weight.shape))
    return layer


def reference_logits(head, features, values):
    """The logits of one vector, value by value."""
    bias = features @ np.array(head.bias.kernel) + np.array(head.bias.bias)
    hidden = features @ np.array(head.hidden_bias.kernel) + np.array(head.hidden_bias.bias)
    inputs, outputs = np.array(head.input_kernel), np.array(head.output_kernel)
    logits = []
    for index, value in enumerate(values):
        logits.append(bias[index] + outputs[index] @ (1 / (1 + np.exp(-hidden))))
        hidden = hidden + value * inputs[index]
    return np.array(logits)


def test_logits_are_those_of_a_loop_over_values(head):
    generator = np.random.default_rng(2)
    features = generator.normal(size=(2, 3, 3)).astype("float32")
    values = generator.integers(2, size=(2, 3, 4))
    logits = np.array(head(features, values))
    for row, step in np.ndindex(2, 3):
        expected = reference_logits(head, features[row, step], values[row, step])
        np.testing.assert_allclose(logits[row, step], expected, rtol=1e-4, atol=1e-5)


def test_the_probabilities_of_all_vectors_sum_to_one(head):
    vectors = np.array(list(itertools.product([0, 1], repeat=4)))
    features = np.repeat(np.array([[0.3, -1.0, 2.0]], "float32"), len(vectors), axis=0)
    logits = np.array(head(features, vectors), float)
    probabilities = np.exp(-np.logaddexp(0, np.where(vectors, -logits, logits)).sum(axis=1))
    assert probabilities.sum() == pytest.approx(1, abs=1e-6)
    numbers = numpy_uniform(3, np.arange(4 * 20_000)).reshape(-1, 4)
    drawn, drawn_logits = map(np.array, head.sample(np.repeat(features[:1], 20_000, 0), numbers))
    counts = np.bincount(drawn.astype(int) @ [8, 4, 2, 1], minlength=16)
    np.testing.assert_allclose(counts / 20_000, probabilities, atol=0.015)
    np.testing.assert_allclose(
        drawn_logits[:9], head(np.repeat(features[:1], 9, 0), drawn[:9]), atol=1e-4
    )


def test_without_temperature_each_value_is_the_likelier_one_given_those_before(head):
    features = np.random.default_rng(4).normal(size=(6, 3)).astype("float32")
    numbers = np.full((6, 4), 0.999, "float32")
    values, logits = map(np.array, head.sample(features, numbers, np.zeros(6)))
    assert (values == (logits > 0)).all()
    hot, _ = head.sample(features, numbers, 1e9)  # every probability is one half
    assert not np.array(hot).any()


def test_temperatures_scale_logits():
    logits = np.array([1.0, 1.0, -1.0, -1.0])
    probability = 1 / (1 + np.exp(-1.0 / 2))
    numbers = np.array([probability - 1e-3, probability + 1e-3, 0.0, 0.999])
    assert np.array(draw(logits, numbers, 2.0)).tolist() == [True, False, True, False]
    assert np.array(draw(logits, numbers, 0.0)).tolist() == [True, True, False, False]
