"""The reference for attention on cases worked by hand."""

from __future__ import annotations

import math

import numpy as np

from tests.reference import attention

MEMORY = np.array([[1.0, 0.0], [0.0, 2.0], [9.0, 9.0]])


def test_reading_is_a_mean_of_the_real_places():
    # Scores 0 and log 3: weights 1/4 and 3/4.
    context, weights = attention.read([0.0, math.log(3.0), 50.0], MEMORY, 2)
    np.testing.assert_allclose(weights, [0.25, 0.75, 0.0], atol=1e-15)
    np.testing.assert_allclose(context, [0.25, 1.5], atol=1e-15)


def test_an_empty_memory_reads_as_zeros():
    context, weights = attention.read([0.0, 0.0, 0.0], MEMORY, 0)
    assert not context.any()
    assert not weights.any()


def test_luong_scores():
    query = np.array([2.0, 3.0])
    np.testing.assert_array_equal(attention.luong_scores(query, MEMORY), [2.0, 6.0, 45.0])
    swap = np.array([[0.0, 1.0], [1.0, 0.0]])
    swapped = attention.luong_scores(query, MEMORY, swap, scale=0.5)
    np.testing.assert_array_equal(swapped, [1.5, 2.0, 22.5])


def test_additive_scores():
    weights = np.array([[1.0]]), np.array([[1.0], [0.0]]), np.array([[-4.0]])
    query = np.array([0.5])
    expected = [-4 * math.tanh(1.5), -4 * math.tanh(0.5), -4 * math.tanh(9.5)]
    np.testing.assert_allclose(attention.additive_scores(query, MEMORY, weights), expected)
    # Normalised, the vector -4 becomes -1, and then 3 times that; and the bias enters within.
    scaled = attention.additive_scores(query, MEMORY, weights, scale=3.0, bias=1.0)
    np.testing.assert_allclose(scaled[0], -3 * math.tanh(2.5))


def test_location_features_look_to_both_sides():
    filters = np.array([[[1.0]], [[10.0]], [[100.0]]])
    seen = attention.location_features(np.array([0.0, 1.0, 0.0]), filters, np.array([[2.0]]))
    # The place before sees it on its right, the place after on its left.
    np.testing.assert_array_equal(seen[:, 0], [200.0, 20.0, 2.0])


def test_differences_find_a_gradient():
    (found,) = attention.numeric_gradients(lambda x: float((x**2).sum()), [np.array([1.0, -3.0])])
    np.testing.assert_allclose(found, [2.0, -6.0], atol=1e-8)
