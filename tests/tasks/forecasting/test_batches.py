"""Windows over series: what is read, what comes after, and that each is there exactly once."""

import numpy as np
import pytest

from seqsuite.config import TrainingConfig
from seqsuite.tasks.forecasting.batches import EncodedSeries, WindowSettings
from seqsuite.tasks.forecasting.scales import SeriesScales


def encoded(lengths=(10, 3, 7), context=4, ahead=2, first=None, **settings):
    values = np.arange(sum(lengths), dtype=np.float32)
    observed = values % 5 != 4
    count = len(lengths)
    defaults = {"shortest_horizon": ahead, "shortest_history": context}
    return EncodedSeries(
        names=[f"s{i}" for i in range(count)],
        values=np.where(observed, values, 0).astype(np.float32),
        observed=observed,
        starts=np.concatenate([[0], np.cumsum(lengths)]),
        first_targets=np.array(first or [0] * count),
        first_steps=100 * np.arange(count),
        series_index=np.arange(1, count + 1, dtype=np.int32),
        scales=SeriesScales(np.arange(count) * 10.0, np.full(count, 2.0), np.ones(count)),
        covariates={
            "past_covariates": values[:, None] + 0.5,
            "future_covariates": values[:, None] + 0.25,
            "static_category_ids": np.arange(count, dtype=np.int32)[:, None],
        },
        settings=WindowSettings(context, ahead, **{**defaults, **settings}),
    )


def every(series):
    return np.arange(series.num_windows)


