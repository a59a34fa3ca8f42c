"""Rules of thumb, the ridge and empirical intervals against loops and plain least squares."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from seqsuite.tasks.forecasting.baselines.rules import (
    Drift,
    EmpiricalIntervals,
    LastValue,
    RidgeOnLags,
    SeasonalNaive,
)
from seqsuite.tasks.forecasting.scales import training_scales
from seqsuite.tasks.forecasting.windows import SeriesWindows, evenly_chosen, origins


def _wave(rows, noise=0.0, seed=0, size=1.0, level=0.0):
    random = np.random.default_rng(seed)
    clean = np.sin(np.arange(rows) * 2 * np.pi / 12) * size + level
    return clean + random.normal(size=rows) * noise * size


def _prepared(arrays, season=12):
    return SeriesWindows(arrays, season), training_scales(arrays, season)


def test_rules_of_thumb_by_hand():
    windows, scales = _prepared([np.array([1.0, 2.0, 4.0, np.nan, 7.0])], season=3)
    one, row = np.array([0]), np.array([5])
    assert LastValue(2).forecast(windows, scales, one, row).tolist() == [[7, 7]]
    # The value three steps back is there; the one two back is missing, so the one before counts.
    assert SeasonalNaive(4).forecast(windows, scales, one, row).tolist() == [[4, 1, 7, 4]]
    assert Drift(2).forecast(windows, scales, one, row).tolist() == [[8.5, 10.0]]


@pytest.mark.parametrize("rule", [LastValue, SeasonalNaive, Drift])
def test_without_any_past_the_training_mean_is_forecast(rule):
    scales = training_scales([np.array([4.0, 6.0])], 3)
    windows = SeriesWindows([np.array([np.nan, np.nan, 1.0])], 3)
    for row in (0, 2):
        found = rule(4).forecast(windows, scales, np.array([0]), np.array([row]))
        assert found.tolist() == [[5.0] * 4]


def test_the_ridge_is_scikit_learns_on_windows_cut_in_a_loop():
    arrays = [_wave(150, 0.3), _wave(90, 0.3, 1, size=50.0, level=1000.0)]
    windows, scales = _prepared(arrays)
    model = RidgeOnLags(6, 24)
    assert model.fit(windows, scales) == ""
    model.refit(windows, scales)
    inputs, outputs = [], []
    for array, scale in zip(arrays, scales.scale, strict=True):
        for row in range(24, len(array) - 6 + 1):
            inputs.append((array[row - 24 : row] - array[row - 1]) / scale)
            outputs.append((array[row : row + 6] - array[row - 1]) / scale)
    expected = Ridge(model.alpha).fit(np.array(inputs), np.array(outputs))
    np.testing.assert_allclose(model.model.coef_, expected.coef_, atol=1e-8)
    history = (arrays[1][40:64] - arrays[1][63]) / scales.scale[1]
    forecast = expected.predict(history[None])[0] * scales.scale[1] + arrays[1][63]
    found = model.forecast(windows, scales, np.array([1]), np.array([64]))
    np.testing.assert_allclose(found[0], forecast)


def test_the_ridge_learns_a_wave_and_chooses_its_penalty_by_the_noise():
    quiet, noisy = _wave(600, 0.01), _wave(600, 3.0)
    alphas = []
    for array in (quiet, noisy):
        windows, scales = _prepared([array])
        model = RidgeOnLags(12, 24)
        model.fit(windows, scales)
        alphas.append(model.alpha)
        if array is quiet:
            found = model.forecast(windows, scales, np.array([0]), np.array([600]))
            np.testing.assert_allclose(found[0], _wave(612)[600:], atol=0.15)
    assert alphas[0] < alphas[1]


def test_the_penalty_is_chosen_on_rows_that_were_not_fitted():
    arrays = [_wave(100, 0.3)]
    changed = [arrays[0].copy()]
    changed[0][80:] += 50.0
    before, after = (RidgeOnLags(4, 12) for _ in range(2))
    scales = training_scales(arrays, 12)
    before.fit(SeriesWindows(arrays, 12), scales)
    after.fit(SeriesWindows(changed, 12), scales)
    # The same penalty gives the same weights, whatever came in the last fifth.
    after.alpha, expected = before.alpha, before.model.coef_
    early = after._train_rows(SeriesWindows(changed, 12), early=True)
    assert max(early[0]) + 4 <= 80
    assert min(after.held_out(SeriesWindows(changed, 12))[0]) >= 80
    pairs = after._pairs(SeriesWindows(changed, 12), scales, early)
    np.testing.assert_allclose(Ridge(after.alpha).fit(*pairs).coef_, expected, atol=1e-8)


def test_the_ridge_reads_gaps_and_contexts_that_begin_too_early():
    random = np.random.default_rng(2)
    arrays = [_wave(80, 0.1), _wave(10, 0.1), np.full(30, np.nan), np.zeros(0)]
    for array in arrays:
        array[random.random(len(array)) < 0.2] = np.nan
    windows, scales = _prepared(arrays)
    model = RidgeOnLags(4, 24)
    assert model.fit(windows, scales) == ""
    series = np.array([0, 0, 1, 2, 3])
    found = model.forecast(windows, scales, series, np.array([80, 1, 3, 30, 0]))
    assert np.isfinite(found).all()


@pytest.mark.parametrize("arrays", [[], [np.zeros(3)], [np.full(90, np.nan)]])
def test_a_ridge_without_training_windows_says_so(arrays):
    windows, scales = _prepared(arrays)
    model = RidgeOnLags(4, 24)
    assert "no window" in model.fit(windows, scales)
    with pytest.raises(ValueError, match="training windows"):
        model.forecast(*_prepared([np.zeros(9)]), np.array([0]), np.array([9]))


def test_a_ridge_too_short_to_hold_rows_out_is_fitted_all_the_same():
    windows, scales = _prepared([_wave(14, 0.1)], season=1)
    model = RidgeOnLags(6, 5)
    assert model.fit(windows, scales) == ""
    assert np.isfinite(model.forecast(windows, scales, np.array([0]), np.array([14]))).all()


def test_intervals_are_the_quantiles_of_past_errors_by_step():
    arrays = [_wave(200, 0.3), _wave(120, 1.0, 1, size=20.0)]
    windows, scales = _prepared(arrays)
    rule = SeasonalNaive(5)
    intervals = EmpiricalIntervals([0.1, 0.5, 0.9]).fit(rule, windows, scales)
    errors = []
    for array, naive in zip(arrays, scales.naive_error, strict=True):
        for row in range(12, len(array) - 5 + 1):
            errors.append((array[row : row + 5] - array[row - 12 : row - 7]) / naive)
    expected = np.quantile(errors, [0.1, 0.5, 0.9], axis=0).T
    np.testing.assert_allclose(intervals.offsets, expected)
    found = intervals.quantiles(np.ones((1, 5)), scales, np.array([1]))
    np.testing.assert_allclose(found[0], 1 + expected * scales.naive_error[1])


def test_intervals_cover_new_windows():
    past, coming = _wave(3000, 0.5), _wave(3000, 0.5, seed=7)
    windows, scales = _prepared([past])
    for rule in (SeasonalNaive(8), RidgeOnLags(8, 24)):
        rule.fit(windows, scales)
        intervals = EmpiricalIntervals([0.1, 0.9]).fit(rule, windows, scales)
        fresh = SeriesWindows([coming], 12)
        rows = origins(3000, 24, 8)
        series = np.zeros(len(rows), int)
        bands = intervals.quantiles(
            rule.forecast(fresh, scales, series, rows), scales, np.zeros(len(rows), int)
        )
        truth, _ = fresh.targets(series, rows, 8)
        inside = (truth >= bands[..., 0]) & (truth <= bands[..., 1])
        assert inside.mean() == pytest.approx(0.8, abs=0.03)


def test_intervals_take_no_more_windows_than_told():
    windows, scales = _prepared([_wave(500, 0.3)])
    rule = LastValue(3)
    rows = evenly_chosen(rule.held_out(windows), 50)[0]
    values = windows.values
    errors = [values[row : row + 3] - values[row - 1] for row in rows]
    found = EmpiricalIntervals([0.5], max_windows=50).fit(rule, windows, scales)
    expected = np.median(errors, axis=0) / scales.naive_error[0]
    np.testing.assert_allclose(found.offsets[:, 0], expected)


def test_intervals_of_nothing_are_the_forecast():
    windows, scales = _prepared([np.zeros(2)])
    intervals = EmpiricalIntervals([0.1, 0.9]).fit(LastValue(5), windows, scales)
    found = intervals.quantiles(np.full((1, 5), 3.0), scales, np.array([0]))
    assert found.tolist() == [[[3.0, 3.0]] * 5]


def test_a_step_that_was_never_observed_is_judged_by_all_errors():
    # Each second row is missing, and there is one window only.
    target = np.array([0.0, 1.0, np.nan, 4.0])
    windows, scales = _prepared([target], season=1)
    found = EmpiricalIntervals([0.5]).fit(LastValue(2), windows, scales)
    assert np.isfinite(found.offsets).all()
