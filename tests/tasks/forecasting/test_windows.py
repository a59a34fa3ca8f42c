"""Windows against loops over the rows of each series."""

from __future__ import annotations

import math

import numpy as np
import pytest

from seqsuite.tasks.forecasting import windows as forecast_windows
from seqsuite.tasks.forecasting.windows import (
    SeriesWindows,
    evenly_chosen,
    every_origin,
    origins,
    window_batches,
)


def _series(seed=0, gaps=True):
    """Series with gaps, one of them short, one without any value, one without rows; or whole."""
    random = np.random.default_rng(seed)
    arrays = [random.normal(size=length) for length in (30, 7, 12, 0, 25)]
    if not gaps:
        return arrays
    for array in arrays:
        array[random.random(len(array)) < 0.3] = np.nan
    arrays[2][:] = np.nan
    return arrays


def _all_windows(arrays, prediction_length=1):
    rows = [origins(len(array), 0, prediction_length) for array in arrays]
    return next(window_batches(rows, 10_000))


def _last(values):
    known = [value for value in values if not math.isnan(value)]
    return known[-1] if known else math.nan


def test_origins_are_counted_back_from_the_end():
    for rows, first, steps, size in ((20, 3, 4, 1), (20, 3, 4, 5), (9, 9, 1, 1), (5, 0, 5, 2)):
        found = origins(rows, first, steps, step_size=size)
        expected = sorted(range(rows - steps, first - 1, -size))
        assert found.tolist() == expected
        assert origins(rows, first, steps, 2, size).tolist() == expected[-2:]


def test_every_window_of_the_usual_split_is_counted():
    # ETTh1: 2,880 test rows have 2,880 - H + 1 windows of horizon H.
    assert len(origins(14_400, 11_520, 96)) == 2785
    assert len(origins(14_400, 11_520, 720)) == 2161


@pytest.mark.parametrize("batch_size", [1, 4, 100])
@pytest.mark.parametrize("most", [3, 100])
def test_ranges_of_windows_are_the_windows(batch_size, most):
    lengths = (7, 2, 12, 0, 9)
    ranges = [every_origin(length, 2, 3) for length in lengths]
    lists = [origins(length, 2, 3) for length in lengths]
    assert [list(part) for part in ranges] == [part.tolist() for part in lists]
    expected = [(one, row) for one, rows in enumerate(lists) for row in rows.tolist()]
    kept = np.linspace(0, len(expected) - 1, min(most, len(expected))).round().astype(int)
    found = []
    for series, rows in window_batches(evenly_chosen(ranges, most), batch_size):
        assert len(series) <= batch_size
        found += zip(series.tolist(), rows.tolist(), strict=True)
    assert found == [expected[place] for place in kept]


@pytest.mark.parametrize("arguments", [(5, 0, 0), (5, 0, 1, 0), (5, 0, 1, 1, 0)])
def test_origins_refuse_what_is_not_positive(arguments):
    with pytest.raises(ValueError, match="must be positive"):
        origins(*arguments)


def test_targets_end_with_the_series():
    arrays = _series()
    windows = SeriesWindows(arrays)
    series, rows = _all_windows(arrays)
    targets, held = windows.targets(series, rows, 6)
    for index, (one, row) in enumerate(zip(series, rows, strict=True)):
        expected = arrays[one][row : row + 6]
        assert held[index] == len(expected)
        np.testing.assert_array_equal(targets[index, : len(expected)], expected)
        assert np.isnan(targets[index, len(expected) :]).all()


@pytest.mark.parametrize("gaps", [True, False])
@pytest.mark.parametrize("season", [1, 4, 11])
def test_seasonal_naive_repeats_the_last_value_of_each_phase(season, gaps):
    arrays = _series(gaps=gaps)
    windows = SeriesWindows(arrays, season)
    series, rows = _all_windows(arrays)
    found = windows.seasonal_naive(series, rows, 9)
    for index, (one, row) in enumerate(zip(series, rows, strict=True)):
        history = arrays[one][:row].tolist()
        for step in range(9):
            same = [history[t] for t in range(row) if (row + step - t) % season == 0]
            value = _last(same)
            expected = _last(history) if math.isnan(value) else value
            assert found[index, step] == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("gaps", [True, False])
