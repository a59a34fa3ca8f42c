"""Scores of forecasts against loops over single values, hand-worked cases and scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import mean_pinball_loss

from seqsuite.tasks.forecasting import scales as series_scales
from seqsuite.tasks.forecasting.scales import SeriesScales, training_scales
from seqsuite.tasks.forecasting.scores import ForecastScores, level_weights

LEVELS = [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975]


def _case(num_windows=40, num_series=5, steps=12, seed=0):
    """Windows of several series, with gaps, some cut off by the end of the split."""
    random = np.random.default_rng(seed)
    scales = SeriesScales(
        random.normal(size=num_series) * 10,
        random.uniform(0.5, 20, num_series),
        random.uniform(0.5, 5, num_series),
        4,
    )
    series = random.integers(num_series, size=num_windows)
    held = random.integers(3, steps + 1, num_windows)
    held[: num_windows // 2] = steps
    targets = scales.center[series, None] + random.normal(size=(num_windows, steps)) * 8
    targets[random.random(targets.shape) < 0.1] = np.nan
    targets[np.arange(steps) >= held[:, None]] = np.nan
    mean = scales.center[series, None] + random.normal(size=targets.shape) * 4
    spread = np.sort(random.normal(size=(num_windows, steps, len(LEVELS))) * 8, axis=-1)
    return {
        "scales": scales,
        "batch": {
            "targets": targets,
            "mean": mean,
            "series": series,
            "quantiles": mean[..., None] + spread,
            "naive": mean + random.normal(size=targets.shape) * 9,
            "held": held,
        },
    }


def _scored(case, horizons, **options):
    scores = ForecastScores(horizons, LEVELS, case["scales"], **options)
    scores.add(**case["batch"])
    return scores


def _observed(case, horizon):
    """Window, step and value of all that counts for a horizon."""
    batch = case["batch"]
    for window, step in np.ndindex(len(batch["targets"]), horizon):
        value = batch["targets"][window, step]
        if batch["held"][window] >= horizon and not math.isnan(value):
            yield window, step, value


@pytest.mark.parametrize("seed", [0, 1])
def test_errors_of_each_horizon_agree_with_a_loop(seed):
    case = _case(seed=seed)
    found = _scored(case, [4, 12]).result()
    batch, scale = case["batch"], case["scales"].scale
    for horizon in (4, 12):
        errors = [
            (value - batch["mean"][w, s]) / scale[batch["series"][w]]
            for w, s, value in _observed(case, horizon)
        ]
        assert found[f"mse_{horizon}"] == pytest.approx(sum(e * e for e in errors) / len(errors))
        assert found[f"mae_{horizon}"] == pytest.approx(sum(map(abs, errors)) / len(errors))
    assert found["mse"] == pytest.approx((found["mse_4"] + found["mse_12"]) / 2)
    assert found["mae"] == pytest.approx((found["mae_4"] + found["mae_12"]) / 2)


def test_a_shorter_horizon_counts_more_windows_and_a_missing_value_no_window():
    scales = SeriesScales(np.zeros(1), np.ones(1), np.ones(1))
    targets = np.array([[1.0, np.nan, 3.0], [1.0, 1.0, np.nan]])
    scores = ForecastScores([2, 3], [], scales)
    # The second window ends after two steps; the first lacks a value inside.
    scores.add(targets, np.zeros((2, 3)), np.zeros(2, int), held=np.array([3, 2]))
    found = scores.result()
    assert found["mse_2"] == pytest.approx((1 + 1 + 1) / 3)
    assert found["mse_3"] == pytest.approx((1 + 9) / 2)
    assert scores.error_by_step("mae").tolist() == pytest.approx([1, math.nan, 3], nan_ok=True)


def test_scores_by_series_agree_with_a_loop():
    case = _case()
    found = _scored(case, [4, 12], owa_denominators=(18.383, 2.395)).result()
    batch = case["batch"]
    scaled, percent = {}, {}
    for w, s, value in _observed(case, 12):
        point, one = batch["mean"][w, s], batch["series"][w]
        error = abs(value - point)
        scaled.setdefault(one, []).append(error / case["scales"].naive_error[one])
        percent.setdefault(one, []).append(200 * error / (abs(value) + abs(point)))
    mase = np.mean([np.mean(values) for values in scaled.values()])
    smape = np.mean([np.mean(values) for values in percent.values()])
    assert found["mase"] == pytest.approx(mase)
    assert found["smape"] == pytest.approx(smape)
    assert found["owa"] == pytest.approx((smape / 18.383 + mase / 2.395) / 2)


def test_m4_definitions_by_hand():
    # Differences a season (2) apart: 1, 1, 2; their mean is 4/3.
    scales = training_scales([np.array([1.0, 5.0, 2.0, 6.0, 4.0])], season_steps=2)
    scores = ForecastScores([2], [], scales)
    scores.add(np.array([[4.0, 0.0]]), np.array([[6.0, 0.0]]), np.array([0]))
    found = scores.result()
    assert found["mase"] == pytest.approx(1 / (4 / 3))
    assert found["smape"] == pytest.approx((200 * 2 / 10 + 0) / 2)
    assert "owa" not in found
    assert "crps" not in found
    assert "skill" not in found


def test_scores_of_quantiles_agree_with_loops_and_scikit_learn():
    case = _case()
    found = _scored(case, [12]).result()
    batch = case["batch"]
    places = list(_observed(case, 12))
    truth = np.array([value for _, _, value in places])
    bands = np.array([batch["quantiles"][w, s] for w, s, _ in places])
    scale = np.array([case["scales"].scale[batch["series"][w]] for w, _, _ in places])
    plain = [mean_pinball_loss(truth, bands[:, i], alpha=q) for i, q in enumerate(LEVELS)]
    scaled = [
        mean_pinball_loss(truth / scale, bands[:, i] / scale, alpha=q) for i, q in enumerate(LEVELS)
    ]
    assert found["crps"] == pytest.approx(2 * np.dot(scaled, level_weights(LEVELS)))
    assert found["wql"] == pytest.approx(2 * np.mean(plain) / np.mean(np.abs(truth)))
    for name, low, high in ((50, 2, 4), (80, 1, 5), (95, 0, 6)):
        inside = [b[low] <= t <= b[high] for t, b in zip(truth, bands, strict=True)]
        assert found[f"coverage_{name}"] == pytest.approx(np.mean(inside))
        width = (bands[:, high] - bands[:, low]) / scale
        assert found[f"width_{name}"] == pytest.approx(width.mean())
    observed = _scored(case, [12]).observed_levels()
    np.testing.assert_allclose(observed, [(truth <= bands[:, i]).mean() for i in range(7)])


def test_dense_quantiles_of_the_truth_give_the_exact_crps():
    # The CRPS of a standard normal forecast at 0 is 2 * phi(0) - 1 / sqrt(pi).
    from scipy.stats import norm

    levels = (np.arange(400) + 0.5) / 400
    scales = SeriesScales(np.zeros(1), np.ones(1), np.ones(1))
    scores = ForecastScores([1], levels, scales)
    bands = norm.ppf(levels)[None, None]
    scores.add(np.zeros((1, 1)), np.zeros((1, 1)), np.zeros(1, int), bands)
    exact = 2 / math.sqrt(2 * math.pi) - 1 / math.sqrt(math.pi)
    assert scores.result()["crps"] == pytest.approx(exact, abs=1e-4)


def test_the_median_alone_has_the_absolute_error_for_its_crps():
    scores = ForecastScores([2], [0.5], SeriesScales(np.zeros(1), np.full(1, 2.0), np.ones(1)))
    targets, mean = np.array([[1.0, 4.0]]), np.array([[3.0, 3.0]])
    scores.add(targets, mean, np.zeros(1, int), mean[..., None])
    assert scores.result()["crps"] == pytest.approx(scores.result()["mae"])


def test_skill_is_one_minus_the_ratio_of_both_errors():
    case = _case()
    found = _scored(case, [4, 12]).result()
    case["batch"]["mean"] = case["batch"]["naive"]
    naive = _scored(case, [4, 12]).result()
    assert found["skill"] == pytest.approx(1 - found["mse"] / naive["mse"])
    assert naive["skill"] == 0.0


def test_batches_do_not_matter_and_memory_does_not_grow():
    case = _case(num_windows=90)
    whole = _scored(case, [4, 12], owa_denominators=(18.383, 2.395))
    parts = ForecastScores([12, 4], LEVELS, case["scales"], (18.383, 2.395))
    sizes = set()
    for start in range(0, 90, 7):
        parts.add(**{name: value[start : start + 7] for name, value in case["batch"].items()})
        sizes.add(sum(v.nbytes for v in vars(parts).values() if isinstance(v, np.ndarray)))
    assert len(sizes) == 1
    assert parts.result() == pytest.approx(whole.result())
    assert all(type(value) is float for value in whole.result().values())


def test_the_errors_by_step_average_to_the_error_of_the_longest_horizon():
    case = _case()
    case["batch"]["targets"] = np.nan_to_num(case["batch"]["targets"])
    scores = _scored(case, [4, 12])
    assert scores.error_by_step().mean() == pytest.approx(scores.result()["mse_12"])
    assert scores.error_by_step("mae").mean() == pytest.approx(scores.result()["mae_12"])


def test_what_no_window_could_tell_is_not_a_number():
    scores = ForecastScores([2, 4], [0.5], training_scales([np.zeros(3)], 1))
    targets = np.array([[1.0, 2.0, np.nan, np.nan]])
    scores.add(targets, np.zeros((1, 4)), np.zeros(1, int), held=np.array([2]))
    found = scores.result()
    assert found["mse_2"] == pytest.approx(2.5)
    assert all(math.isnan(found[name]) for name in ("mse_4", "mse", "mase", "smape"))
    assert np.isnan(scores.observed_levels()).all()


@pytest.mark.parametrize("size", [1e30, 1e-30])
def test_scores_do_not_depend_on_the_unit_however_large(size):
    random = np.random.default_rng(3)
    past, truth = random.normal(size=50), random.normal(size=(3, 4))
    found = []
    for unit in (1.0, size):
        scores = ForecastScores([4], [0.1, 0.9], training_scales([past * unit], 4))
        bands = np.tile([-unit, unit], (3, 4, 1))
        scores.add(truth * unit, truth * 0.5 * unit, np.zeros(3, int), bands)
        found.append(scores.result())
    assert found[0] == pytest.approx(found[1])


def test_training_scales_agree_with_numpy_and_a_loop():
    random = np.random.default_rng(4)
    values = random.normal(size=60) * 3 + 7
    values[[5, 17, 18]] = np.nan, np.inf, -np.inf
    scales = training_scales([values], 12)
    known = values[np.isfinite(values)]
    assert scales.center[0] == pytest.approx(known.mean())
    assert scales.scale[0] == pytest.approx(known.std())
    pairs = [abs(values[t] - values[t - 12]) for t in range(12, 60)]
    assert scales.naive_error[0] == pytest.approx(np.mean([p for p in pairs if math.isfinite(p)]))


@pytest.mark.parametrize(
    ("values", "center", "scale"),
    [([0.1] * 7, 0.1, 0.1), ([0.0] * 5, 0.0, 1.0), ([], 0.0, 1.0), ([np.nan], 0.0, 1.0)],
)
def test_series_without_spread_have_a_scale_all_the_same(values, center, scale):
    found = training_scales([np.array(values)], 3)
    assert (found.center[0], found.scale[0]) == pytest.approx((center, scale))
    assert len(values) > 3 or math.isnan(found.naive_error[0])


def test_a_series_whose_seasons_are_all_alike_is_left_out_of_mase():
    scales = training_scales([np.tile([1.0, 2.0], 5), np.array([0.0, 1.0, 2.0, 3.0])], 2)
    scores = ForecastScores([1], [], scales)
    scores.add(np.full((2, 1), 5.0), np.full((2, 1), 4.0), np.array([0, 1]))
    assert scores.result()["mase"] == pytest.approx(1 / 2)


def test_weights_of_levels_are_the_lengths_of_what_is_nearest():
    grid = (np.arange(100_000) + 0.5) / 100_000
    nearest = np.abs(grid[:, None] - LEVELS).argmin(axis=1)
    shares = np.bincount(nearest) / len(grid)
    np.testing.assert_allclose(level_weights(LEVELS), shares, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"targets": np.zeros((40, 5))}, "at least 12 steps"),
        ({"mean": np.zeros((40, 3))}, "`mean` must have shape"),
        ({"mean": np.full((40, 12), np.nan)}, "`mean` must be finite"),
        ({"quantiles": np.zeros((40, 12, 3))}, "`quantiles` must have shape"),
        ({"quantiles": np.full((40, 12, 7), np.inf)}, "diverged"),
        ({"series": np.zeros(3, int)}, "`series` must have shape"),
        ({"naive": np.zeros((1, 12))}, "`naive` must have shape"),
        ({"held": np.zeros(2, int)}, "`held` must have shape"),
    ],
)
def test_unfit_batches_are_refused(change, named):
    case = _case()
    case["batch"] |= change
    with pytest.raises(ValueError, match=named):
        _scored(case, [4, 12])


@pytest.mark.parametrize(
    ("horizons", "levels", "named"),
    [([], [], "horizons"), ([0], [], "horizons"), ([1], [0.9, 0.1], "increase"), ([1], [1], "1")],
)
def test_unfit_options_are_refused(horizons, levels, named):
    with pytest.raises(ValueError, match=named):
        ForecastScores(horizons, levels, training_scales([np.zeros(2)], 1))


def test_scales_of_many_series_are_those_of_each_alone(monkeypatch):
    monkeypatch.setattr(series_scales, "_TOGETHER", 2)
    random = np.random.default_rng(0)
    targets = [random.normal(size=n) for n in (5, 3, 5, 1, 0, 5, 5)]
    targets += [np.zeros(3), np.full(5, 7.0), np.array([1.0, np.nan, 4.0, np.inf, 9.0])]
    found = training_scales(targets, season_steps=2)
    for index, target in enumerate(targets):
        known = target[np.isfinite(target)]
        alone = training_scales([target], season_steps=2)
        for name in ("center", "scale", "naive_error"):
            np.testing.assert_array_equal(getattr(found, name)[index], getattr(alone, name)[0])
        if len(known):
            assert found.center[index] == pytest.approx(known.mean())
        changes = np.abs(target[2:] - target[:-2])
        changes = changes[np.isfinite(changes)]
        expected = changes.mean() if len(changes) else np.nan
        assert found.naive_error[index] == pytest.approx(expected, nan_ok=True)
