"""The reference for sampling on cases worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.reference import sampling

LOGITS = [math.log(p) for p in (0.1, 0.4, 0.2, 0.3)]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ((1.0, 0, 1.0), [1, 3, 2, 0]),
        ((0.0, 0, 1.0), [1]),
        ((1.0, 2, 1.0), [1, 3]),
        ((1.0, 0, 0.5), [1, 3]),
        ((1.0, 0, 0.75), [1, 3, 2]),
        # Of what the three leave, 4/9 + 3/9 are 0.78.
        ((1.0, 3, 0.75), [1, 3]),
        # Squared: 16/30, 9/30, 4/30, 1/30.
        ((0.5, 0, 0.5), [1]),
    ],
)
def test_symbols_that_stay(settings, expected):
    assert sampling.kept_ids(LOGITS, *settings) == expected


def test_probabilities_are_those_of_the_symbols_that_stay():
    found = sampling.probabilities(LOGITS, 1.0, 2, 1.0)
    np.testing.assert_allclose(found, [0.0, 4 / 7, 0.0, 3 / 7], atol=1e-15)
    found = sampling.probabilities(LOGITS, 0.5, 0, 1.0)
    np.testing.assert_allclose(found * 30, [1, 16, 4, 9], atol=1e-12)


def test_a_draw_finds_the_interval_of_the_number():
    distribution = np.array([0.0, 0.5, 0.0, 0.5, 0.0])
    drawn = [sampling.draw(distribution, number) for number in (0.0, 0.49, 0.5, 0.99)]
    assert drawn == [1, 1, 3, 3]


def test_mixing_follows_the_formula():
    # 1 is folded to 1, multiplied to 0x21F0AAAD, folded with its upper 17 bits 0x43E1, and so on.
    assert 0x21F0AAAD >> 15 == 0x43E1
    product = (0x21F0AAAD ^ 0x43E1) * 0x735A2D97 % 2**32
    assert sampling.mix(1) == product ^ product >> 15
    assert sampling.mix(0) == 0
