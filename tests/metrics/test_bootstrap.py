"""Bootstrap intervals agree with resampling and are seeded."""

from __future__ import annotations

import math

import numpy as np
import pytest

from seqsuite.metrics import bootstrap


def test_bootstrap_interval_agrees_with_resampling_and_the_normal_interval():
    correct = np.arange(400) < 320
    low, high = bootstrap.bootstrap_interval(correct, seed=4, resamples=20_000)
    half = 1.96 * math.sqrt(0.8 * 0.2 / 400)
    assert low == pytest.approx(0.8 - half, abs=0.004)
    assert high == pytest.approx(0.8 + half, abs=0.004)
    random = np.random.default_rng(5)
    shares = correct[random.integers(400, size=(4000, 400))].mean(axis=1)
    np.testing.assert_allclose((low, high), np.quantile(shares, [0.025, 0.975]), atol=0.004)


def test_bootstrap_interval_is_seeded_and_nested():
    correct = np.random.default_rng(6).random(25_000) < 0.9
    wide = bootstrap.bootstrap_interval(correct, seed=7, level=0.99)
    narrow = bootstrap.bootstrap_interval(correct, seed=7, level=0.8)
    assert wide[0] <= narrow[0] <= correct.mean() <= narrow[1] <= wide[1]
    assert wide == bootstrap.bootstrap_interval(correct, seed=7, level=0.99)


def test_the_interval_of_a_ratio_agrees_with_resampling_its_units():
    random = np.random.default_rng(9)
    wholes = random.integers(0, 12, 300)
    parts = random.binomial(wholes, random.choice([0.2, 0.9], 300))
    found = bootstrap.bootstrap_ratio_interval(parts, wholes, resamples=10_000)
    drawn = random.integers(300, size=(10_000, 300))
    expected = np.quantile(parts[drawn].sum(axis=1) / wholes[drawn].sum(axis=1), [0.025, 0.975])
    np.testing.assert_allclose(found, expected, atol=0.004)


def test_the_interval_of_a_ratio_is_seeded_and_the_order_of_units_changes_nothing():
    random = np.random.default_rng(10)
    wholes = random.integers(1, 9, 50)
    parts = random.binomial(wholes, 0.7)
    found = bootstrap.bootstrap_ratio_interval(parts, wholes, seed=1)
    assert found == bootstrap.bootstrap_ratio_interval(parts[::-1], wholes[::-1], seed=1)
    assert found != bootstrap.bootstrap_ratio_interval(parts, wholes, seed=2)


def test_units_of_one_answer_each_have_the_interval_of_their_share():
    correct = np.arange(400) < 320
    found = bootstrap.bootstrap_ratio_interval(correct, np.ones(400), resamples=20_000)
    expected = bootstrap.bootstrap_interval(correct, resamples=20_000)
    np.testing.assert_allclose(found, expected, atol=0.004)


def test_a_ratio_of_nothing_is_0():
    assert bootstrap.bootstrap_ratio_interval(np.zeros(3), np.zeros(3)) == (0.0, 0.0)
