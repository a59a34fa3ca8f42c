"""The best symbols by blocks are those of all symbols, and a row alone is the row in a batch."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.decoding.best_symbols import best_symbols, log_normalizer

VOCABULARIES = [1, 5, 32, 33, 64, 500, 1000]


def random_logits(rows: int, vocabulary: int, ties: bool) -> np.ndarray:
    logits = np.random.default_rng(vocabulary).normal(size=(rows, vocabulary)) * 3
    return (np.round(logits) if ties else logits).astype("float32")


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_they_are_the_first_of_all_in_order(vocabulary, ties):
    logits = random_logits(50, vocabulary, ties)
    logits[7, : vocabulary // 2] = -np.inf
    logits[8] = -np.inf
    order = np.argsort(-logits, axis=1, kind="stable")
    for count in {1, min(3, vocabulary), min(9, vocabulary), min(40, vocabulary), vocabulary}:
        values, ids = best_symbols(tf.constant(logits), count)
        np.testing.assert_array_equal(ids, order[:, :count])
        np.testing.assert_array_equal(values, np.take_along_axis(logits, order[:, :count], axis=1))


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_the_normalizer_makes_probabilities(vocabulary):
    logits = random_logits(20, vocabulary, ties=False)
    best, log_sum = log_normalizer(tf.constant(logits))
    assert log_sum.numpy().min() >= 0
    exact = logits - np.logaddexp.reduce(logits.astype("float64"), axis=1, keepdims=True)
    np.testing.assert_allclose(logits - best - log_sum, exact, atol=3e-6)


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_a_row_alone_is_the_row_in_a_batch_to_the_bit(vocabulary):
    logits = random_logits(67, vocabulary, ties=False)
    together = [value.numpy() for value in log_normalizer(tf.constant(logits))]
    for rows in (1, 2, 5):
        for first in range(0, 60, rows):
            alone = log_normalizer(tf.constant(logits[first : first + rows]))
            for one, all_ in zip(alone, together, strict=True):
                np.testing.assert_array_equal(one, all_[first : first + rows])


def test_what_is_no_number_stays_within_the_vocabulary():
    logits = np.full((3, 100), np.nan, "float32")
    logits[1, :50] = 1.0
    logits[2] = np.inf
    _, ids = best_symbols(tf.constant(logits), 3)
    assert ids.numpy().min() >= 0
    assert ids.numpy().max() < 100
    assert np.isnan(log_normalizer(tf.constant(logits))[1]).all()


def test_no_rows_give_no_rows():
    values, ids = best_symbols(tf.zeros((0, 100)), 3)
    assert values.shape == ids.shape == (0, 3)
    assert [value.shape for value in log_normalizer(tf.zeros((0, 100)))] == [(0, 1), (0, 1)]
