"""Back-tests see only what was known, and a leak that is planted is found."""

from __future__ import annotations

import numpy as np
import pytest

from seqsuite.tasks.forecasting.backtest.rolling import assert_no_leak, backtest, cut, hide_future
from seqsuite.tasks.forecasting.data.series import Series


def _series(rows, name="a", seed=0, first_target=0):
    random = np.random.default_rng(seed)
    wind = np.array(random.choice(["N", "S", "cv"], rows).tolist(), object)
    covariates = {"wind": wind, "heat": random.normal(size=rows), "hour": np.arange(rows) % 24.0}
    target = random.normal(size=rows).cumsum()
    target[rows // 3] = np.nan
    times = 3600 * np.arange(rows)
    return Series(name, times, target, covariates, {"site": "x"}, first_target, "1h")


class Recorder:
    """A model that repeats the last value, and remembers what it was shown."""

    def __init__(self):
        self.fitted, self.asked = [], []

    def fit(self, known):
        self.fitted.append(known)
        return len(self.fitted)

    def predict(self, model, known):
        self.asked.append((model, known))
        return np.array([[s.target[s.first_target - 1] + model] * 3 for s in known])


def test_windows_end_with_the_series_and_see_only_what_was_known():
    one, model = _series(40), Recorder()
    windows = list(backtest(model.fit, model.predict, [one], 3, n_windows=4, step_size=5))
    assert [window.origin for window in windows] == [22, 27, 32, 37]
    for window, (_, (known,)) in zip(windows, model.asked, strict=True):
        origin = window.origin
        assert (known.first_target, known.num_rows) == (origin, origin + 3)
        np.testing.assert_array_equal(known.target[:origin], one.target[:origin])
        assert np.isnan(known.target[origin:]).all()
        assert np.isnan(known.covariates["heat"][origin:]).all()
        assert set(known.covariates["wind"][origin:]) == {""}
        np.testing.assert_array_equal(window.targets, one.target[origin : origin + 3])
        np.testing.assert_array_equal(window.mean, [one.target[origin - 1] + 1] * 3)
        assert (window.unique_id, window.timestamp) == ("a", 3600 * origin)
        assert window.quantiles is None
    ((trained,),) = model.fitted
    assert trained.num_rows == 22


@pytest.mark.parametrize(
    ("refit", "models"), [(False, [1, 1, 1, 1]), (True, [1, 2, 3, 4]), (2, [1, 1, 2, 2])]
)
def test_models_are_fitted_as_often_as_told_each_time_to_all_that_was_known(refit, models):
    one, model = _series(40), Recorder()
    list(backtest(model.fit, model.predict, [one], 3, n_windows=4, refit=refit))
    assert [found for found, _ in model.asked] == models
    origins = [known[0].first_target for _, known in model.asked]
    first_uses = [models.index(number) for number in sorted(set(models))]
    assert [part[0].num_rows for part in model.fitted] == [origins[i] for i in first_uses]


def test_short_series_join_when_they_have_rows_enough():
    series, model = [_series(40), _series(7, "b", 1), _series(3, "c", 2)], Recorder()
    windows = list(backtest(model.fit, model.predict, series, 3, n_windows=3))
    seen = [(window.unique_id, window.origin) for window in windows]
    assert seen == [("a", 31), ("a", 34), ("b", 1), ("a", 37), ("b", 4)]


def test_origins_stay_behind_the_first_target():
    one, model = _series(40, first_target=30), Recorder()
    windows = backtest(model.fit, model.predict, [one], 3, n_windows=9)
    assert [window.origin for window in windows] == [31, 34, 37]


def test_quantiles_come_with_their_windows():
    def predict(model, known):
        means = np.zeros((len(known), 2))
        return means, means[..., None] + [-1.0, 1.0]

    (window,) = backtest(lambda known: None, predict, [_series(9)], 2, n_windows=1)
    assert window.quantiles.tolist() == [[-1, 1], [-1, 1]]


def test_windows_come_one_by_one():
    model = Recorder()
    windows = backtest(model.fit, model.predict, [_series(400)], 3, n_windows=100)
    next(windows)
    assert len(model.asked) == 1


def test_unfit_back_tests_are_refused():
    model = Recorder()
    with pytest.raises(ValueError, match=r"more than 3 rows.*Received: \[3\]"):
        next(backtest(model.fit, model.predict, [_series(3)], 3, n_windows=1))
    with pytest.raises(ValueError, match=r"shape \(1, 4\)"):
        next(backtest(model.fit, model.predict, [_series(30)], 4, n_windows=1))


def test_what_is_known_ahead_stays():
    one = _series(40)
    known = hide_future(one, 20, 5, ["hour", "wind"])
    for name in ("hour", "wind"):
        np.testing.assert_array_equal(known.covariates[name], one.covariates[name][:25])
    assert np.isnan(known.covariates["heat"][20:]).all()
    assert known.covariates["heat"][19] == one.covariates["heat"][19]


def test_cut_leaves_the_rows_before():
    found = cut(_series(40, first_target=30), 20)
    assert (found.num_rows, found.first_target) == (20, 20)
    assert cut(_series(40, first_target=3), 20).first_target == 3


def _forecast(series, origin, scaled_rows, feature=None):
    """A small forecaster: the z-scored last day, and perhaps a covariate of the coming hour."""
    past = series.target[:origin]
    center, scale = np.nanmean(scaled_rows), np.nanstd(scaled_rows)
    forecast = {"mean": (past[-24:] - center) / scale}
    if feature is not None:
        value = series.covariates[feature][origin]
        forecast["feature"] = np.array([len(value) if isinstance(value, str) else value])
    return forecast


def test_an_honest_forecast_has_no_leak():
    one = _series(200)
    assert_no_leak(lambda s: _forecast(s, 150, s.target[:150]), one, 150)
    assert_no_leak(lambda s: _forecast(s, 150, s.target[:150], "hour"), one, 150, ["hour"])


@pytest.mark.parametrize("rows", [slice(None), slice(151), slice(150, 160)])
def test_a_scaler_fitted_on_rows_to_come_is_found(rows):
    one = _series(200)
    with pytest.raises(AssertionError, match="looks into the future"):
        assert_no_leak(lambda s: _forecast(s, 150, s.target[rows]), one, 150)


@pytest.mark.parametrize("feature", ["heat", "wind"])
def test_a_feature_of_the_future_is_found(feature):
    # A categorical leak shows where its value differs in what was made of it: here, its length.
    one = _series(200)
    origin = 150
    while feature == "wind" and one.covariates["wind"][origin] == "N":
        origin += 1
    with pytest.raises(AssertionError, match=f"from row {origin}"):
        assert_no_leak(lambda s: _forecast(s, origin, s.target[:origin], feature), one, origin)


def test_every_later_value_is_changed_also_the_missing_and_the_categorical():
    seen = []
    one = _series(60)
    one.target[40:45] = np.nan
    assert_no_leak(lambda s: seen.append(s) or 0.0, one, 30, ["hour"])
    before, after = seen
    np.testing.assert_array_equal(before.target[:30], after.target[:30])
    assert np.isfinite(after.target[30:]).all()
    assert (before.target[30:] != after.target[30:]).all()
    assert (before.covariates["heat"][30:] != after.covariates["heat"][30:]).all()
    assert (before.covariates["wind"][30:] != after.covariates["wind"][30:]).all()
    assert set(after.covariates["wind"]) <= {"N", "S", "cv"}
    np.testing.assert_array_equal(before.covariates["hour"], after.covariates["hour"])


def test_forecasts_of_another_shape_differ():
    with pytest.raises(AssertionError, match="inf"):
        assert_no_leak(lambda s: np.zeros(int(abs(s.target[-1])) + 1), _series(60), 30)


@pytest.mark.parametrize("origin", [0, 60])
def test_the_origin_lies_inside(origin):
    with pytest.raises(ValueError, match="60 rows"):
        assert_no_leak(lambda s: 0.0, _series(60), origin)