def by_hand(series):
    """All windows as (series, origin), found by trying every row."""
    found = []
    settings = series.settings
    for index, (start, stop) in enumerate(zip(series.starts, series.starts[1:], strict=False)):
        rows = stop - start
        spare = min(rows // 2, rows - settings.shortest_horizon)
        needed = min(settings.shortest_history, max(1, spare))
        for origin in range(rows):
            late = origin >= max(series.first_targets[index], needed)
            if late and rows - origin >= settings.shortest_horizon:
                found.append((index, origin))
    return found


@pytest.mark.parametrize("horizon", [1, 2])
@pytest.mark.parametrize("history", [1, 4])
@pytest.mark.parametrize("first", [None, [8, 1, 6]])
def test_windows_are_all_that_fit(horizon, history, first):
    series = encoded(first=first, shortest_horizon=horizon, shortest_history=history)
    found = list(zip(*map(np.ndarray.tolist, series.locate(every(series))), strict=True))
    assert found == by_hand(series)


def test_a_window_holds_what_came_before_and_what_came_after():
    series = encoded(shortest_history=1, shortest_horizon=1)
    windows, targets = series.batch(every(series)), series.target_batch(every(series))
    for row, (index, origin) in enumerate(by_hand(series)):
        start, stop = series.starts[index], series.starts[index + 1]
        begin = max(0, origin - 4)
        length = origin - begin
        assert windows["length"][row] == length
        assert windows["series_index"][row] == index + 1
        assert windows["last_step"][row] == 100 * index + origin - 1
        rows = np.arange(start + begin, start + origin)
        np.testing.assert_array_equal(windows["history"][row, :length], series.values[rows])
        np.testing.assert_array_equal(windows["observed"][row, :length], series.observed[rows])
        assert not windows["observed"][row, length:].any()
        assert not windows["history"][row, length:].any()
        np.testing.assert_array_equal(windows["past_covariates"][row, :length, 0], rows + 0.5)
        known = min(length + 2, stop - start - begin)
        np.testing.assert_array_equal(
            windows["future_covariates"][row, :known, 0], start + begin + np.arange(known) + 0.25
        )
        assert windows["static_category_ids"][row].tolist() == [index]
        after = np.full(2, np.nan)
        for step in range(2):
            place = start + origin + step
            if place < stop and series.observed[place]:
                after[step] = series.values[place]
        np.testing.assert_array_equal(targets[row], after)
        assert series.remaining(np.array([row]))[0] == stop - start - origin


def test_an_epoch_holds_every_window_once_and_another_order_each_time():
    series = encoded()
    training = TrainingConfig(max_batch_size=3)
    plans = [series.plan(training, epoch) for epoch in (0, 1, 0)]
    for plan in plans:
        assert sorted(np.concatenate(plan)) == every(series).tolist()
        assert max(map(len, plan)) == 3
    orders = [np.concatenate(plan).tolist() for plan in plans]
    assert orders[0] == orders[2] != orders[1]


def test_an_epoch_may_be_a_part_of_the_windows():
    series = encoded(windows_per_epoch=4, shortest_history=1)
    first, second = (np.concatenate(series.plan(TrainingConfig(), epoch)) for epoch in (0, 1))
    assert len(first) == len(set(first.tolist())) == 4
    assert set(first.tolist()) != set(second.tolist())


def test_evaluation_takes_all_windows_in_order_or_some_spread_evenly():
    series = encoded()
    assert np.concatenate(series.evaluation_plan(2)).tolist() == every(series).tolist()
    assert (
        np.concatenate(series.evaluation_plan(2, every=3)).tolist() == every(series)[::3].tolist()
    )


def test_numbers_go_back_into_the_units_of_their_series():
    series = encoded()
    numbers = every(series)
    which, _ = series.locate(numbers)
    ones = np.ones((len(numbers), 2))
    expected = np.repeat((2.0 + 10.0 * which)[:, None], 2, axis=1)
    np.testing.assert_array_equal(series.in_units(numbers, ones), expected)
    levels = series.in_units(numbers, ones[:, :, None].repeat(3, axis=2))
    np.testing.assert_array_equal(levels, expected[:, :, None].repeat(3, axis=2))


def test_batches_have_the_shapes_that_are_promised():
    series = encoded()
    features, targets, indices = series.specification
    numbers = every(series)
    for name, value in series.batch(numbers).items():
        assert features[name].shape.is_compatible_with(value.shape), name
        assert features[name].dtype == value.dtype, name
    assert targets.shape.is_compatible_with(series.target_batch(numbers).shape)
    assert indices.dtype == numbers.dtype


def test_a_series_with_rows_for_one_forecast_has_a_window():
    # Half of its rows as history would leave six, and nothing would be trained on.
    series = encoded(lengths=(12,), context=10, ahead=8)
    assert series.locate(every(series))[1].tolist() == [4]


def test_a_series_too_short_for_a_window_has_none():
    series = encoded(lengths=(1, 2))
    assert series.num_windows == 0
    assert series.plan(TrainingConfig()) == []


@pytest.mark.parametrize("counts", [False, True])
def test_a_decoder_is_told_what_came_after_and_learns_the_history_too(counts):
    plain = encoded(shortest_history=2)
    numbers = every(plain)
    window, future = plain.batch(numbers), plain.target_batch(numbers)
    told = encoded(shortest_history=2, teacher_forcing="future", counts=counts)
    np.testing.assert_array_equal(told.batch(numbers)["future_values"], future)
    np.testing.assert_array_equal(told.target_batch(numbers), future)
    scored = encoded(shortest_history=2, teacher_forcing="all", counts=counts)
    history = np.where(window["observed"], window["history"], np.nan)
    expected = np.concatenate([history, future], axis=1)
    series, _ = plain.locate(numbers)
    if counts:
        # The centers of the series are 0, 10, 20 and their scales 2.
        expected = expected * 2.0 + 10.0 * series[:, None]
        np.testing.assert_array_equal(scored.batch(numbers)["center"], 10.0 * series)
        np.testing.assert_array_equal(scored.batch(numbers)["scale"], np.full(len(series), 2.0))
    np.testing.assert_array_equal(scored.target_batch(numbers), expected)
    for settings in (told, scored):
        features, targets, _ = settings.specification
        found = settings.batch(numbers)
        assert set(features) == set(found)
        for name, value in found.items():
            assert (features[name].shape[1:], features[name].dtype) == (
                value.shape[1:],
                value.dtype,
            )
        assert targets.shape[1:] == settings.target_batch(numbers).shape[1:]
