"""Conformal offsets against brute force, and the coverage that they promise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from seqsuite.tasks.forecasting.conformal import apply_conformal_offsets, fit_conformal_offsets

LEVELS = [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975]


def _covered(targets, bands, low, high):
    return ((targets >= bands[..., low]) & (targets <= bands[..., high])).mean()


def test_offsets_are_the_order_statistics_of_the_residuals():
    random = np.random.default_rng(0)
    targets, mean = random.normal(size=(50, 3)), random.normal(size=(50, 3))
    targets[random.random(targets.shape) < 0.2] = np.nan
    offsets = fit_conformal_offsets(targets, mean, LEVELS)
    for step in range(3):
        errors = sorted(e for e in targets[:, step] - mean[:, step] if np.isfinite(e))
        count = len(errors)
        for level, offset in zip(LEVELS, offsets[step], strict=True):
            if level == 0.5:
                assert offset == pytest.approx(np.median(errors))
                continue
            # As far out as needed, and no farther: of count + 1 values, this one among them.
            inner = [e for e in errors if (e <= offset if level > 0.5 else e >= offset)]
            share = max(level, 1 - level)
            reach = len(inner) / (count + 1)
            assert reach >= share - 1e-9 or offset in (errors[0], errors[-1])
            assert (len(inner) - 1) / (count + 1) < share


@pytest.mark.parametrize("num_windows", [19, 60])
def test_point_forecasts_cover_what_was_promised_on_average(num_windows):
    # Skewed errors that grow with the step; many calibration sets, each with one new window.
    random = np.random.default_rng(1)
    inside = []
    for _ in range(3000):
        errors = (random.exponential(size=(num_windows + 1, 2)) - 0.3) * [1, 5]
        offsets = fit_conformal_offsets(errors[:-1], np.zeros((num_windows, 2)), [0.1, 0.9])
        bands = apply_conformal_offsets(np.zeros((1, 2)), offsets, [0.1, 0.9])
        inside.append(_covered(errors[-1:], bands, 0, 1))
    # Both tails hold floor(0.1 (n + 1)) of n + 1 exchangeable places each.
    expected = 1 - 2 * np.floor(0.1 * (num_windows + 1) + 1e-9) / (num_windows + 1)
    assert np.mean(inside) == pytest.approx(expected, abs=0.015)
    assert expected >= 0.8


@pytest.mark.parametrize("width", [0.2, 1.5])
def test_quantiles_too_narrow_or_too_wide_are_mended_and_stay_adaptive(width):
    random = np.random.default_rng(2)
    size = random.uniform(0.5, 3, (4000, 1))
    targets = random.normal(size=(4000, 4)) * size
    claimed = norm.ppf(LEVELS) * (size * width)[..., None] * np.ones((1, 4, 1))
    offsets = fit_conformal_offsets(targets[:2000], claimed[:2000], LEVELS)
    bands = apply_conformal_offsets(claimed[2000:], offsets, LEVELS)
    for low, high, share in ((0, 6, 0.95), (1, 5, 0.8), (2, 4, 0.5)):
        assert _covered(targets[2000:], bands, low, high) == pytest.approx(share, abs=0.02)
    assert _covered(targets[2000:], claimed[2000:], 1, 5) != pytest.approx(0.8, abs=0.1)


def test_where_moved_quantiles_would_cross_coverage_is_more_than_promised_never_less():
    # What is added is the same for all windows: the smallest cannot take so much off.
    random = np.random.default_rng(5)
    size = random.uniform(0.5, 3, (4000, 1))
    targets = random.normal(size=(4000, 4)) * size
    claimed = norm.ppf(LEVELS) * (size * 4)[..., None] * np.ones((1, 4, 1))
    offsets = fit_conformal_offsets(targets[:2000], claimed[:2000], LEVELS)
    bands = apply_conformal_offsets(claimed[2000:], offsets, LEVELS)
    for low, high, share in ((0, 6, 0.95), (1, 5, 0.8), (2, 4, 0.5)):
        found = _covered(targets[2000:], bands, low, high)
        assert share - 0.02 < found < _covered(targets[2000:], claimed[2000:], low, high)


def test_quantiles_never_cross_and_intervals_only_grow():
    random = np.random.default_rng(3)
    forecasts = np.sort(random.normal(size=(30, 5, 7)), axis=-1)
    offsets = random.normal(size=(5, 7))
    bands = apply_conformal_offsets(forecasts, offsets, LEVELS)
    moved = forecasts + offsets
    assert (np.diff(bands, axis=-1) >= 0).all()
    np.testing.assert_array_equal(bands[..., 3], moved[..., 3])
    assert (bands[..., :3] <= moved[..., :3]).all()
    assert (bands[..., 4:] >= moved[..., 4:]).all()


def test_offsets_of_a_point_forecast_rise_with_the_level():
    random = np.random.default_rng(4)
    for count in (1, 2, 5, 39, 40):
        levels = np.sort(np.append(random.random(20), 0.5))
        offsets = fit_conformal_offsets(
            random.normal(size=(count, 2)), np.zeros((count, 2)), levels
        )
        assert (np.diff(offsets, axis=-1) >= 0).all()


def test_levels_without_a_middle_keep_all_of_their_order():
    offsets = np.array([[3.0, -3.0]])
    bands = apply_conformal_offsets(np.zeros((1, 1)), offsets, [0.1, 0.9])
    assert (np.diff(bands, axis=-1) >= 0).all()
    high = apply_conformal_offsets(np.zeros((1, 1)), np.array([[1.0, 0.0]]), [0.8, 0.9])
    assert high.tolist() == [[[1.0, 1.0]]]


def test_neighbouring_steps_lend_their_residuals():
    targets = np.array([[1.0, 2.0, 30.0], [3.0, 4.0, 50.0]])
    alone = fit_conformal_offsets(targets, np.zeros((2, 3)), [0.5])
    shared = fit_conformal_offsets(targets, np.zeros((2, 3)), [0.5], neighbours=1)
    assert alone.ravel().tolist() == [2, 3, 40]
    assert shared.ravel().tolist() == [2.5, 3.5, np.median([2, 4, 30, 50])]


def test_a_step_that_was_never_observed_is_judged_by_the_others():
    targets = np.array([[1.0, np.nan], [3.0, np.nan]])
    found = fit_conformal_offsets(targets, np.zeros((2, 2)), [0.1, 0.5, 0.9])
    np.testing.assert_array_equal(found[0], found[1])


def test_unfit_arguments_are_refused():
    with pytest.raises(ValueError, match="`forecasts` must have shape"):
        fit_conformal_offsets(np.zeros((2, 3)), np.zeros((2, 3, 4)), LEVELS)
    with pytest.raises(ValueError, match="none that is finite"):
        fit_conformal_offsets(np.full((2, 3), np.nan), np.zeros((2, 3)), LEVELS)