def test_last_values_slopes_and_contexts_agree_with_loops(gaps):
    arrays = _series(1, gaps)
    windows = SeriesWindows(arrays)
    series, rows = _all_windows(arrays)
    last, slope = windows.last_value(series, rows), windows.slope(series, rows)
    context = windows.context(series, rows, 5)
    for index, (one, row) in enumerate(zip(series, rows, strict=True)):
        history = arrays[one][:row]
        assert last[index] == pytest.approx(_last(history), nan_ok=True)
        known = np.flatnonzero(np.isfinite(history))
        expected = 0.0
        if len(known) > 1:
            expected = (history[known[-1]] - history[known[0]]) / (known[-1] - known[0])
        assert slope[index] == pytest.approx(expected)
        filled = [_last(history[: max(0, t + 1)]) for t in range(row - 5, row)]
        np.testing.assert_allclose(context[index], filled)


def test_windows_do_not_read_what_comes_after_them():
    arrays = _series(2)
    changed = [array.copy() for array in arrays]
    changed[0][10:] = 99.0
    changed[1][:] = -99.0
    series, rows = np.array([0, 0]), np.array([0, 10])
    for method in ("seasonal_naive", "context"):
        before = getattr(SeriesWindows(arrays, 4), method)(series, rows, 8)
        after = getattr(SeriesWindows(changed, 4), method)(series, rows, 8)
        np.testing.assert_array_equal(before, after)


def test_infinite_values_are_missing():
    windows = SeriesWindows([np.array([1.0, np.inf, -np.inf])])
    assert windows.last_value(np.array([0]), np.array([3])).tolist() == [1.0]


def test_gaps_are_interpolated_inside_only():
    found = SeriesWindows([np.array([np.nan, 1.0, np.nan, 3.0, np.nan]), np.full(2, np.nan)])
    values = found.interpolated().values[:7]
    np.testing.assert_array_equal(values, [np.nan, 1, 2, 3, np.nan, np.nan, np.nan])


def test_batches_hold_every_window_once():
    rows = [np.arange(5), np.arange(0), np.arange(3, 9)]
    batches = list(window_batches(rows, 4))
    assert [len(series) for series, _ in batches] == [4, 4, 3]
    pairs = [pair for series, row in batches for pair in zip(series, row, strict=True)]
    assert pairs == [(i, r) for i, part in enumerate(rows) for r in part]
    assert list(window_batches([], 4)) == []


def test_chosen_windows_are_spread_over_all_series():
    rows = [np.arange(100), np.arange(0), np.arange(50, 350)]
    chosen = evenly_chosen(rows, 40)
    assert sum(map(len, chosen)) == 40
    assert [len(part) for part in chosen] == [10, 0, 30]
    for part, every in zip(chosen, rows, strict=True):
        assert np.isin(part, every).all()
        assert len(np.unique(part)) == len(part)
    assert (chosen[0][0], chosen[2][-1]) == (0, 349)
    assert evenly_chosen(rows, 400) == rows
    assert evenly_chosen([], 4) == []


@pytest.mark.parametrize("laid_out", [1, 20, 1000])
@pytest.mark.parametrize("season_steps", [1, 3, 7])
def test_what_was_seen_last_is_so_however_many_series_are_laid_out_at_once(
    laid_out, season_steps, monkeypatch
):
    monkeypatch.setattr(forecast_windows, "_LAID_OUT", laid_out)
    random = np.random.default_rng(0)
    arrays = [np.where(random.random(n) < 0.4, np.nan, random.normal(size=n)) for n in (9, 1, 0, 5)]
    windows = SeriesWindows([*arrays, np.full(4, np.nan), np.arange(6.0)], season_steps)
    for start, end in zip(windows.starts, windows.ends, strict=True):
        for row in range(start, end):
            for seen, period in ((windows.seen, 1), (windows.seen_in_phase, season_steps)):
                before = range(row, start - 1, -period)
                known = [place for place in before if np.isfinite(windows.values[place])]
                assert seen[row] == (known[0] if known else -1)
