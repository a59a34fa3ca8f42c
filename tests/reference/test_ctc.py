"""The recursion against enumeration and finite differences, the enumeration by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax

from tests.reference.ctc import collapse, labelling_probabilities, loss_and_gradient


def test_collapse_merges_repeats_and_drops_blanks():
    assert collapse([0, 1, 1, 0, 1, 2, 0]) == (1, 1, 2)
    assert collapse([2, 0, 0, 1], blank=2) == (0, 1)


def test_two_frames_by_hand():
    # Blank 0.6 then 0.3, the symbol 0.4 then 0.7: "" is 0.18; all other paths say the symbol.
    found = labelling_probabilities(np.log([[0.6, 0.4], [0.3, 0.7]]))
    assert found == {(): pytest.approx(0.18), (1,): pytest.approx(0.82)}


@pytest.mark.parametrize("blank", [0, 2])
def test_the_recursion_is_the_enumeration(blank):
    logits = np.random.default_rng(0).normal(size=(5, 3)) * 2
    found = labelling_probabilities(log_softmax(logits, axis=1), blank)
    assert sum(found.values()) == pytest.approx(1)
    assert any(len(labels) == 3 for labels in found)
    for labels, probability in found.items():
        assert loss_and_gradient(logits, labels, blank)[0] == pytest.approx(-np.log(probability))
    other = 0 if blank else 1
    assert loss_and_gradient(logits[:2], (other, other), blank)[0] == np.inf


@pytest.mark.parametrize("labels", [(), (1,), (1, 1), (2, 1, 2)])
def test_the_gradient_is_that_of_finite_differences(labels):
    logits = np.random.default_rng(1).normal(size=(4, 3))
    _, gradient = loss_and_gradient(logits, labels)
    for place in np.ndindex(logits.shape):
        step = np.zeros(logits.shape)
        step[place] = 1e-6
        ends = [loss_and_gradient(logits + sign * step, labels)[0] for sign in (1, -1)]
        assert gradient[place] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-8)
