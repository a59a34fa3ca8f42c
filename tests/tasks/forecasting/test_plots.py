"""Pictures of forecasts are written for ordinary and awkward data, and show what they are given."""

from __future__ import annotations

import numpy as np
import pytest

from seqsuite.tasks.forecasting import plots
from seqsuite.tasks.forecasting.plots import Fan

LEVELS = [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975]


@pytest.fixture
def drawn(monkeypatch):
    """The figures that a plot draws, kept for a look at what is on them."""
    figures = []
    original = plots.save_figure
    monkeypatch.setattr(
        plots,
        "save_figure",
        lambda figure, path: (figures.append(figure), original(figure, path))[1],
    )
    return figures


def _is_png(path):
    return path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def _lines(axis):
    return {line.get_label(): np.asarray(line.get_ydata()).tolist() for line in axis.get_lines()}


def _fan(past=30, steps=8, bands=True, dated=True):
    random = np.random.default_rng(0)
    mean = random.normal(size=steps)
    quantiles = mean[:, None] + np.linspace(-2, 2, 7) if bands else None
    times = 1_600_000_000 + 3600 * np.arange(past + steps) if dated else None
    return Fan("A $x", random.normal(size=past), random.normal(size=steps), mean, quantiles, times)


def test_fan_charts_show_history_truth_mean_and_three_bands(tmp_path, drawn):
    fans = [_fan(), _fan(dated=False), _fan(bands=False)]
    assert _is_png(plots.fan_charts(fans, LEVELS, tmp_path / "fans.png"))
    axes = drawn[0].axes
    shown = _lines(axes[0])
    assert shown["history"] == fans[0].history.tolist()
    assert shown["truth"] == fans[0].targets.tolist()
    assert shown["forecast"] == fans[0].mean.tolist()
    assert [len(axis.collections) for axis in axes] == [3, 3, 0, 0]
    names = [band.get_label() for band in axes[0].collections]
    assert names == ["95 % interval", "80 % interval", "50 % interval"]
    assert [axis.get_visible() for axis in axes] == [True, True, True, False]
    assert axes[1].get_lines()[0].get_xdata().tolist() == list(range(-29, 1))


@pytest.mark.parametrize(
    "fans",
    [
        [],
        [_fan(past=1, steps=1)],
        [Fan("nothing known", np.full(4, np.nan), np.full(2, np.nan), np.zeros(2))],
        [Fan("huge", np.full(4, 1e30), np.full(2, 1e30), np.full(2, 1e30))],
    ],
    ids=["none", "one step", "all missing", "huge"],
)
def test_fan_charts_of_almost_nothing(tmp_path, fans):
    assert _is_png(plots.fan_charts(fans, LEVELS, tmp_path / "fans.png"))


def test_errors_by_step_show_every_model(tmp_path, drawn):
    errors = {"ours": np.array([1.0, 2.0]), "last $ value": np.array([2.0, 5.0])}
    assert _is_png(plots.error_by_step(errors, tmp_path / "e.png"))
    shown = _lines(drawn[0].axes[0])
    assert shown == {"ours": [1, 2], "last \\$ value": [2, 5]}
    assert drawn[0].axes[0].get_lines()[0].get_xdata().tolist() == [1, 2]


def test_a_baseline_far_out_does_not_flatten_the_others(tmp_path, drawn):
    errors = {name: np.full(5, value) for name, value in (("a", 1.0), ("b", 1.2), ("c", 900.0))}
    plots.error_by_step(errors, tmp_path / "e.png")
    assert drawn[0].axes[0].get_ylim()[1] < 10


@pytest.mark.parametrize("errors", [{}, {"ours": np.full(3, np.nan)}, {"ours": np.zeros(1)}])
def test_errors_of_almost_nothing(tmp_path, errors):
    assert _is_png(plots.error_by_step(errors, tmp_path / "e.png"))


def test_calibration_is_drawn_against_the_diagonal(tmp_path, drawn):
    observed = {"ours": np.array([0.2, 0.5, 0.8]), "naive": np.full(3, np.nan)}
    path = plots.calibration_curve([0.1, 0.5, 0.9], observed, tmp_path / "c.png")
    assert _is_png(path)
    shown = _lines(drawn[0].axes[0])
    assert shown["perfect"] == [0, 1]
    assert shown["ours"] == [0.2, 0.5, 0.8]


def test_cycles_of_each_season_have_a_panel(tmp_path, drawn):
    cycles = {"day": np.arange(24.0), "week": np.arange(900 * 7.0).reshape(900, 7)}
    assert _is_png(plots.seasonal_cycles(cycles, tmp_path / "s.png", most=3))
    day, week = drawn[0].axes
    assert day.get_lines()[0].get_ydata().tolist() == list(range(24))
    assert [line.get_ydata()[0] for line in week.get_lines()[:3]] == [0, 450 * 7, 899 * 7]
    assert week.get_title() == "week, 3 of 900"
    assert _is_png(plots.seasonal_cycles({}, tmp_path / "none.png"))


def test_the_strip_averages_forecasts_of_one_time(tmp_path, drawn):
    times = np.array([7200, 0, 7200, 3600])
    errors = {"ours": np.array([1.0, 2.0, 3.0, np.nan]), "naive": np.arange(4.0)}
    assert _is_png(plots.backtest_strip(times, errors, tmp_path / "b.png"))
    shown = _lines(drawn[0].axes[0])
    assert shown["ours"] == pytest.approx([2, np.nan, 2], nan_ok=True)
    assert shown["naive"] == [1, 3, 1]


def test_the_strip_of_a_source_without_times_counts_rows(tmp_path, drawn):
    rows = np.array([700, 748])
    plots.backtest_strip(rows, {"ours": np.ones(2)}, tmp_path / "b.png", dated=False)
    axis = drawn[0].axes[0]
    assert axis.get_lines()[0].get_xdata().tolist() == [700, 748]
    assert "row" in axis.get_xlabel()


@pytest.mark.parametrize("count", [0, 1, 200])
def test_strips_of_few_and_many_forecasts(tmp_path, count):
    times = 86_400 * np.arange(count)
    path = plots.backtest_strip(times, {"ours": np.ones(count)}, tmp_path / "b.png")
    assert _is_png(path)
