"""Schedules against their closed forms."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from seqsuite import schedules
from seqsuite.schedules import learning_rate_factor


def test_constant_is_the_same_everywhere():
    assert [schedules.constant(step, 0.3) for step in (0, 5, 10**9)] == [0.3, 0.3, 0.3]


def test_linear_is_a_straight_line_that_stays_at_its_end():
    values = [schedules.linear(step, 4, start=1.0, end=0.2) for step in range(7)]
    np.testing.assert_allclose(values, [1.0, 0.8, 0.6, 0.4, 0.2, 0.2, 0.2])
    assert schedules.linear(0, 0, start=1.0, end=0.5) == 0.5


def test_exponential_multiplies_by_the_same_factor_each_step():
    values = [schedules.exponential(step, 0.9) for step in range(20)]
    np.testing.assert_allclose(np.divide(values[1:], values[:-1]), 0.9)
    assert values[0] == 1.0


def test_inverse_sigmoid_starts_high_halves_at_k_log_k_and_never_overflows():
    k = 50.0
    assert schedules.inverse_sigmoid(0, k) == k / (k + 1)
    assert schedules.inverse_sigmoid(k * math.log(k), k) == pytest.approx(0.5)
    assert schedules.inverse_sigmoid(10**9, k) == pytest.approx(0.0, abs=1e-300)
    values = [schedules.inverse_sigmoid(step, k) for step in range(0, 2000, 10)]
    assert all(a > b for a, b in itertools.pairwise(values))


def test_warm_up_rises_in_equal_parts_and_meets_the_shape_at_the_peak():
    for kind in schedules.LEARNING_RATE_SCHEDULES:
        values = [learning_rate_factor(kind, step, 100, warm_up_steps=5) for step in range(6)]
        np.testing.assert_allclose(values, [0.2, 0.4, 0.6, 0.8, 1.0, 1.0])


def test_cosine_is_halfway_in_the_middle_and_ends_at_the_final_fraction():
    at = lambda step: learning_rate_factor("cosine", step, 110, 10, final_fraction=0.1)  # noqa: E731
    assert at(60) == pytest.approx((1 + 0.1) / 2)
    assert at(110) == pytest.approx(0.1)
    assert at(10**6) == pytest.approx(0.1)
    assert at(35) == pytest.approx(0.1 + 0.9 * (1 + math.sqrt(0.5)) / 2)


def test_exponential_learning_rate_is_the_geometric_mean_in_the_middle():
    at = lambda step: learning_rate_factor("exponential", step, 40, final_fraction=0.04)  # noqa: E731
    assert at(0) == 1.0
    assert at(20) == pytest.approx(0.2)
    assert at(40) == pytest.approx(0.04)


@pytest.mark.parametrize("kind", ["constant", "reduce_on_plateau"])
def test_a_flat_learning_rate_ignores_the_final_fraction(kind):
    assert learning_rate_factor(kind, 99, 100, final_fraction=0.01) == 1.0


@pytest.mark.parametrize("kind", schedules.LEARNING_RATE_SCHEDULES)
@pytest.mark.parametrize(("total", "warm_up"), [(0, 0), (1, 0), (1, 1), (7, 3), (5, 9), (100, 10)])
def test_factors_are_plain_floats_in_range_and_arrays_agree_with_them(kind, total, warm_up):
    steps = np.arange(total + 12)
    together = learning_rate_factor(kind, steps, total, warm_up, 0.05)
    alone = [learning_rate_factor(kind, int(step), total, warm_up, 0.05) for step in steps]
    assert all(type(value) is float and 0 <= value <= 1 for value in alone)
    np.testing.assert_allclose(together, alone, rtol=1e-15)


@pytest.mark.parametrize(
    "schedule",
    [
        lambda step: schedules.constant(step, 0.5),
        lambda step: schedules.linear(step, 6, 0.1, 0.9),
        lambda step: schedules.exponential(step, 0.8),
        lambda step: schedules.inverse_sigmoid(step, 3.0),
    ],
)
def test_arrays_of_steps_give_arrays(schedule):
    steps = np.arange(10)
    np.testing.assert_allclose(schedule(steps), [schedule(int(step)) for step in steps])


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: learning_rate_factor("cosin", 0, 10), "kind='cosin'"),
        (lambda: learning_rate_factor("cosine", 0, -1), "total_steps=-1"),
        (lambda: learning_rate_factor("cosine", 0, 10, warm_up_steps=-2), "warm_up_steps=-2"),
        (lambda: learning_rate_factor("cosine", 0, 10, final_fraction=1.5), "final_fraction=1.5"),
        (lambda: schedules.linear(0, -1), "total_steps=-1"),
        (lambda: schedules.exponential(0, 1.2), "decay=1.2"),
        (lambda: schedules.inverse_sigmoid(0, 0.5), "k=0.5"),
    ],
)
def test_wrong_arguments_are_named_with_their_value(call, named):
    with pytest.raises(ValueError, match="Received: ") as caught:
        call()
    assert named in str(caught.value)


def test_an_unknown_schedule_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'linear'"):
        schedules.sampling_probability("linar", 10)
