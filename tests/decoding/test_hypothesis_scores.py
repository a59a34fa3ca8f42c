"""No continuation of a live beam scores above its bound; without coverage one reaches it."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.decoding.hypothesis_scores import HypothesisScores

SOONEST, LATEST = 4, 9


@pytest.mark.parametrize("length_penalty", [-2.0, -0.3, 0.0, 0.6, 3.0, "average"])
@pytest.mark.parametrize("coverage_penalty", [0.0, 0.7, -0.4])
def test_bound(length_penalty, coverage_penalty):
    generator = np.random.default_rng(0)
    scores = HypothesisScores(length_penalty, coverage_penalty, [3, 2])
    now = -generator.random((2, 4)) * 5
    coverage = generator.random((2, 4, 3)).astype("float32")
    bound = scores.bound(tf.constant(now), [[SOONEST]], [[LATEST]], coverage).numpy()
    best = np.full((2, 4), -np.inf)
    for num_symbols in range(SOONEST, LATEST + 1):
        for lost, read in [(0.0, 0.0), (0.0, 5.0), (0.5, 0.2), (0.01, 1.0)]:
            more = coverage + np.float32(read) * generator.random((2, 4, 3)).astype("float32")
            if read == 5.0:
                more = coverage + 1.0
            best = np.maximum(best, scores.score(now - lost, [[num_symbols]], more))
    assert np.all(best <= bound)
    # A penalty can vanish and a reward can stay, at any length: the bound is no wider than it must.
    np.testing.assert_allclose(best, bound)


def test_impossible_beams_have_no_bound():
    scores = HypothesisScores(-1000.0, 0.0, None)
    nothing = tf.constant([[-np.inf, -1.0]], tf.float64)
    bound = scores.bound(nothing, [[300]], [[500]], ()).numpy()
    assert bound[0, 0] == -np.inf
    assert np.isfinite(bound[0, 1])
