"""The enumeration itself, on cases worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.reference.crf import Chain


def test_two_steps_by_hand():
    # Weights, not scores: start 1, 2; end 1, 3; 0 -> 1 counts 5, 1 -> 0 is forbidden.
    # 00: 1*7*1*1 = 7 (the second step's tag 0 weighs 7); 01: 1*5*1*3 = 15; 11: 2*1*1*3 = 6.
    with np.errstate(divide="ignore"):
        weights = [np.array([1, 2]), np.array([[1, 5], [0, 1]]), np.array([1, 3])]
        chain = Chain(*(np.log(weight) for weight in weights))
    potentials = np.log([[1, 1], [7, 1]])
    assert chain.log_partition(potentials) == pytest.approx(np.log(28))
    assert [path for _, path in chain.legal_paths(potentials)] == [(0, 1), (0, 0), (1, 1)]
    assert [np.exp(score) for score, _ in chain.legal_paths(potentials)] == pytest.approx(
        [15, 7, 6]
    )
    assert chain.log_likelihood(potentials, (1, 1)) == pytest.approx(np.log(6 / 28))
    expected = np.array([[22, 6], [7, 21]]) / 28
    np.testing.assert_allclose(chain.marginals(potentials), expected)


def test_one_step_is_a_softmax():
    chain = Chain(np.array([0.5, 0.0]), np.full((2, 2), 9.0), np.array([0.0, 1.5]))
    logits = np.array([[1.0, -1.0]])  # with start and end: 1.5 and 0.5
    np.testing.assert_allclose(chain.marginals(logits)[0, 0], 1 / (1 + np.exp(-1.0)))


def test_no_step_has_one_empty_path():
    chain = Chain(np.zeros(2), np.zeros((2, 2)), np.zeros(2))
    assert chain.legal_paths(np.zeros((0, 2))) == [(0.0, ())]
    assert chain.log_partition(np.zeros((0, 2))) == 0.0
