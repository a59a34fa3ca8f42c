"""Penalties by their formulas; no continuation of a live beam scores above its bound."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.decoding import CoveragePenalty, LengthPenalty, coverage_score, length_divisor

SOONEST, LATEST = 4, 9


def test_length_divisor_is_the_formula():
    lengths = np.array([[1], [7], [30]])
    found = length_divisor(lengths, [0.0, 0.6, 2.0]).numpy()
    np.testing.assert_allclose(found[:, 0], [1.0, 2.0**0.6, (35 / 6) ** 2])
    assert found.dtype == np.float64
    assert length_divisor(lengths, "average").numpy().tolist() == [[1.0], [7.0], [30.0]]


@pytest.mark.parametrize("penalty", [-1000.0, -1.0, 0.0, 0.3, 1.0, 1000.0, "average"])
def test_length_divisor_changes_in_one_direction_and_is_never_0_or_infinite(penalty):
    found = length_divisor(np.arange(1, 300)[:, None], penalty).numpy()[:, 0]
    assert np.all(np.isfinite(found) & (found > 0))
    steps = np.diff(found)
    assert np.all(steps >= 0) or np.all(steps <= 0)


def test_coverage_is_the_formula():
    coverage = np.array([[[0.5, 2.0, 0.25], [1.0, 1.0, 3.0]], [[0.1, 0.0, 0.0], [2.0, 0.5, 0.0]]])
    found = coverage_score(coverage, [1.0, 0.5], [3, 1]).numpy()
    expected = [[math.log(0.5) + math.log(0.25), 0.0], [0.5 * math.log(0.1), 0.0]]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert np.isfinite(coverage_score(coverage, 1.0).numpy()).all()


def test_padding_of_the_memory_does_not_change_the_score():
    """As it is returned, in float32: logarithms differ in the last bit by place."""
    generator = np.random.default_rng(0)
    coverage = generator.random((4, 3, 17)).astype("float32")
    lengths = [17, 5, 0, 9]
    padded = np.pad(coverage, [(0, 0), (0, 0), (0, 100)])
    together = coverage_score(padded, 0.3, lengths).numpy().astype("float32")
    for row, length in enumerate(lengths):
        alone = coverage_score(coverage[row : row + 1, :, :length], 0.3, [length])
        np.testing.assert_array_equal(alone.numpy().astype("float32"), together[row : row + 1])


def test_no_memory_and_no_rows():
    assert coverage_score(tf.zeros((2, 3, 0)), 1.0, [0, 0]).numpy().tolist() == [[0.0] * 3] * 2
    assert coverage_score(tf.zeros((0, 3, 4)), 1.0).shape == (0, 3)


@pytest.mark.parametrize("length_penalty", [-2.0, -0.3, 0.0, 0.6, 3.0, "average"])
@pytest.mark.parametrize("coverage_penalty", [0.0, 0.7, -0.4])
def test_no_continuation_scores_above_the_bound(length_penalty, coverage_penalty):
    generator = np.random.default_rng(0)
    scorers = [LengthPenalty(length_penalty), CoveragePenalty(coverage_penalty, [3, 2])]

    def score(scores, num_symbols, coverage):
        for scorer in scorers:
            scores = scorer.score(scores, num_symbols, coverage)
        return scores

    now = -generator.random((2, 4)) * 5
    coverage = generator.random((2, 4, 3)).astype("float32")
    bound = tf.constant(now)
    for scorer in scorers:
        bound = scorer.bound(bound, [[SOONEST]], [[LATEST]], coverage)
    bound = bound.numpy()
    best = np.full((2, 4), -np.inf)
    for num_symbols in range(SOONEST, LATEST + 1):
        for lost, read in [(0.0, 0.0), (0.0, 5.0), (0.5, 0.2), (0.01, 1.0)]:
            more = coverage + np.float32(read) * generator.random((2, 4, 3)).astype("float32")
            if read == 5.0:
                more = coverage + 1.0
            best = np.maximum(best, score(now - lost, [[num_symbols]], more))
    assert np.all(best <= bound)
    # A penalty can vanish and a reward can stay, at any length: the bound is no wider than it must.
    np.testing.assert_allclose(best, bound)


def test_impossible_beams_have_no_bound():
    nothing = tf.constant([[-np.inf, -1.0]], tf.float64)
    bound = LengthPenalty(-1000.0).bound(nothing, [[300]], [[500]], ()).numpy()
    assert bound[0, 0] == -np.inf
    assert np.isfinite(bound[0, 1])
