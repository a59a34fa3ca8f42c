"""The table of baselines: every window counted, on data nobody was fitted to."""

from __future__ import annotations

import math

import numpy as np
import pytest

from seqsuite.tasks.forecasting.baselines.evaluate import forecast_baselines, series_scales
from seqsuite.tasks.forecasting.data.series import Series
from seqsuite.tasks.forecasting.scores import M4_HOURLY_NAIVE2

LEVELS = [0.025, 0.1, 0.5, 0.9, 0.975]


def _series(name, rows=260, first=200, seed=0, size=1.0, noise=0.3):
    random = np.random.default_rng(seed)
    values = np.sin(np.arange(rows) * 2 * np.pi / 12) + random.normal(size=rows) * noise
    return Series(name, np.arange(rows), values * size, first_target=first)


def _table(test, train_rows=150, **options):
    chosen = {
        "context_length": 24,
        "prediction_length": 12,
        "season_steps": 12,
        "horizons": [4, 12],
        "quantile_levels": LEVELS,
    } | options
    return forecast_baselines([one.part(train_rows) for one in test], test, **chosen)


def test_errors_of_the_rules_agree_with_a_loop_over_every_window():
    test = [_series("a"), _series("b", rows=240, seed=1, size=40.0)]
    found = _table(test)
    scales = [one.target[:150].std() for one in test]
    for horizon in (4, 12):
        sums = {"last value": [], "seasonal naive": []}
        for one, scale in zip(test, scales, strict=True):
            for row in range(200, one.num_rows - horizon + 1):
                truth = one.target[row : row + horizon]
                season = one.target[row - 12 : row - 12 + horizon]
                sums["last value"] += (((truth - one.target[row - 1]) / scale) ** 2).tolist()
                sums["seasonal naive"] += (((truth - season) / scale) ** 2).tolist()
        for name, errors in sums.items():
            value = found.metrics[name][f"mse_{horizon}"]
            assert value == pytest.approx(np.mean(errors))


def test_the_table_has_every_score_of_every_model():
    found = _table([_series("a"), _series("b", seed=1)], owa_denominators=M4_HOURLY_NAIVE2)
    assert list(found.metrics) == ["last value", "seasonal naive", "drift", "ridge on lags"]
    for name, row in found.metrics.items():
        assert all(math.isfinite(value) for value in row.values())
        assert {"mse_4", "mae_12", "mase", "smape", "owa", "crps", "skill"} <= set(row)
        assert {"coverage_80", "coverage_95", "width_80", "width_95"} <= set(row)
        assert found.errors[name].shape == (12,)
        assert found.observed[name].shape == (5,)
    assert found.metrics["seasonal naive"]["skill"] == 0.0
    assert found.metrics["ridge on lags"]["skill"] > 0
    assert found.metrics["last value"]["skill"] < 0
    # Windows are many, so nothing is fitted to each of them.
    assert len(found.notes) == 2
    assert "114 windows of 2 series" in found.notes[0]


def test_where_windows_are_few_exponential_smoothing_and_theta_are_in_the_table():
    found = _table([_series("a", rows=215)], train_rows=190, horizons=[12])
    assert list(found.metrics)[-2:] == ["ETS", "Theta"]
    assert found.metrics["ETS"]["skill"] > 0
    assert found.notes == []


def test_a_model_that_cannot_be_fitted_is_noted_and_left_out():
    test = [Series("a", np.arange(120), np.full(120, 3.0), first_target=108)]
    found = _table(test, train_rows=100)
    assert "ETS is left out: a constant history leaves nothing to fit" in found.notes
    assert "ETS" not in found.metrics
    assert found.metrics["last value"]["mse"] == 0.0
    short = _table([_series("a", rows=30, first=18)], train_rows=8)
    assert short.notes[0].startswith("ridge on lags is left out")


def test_without_levels_there_are_no_scores_of_quantiles():
    found = _table([_series("a")], quantile_levels=())
    assert "crps" not in found.metrics["ridge on lags"]
    assert found.observed == {}


def test_what_happens_in_the_test_part_changes_no_model():
    one = _series("a")
    other = Series("a", one.timestamps, one.target.copy(), first_target=200)
    other.target[-1] += 1000.0
    before, after = _table([one]), _table([other])
    # Intervals are made of training errors alone.
    for name in ("last value", "seasonal naive", "drift", "ridge on lags"):
        width = before.metrics[name]["width_95"]
        assert width == after.metrics[name]["width_95"]


def test_scales_are_of_training_rows_and_mase_of_all_rows_before_the_split():
    random = np.random.default_rng(3)
    one = Series("a", np.arange(60), random.normal(size=60), first_target=50)
    new = Series("new", np.arange(60), random.normal(size=60), first_target=40)
    scales = series_scales([one.part(30)], [one, new], 4)
    past, known = one.target[:30], new.target[:40]
    np.testing.assert_allclose(scales.center, [past.mean(), known.mean()])
    np.testing.assert_allclose(scales.scale, [past.std(), known.std()])
    naive = [np.abs(x[4:] - x[:-4]).mean() for x in (one.target[:50], known)]
    np.testing.assert_allclose(scales.naive_error, naive)


def test_gaps_short_histories_and_series_without_a_past_are_scored_all_the_same():
    random = np.random.default_rng(4)
    test = [_series("a"), _series("short", rows=30, first=12), _series("new", rows=20, first=0)]
    for one in test:
        one.target[random.random(one.num_rows) < 0.2] = np.nan
    found = forecast_baselines(
        [test[0].part(150), test[1].part(12)],
        test,
        context_length=24,
        prediction_length=12,
        season_steps=12,
        horizons=[4, 12],
        quantile_levels=LEVELS,
    )
    for row in found.metrics.values():
        assert all(math.isfinite(value) for value in row.values())


def test_thousands_of_short_series_are_scored_in_batches():
    random = np.random.default_rng(5)
    test = [
        Series(str(i), np.arange(60), random.normal(size=60) + i, first_target=48)
        for i in range(1500)
    ]
    found = _table(test, train_rows=48)
    assert found.metrics["ridge on lags"]["coverage_80"] == pytest.approx(0.8, abs=0.05)


def test_the_published_scores_of_m4_are_found(real_data):
    import csv
    import gzip

    folder = real_data / "forecasting" / "m4_hourly"
    if not folder.is_dir():
        pytest.skip("no M4")

    def read(part):
        with gzip.open(folder / f"Hourly-{part}.csv.gz", "rt") as file:
            rows = list(csv.reader(file))[1:]
        return {row[0]: [float(cell) for cell in row[1:] if cell] for row in rows}

    past, coming = read("train"), read("test")
    test = []
    for name, values in past.items():
        target = np.array(values + coming[name])
        test.append(Series(name, np.arange(len(target)), target, first_target=len(values)))
    found = forecast_baselines(
        [one.part(one.first_target) for one in test],
        test,
        context_length=24,
        prediction_length=48,
        season_steps=24,
        horizons=[48],
        owa_denominators=M4_HOURLY_NAIVE2,
    )
    # "Evaluation and Ranks" of the competition's repository.
    published = {"last value": (43.003, 11.608), "seasonal naive": (13.912, 1.193)}
    for name, (smape, mase) in published.items():
        assert found.metrics[name]["smape"] == pytest.approx(smape, abs=5e-4)
        assert found.metrics[name]["mase"] == pytest.approx(mase, abs=5e-4)
