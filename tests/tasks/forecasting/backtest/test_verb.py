"""The verb `backtest` as a person uses it: scores that can be recomputed, refits, and mistakes."""

from __future__ import annotations

import csv
import json
import re

import numpy as np
import pytest

from seqsuite.cli.main import main
from seqsuite.errors import Interrupted
from seqsuite.tasks import find_task
from seqsuite.tasks.forecasting import plots
from seqsuite.tasks.forecasting import task as forecasting
from seqsuite.tasks.forecasting.backtest import runner
from seqsuite.tasks.forecasting.backtest.scores import Origins
from seqsuite.tasks.forecasting.baselines import evaluate
from seqsuite.tasks.forecasting.data.series import Series
from seqsuite.tasks.forecasting.data.timestamps import time_text
from seqsuite.training import runs, trainer

pytestmark = pytest.mark.full

FORECASTING = find_task("forecasting")
ROWS, STEPS, SEASON, HOUR = 90, 4, 6, 3600
NAMES = ("a", "bb")


def values(name):
    generator = np.random.default_rng(len(name))
    target = 20 + 3 * np.sin(2 * np.pi * np.arange(ROWS) / SEASON) + generator.normal(size=ROWS)
    target[[7, ROWS - 2]] = np.nan
    return target.round(4)


def run(*words):
    return main(FORECASTING, [str(word) for word in words])


def recorder(name, drawn):
    """A plot that also keeps what it was given."""
    original = getattr(plots, name)

    def draw(*arguments, **named):
        drawn[name] = (*arguments, named)
        return original(*arguments, **named)

    return draw


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run on a person's own table, and what its pictures were drawn from."""
    base = tmp_path_factory.mktemp("backtest")
    with open(base / "own.csv", "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["unique_id", "ds", "y"])
        for name in NAMES:
            for row, value in enumerate(values(name)):
                rows.writerow([name, time_text(HOUR * row), "" if np.isnan(value) else value])
    drawn, fitted = {}, []
    fit = evaluate.forecast_baselines
    with pytest.MonkeyPatch.context() as patch:
        # A run is looked at here, and not what is exported.
        patch.setattr(runs, "export_run", lambda run, directory, serving: directory / "1")
        for name in ("error_by_step", "calibration_curve", "seasonal_cycles"):
            patch.setattr(forecasting, name, recorder(name, drawn))
        patch.setattr(
            forecasting,
            "forecast_baselines",
            lambda *arguments, **named: (fitted.append(1), fit(*arguments, **named))[1],
        )
        code = run(
            "train", "--data.source=files", f"--data.train={base / 'own.csv'}",
            "--data.context_length=10", f"--data.prediction_length={STEPS}",
            f"--data.season_steps={SEASON}", "--model.units=4", "--model.segment_length=3",
            "--model.cycle_length=6", "--training.epochs=2", "--run_dir", base / "run",
            "--export_dir", base / "served",
        )  # fmt: skip
    assert code == 0
    return base / "run", drawn, fitted


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--data.validation_length=3",), "at most 3 rows .* forecasts of 4 rows"),
        (("--data.validation_length=5", "--data.prediction_length=6"), "at most 5 rows"),
    ],
)
def test_validation_that_is_too_short_is_told_before_training(
    trained, tmp_path, capsys, words, said
):
    table = trained[0].parent / "own.csv"
    code = run(
        "train", "--data.source=files", f"--data.train={table}",
        f"--data.prediction_length={STEPS}", *words, "--run_dir", tmp_path / "run",
    )  # fmt: skip
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "error" in line.lower()]
    assert code == 2
    assert re.search(said, line)
    assert "--data.validation_length" in line
    assert not (tmp_path / "run").exists()


def test_a_step_between_origins_needs_two(tmp_path, capsys):
    words = ("--run_dir", tmp_path, "--n_windows=1", "--step_size=2")
    assert run("backtest", *words) == 2
    assert "--n_windows 1 has one" in capsys.readouterr().err


def backtested(capsys, directory, *words):
    code = run("backtest", "--run_dir", directory, "--json", *words)
    printed = capsys.readouterr()
    assert code == 0, printed.err
    (line,) = printed.out.splitlines()
    assert json.loads(line) == json.loads((directory / "backtest.json").read_text())
    return json.loads(line), printed.err


def table(directory):
    with open(directory / "backtest.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_scores_are_those_of_the_table_beside_baselines_on_the_same_windows(trained, capsys):
    directory = trained[0]
    result, _ = backtested(capsys, directory, "--n_windows=3", "--step_size=5")
    origins = [ROWS - STEPS - 5 * back for back in (2, 1, 0)]
    rows = table(directory)
    assert len(rows) == 3 * 2 * STEPS
    assert {row["origin"] for row in rows} == {time_text(HOUR * row) for row in origins}
    ours, naive = [], []
    for row in rows:
        whole = values(row["unique_id"])
        origin = next(o for o in origins if time_text(HOUR * o) == row["origin"])
        place = origin + int(row["step"]) - 1
        assert row["ds"] == time_text(HOUR * place)
        assert row["q0.1"] != ""
        if np.isnan(whole[place]):
            assert row["y"] == ""
            continue
        assert float(row["y"]) == whole[place]
        scale = np.nanstd(whole[: origins[0]])
        ours.append((origin, (whole[place] - float(row["mean"])) / scale))
        naive.append((whole[place] - whole[place - SEASON]) / scale)
    errors = np.array([error for _, error in ours])
    assert result["metrics"]["mse"] == pytest.approx(np.mean(errors**2), rel=1e-5)
    found = result["baseline"]["seasonal naive"]
    assert found["mse"] == pytest.approx(np.mean(np.square(naive)))
    assert result["metrics"]["skill"] == pytest.approx(1 - np.mean(errors**2) / found["mse"])
    for origin, one in zip(origins, result["origins"], strict=True):
        own = [abs(error) for row, error in ours if row == origin]
        assert (one["first"], one["last"]) == (time_text(HOUR * origin),) * 2
        assert one["metrics"]["mae"] == pytest.approx(np.mean(own), rel=1e-5)
    assert {"mase", "smape", "crps", "coverage_80"} <= set(result["metrics"])
    assert {"last value", "drift", "ridge on lags"} <= set(result["baseline"])
    assert (directory / "plots" / "backtest.png").is_file()


def test_what_is_printed_has_a_row_for_each_origin_and_tells_what_flatters(trained, capsys):
    assert run("backtest", "--run_dir", trained[0], "--n_windows=99", "--step_size=9") == 0
    printed = capsys.readouterr().out
    # Rows from 72 on are the test; 10 origins lie at 5, 14, ... 86.
    assert "16 of 20 windows reach into rows" in printed
    assert "10 windows of the 99 asked for" in printed
    rows = [line for line in printed.splitlines() if line.startswith("1970-01-0")]
    assert len(rows) == 10
    assert all(line.count("*") >= 1 for line in rows)


@pytest.mark.full
def test_refits_know_what_was_known_and_are_trained_once(trained, capsys, monkeypatch):
    directory, fitted = trained[0], []
    fit = runs.fit

    def spy(task, splits, *arguments, **named):
        fitted.append(splits)
        return fit(task, splits, *arguments, **named)

    monkeypatch.setattr(runs, "fit", spy)
    first, _ = backtested(capsys, directory, "--n_windows=2", "--refit=true")
    for splits, origin in zip(fitted, (ROWS - 2 * STEPS, ROWS - STEPS), strict=True):
        for train, held in zip(
            splits.train.features["series"], splits.validation.features["series"], strict=True
        ):
            # A tenth of what is known is held out.
            assert (held.num_rows, held.first_target) == (origin, origin - origin // 10)
            assert train.num_rows == held.first_target
    forecasts = table(directory)

    def trains(*arguments):
        raise AssertionError("a model that is trained already is trained again")

    monkeypatch.setattr(trainer.Trainer, "_run_epoch", trains)
    # The older of the two is read, and serves both origins.
    again, _ = backtested(capsys, directory, "--n_windows=2", "--refit=2")
    assert again["origins"][0] == first["origins"][0]
    assert again["origins"][1]["metrics"] != first["origins"][1]["metrics"]
    assert table(directory)[: len(NAMES) * STEPS] == forecasts[: len(NAMES) * STEPS]


def test_a_refit_that_is_stopped_tells_how_to_go_on(trained, capsys, monkeypatch):
    def stopped(*arguments, **named):
        raise Interrupted("train --resume")

    monkeypatch.setattr(runs, "fit", stopped)
    assert run("backtest", "--run_dir", trained[0], "--refit=1", "--n_windows=1") == 130
    error = capsys.readouterr().err
    assert "the same command" in error
    assert "--resume" not in error


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--refit=maybe"], "--refit must be"),
        (["--refit=0"], "--refit must be"),
        (["--refit=-1"], "--refit must be"),
        (["--n_windows=0"], "--n_windows must be"),
        (["--step_size=0"], "--step_size must be"),
        (["--step_size=x"], "--step_size"),
        (["--refit=true", "--n_windows=21"], "rows enough to train on"),
    ],
)
def test_mistakes_are_one_clear_line(trained, words, message, capsys):
    assert run("backtest", "--run_dir", trained[0], *words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
    assert printed.err.count("\n") == 1


def test_series_in_which_no_window_fits_are_told(trained, capsys, monkeypatch):
    short = Series("a", np.arange(STEPS), np.ones(STEPS))
    monkeypatch.setattr(runner, "_whole_series", lambda task: ([short], [0]))
    assert run("backtest", "--run_dir", trained[0]) == 2
    assert "No window fits" in capsys.readouterr().err


def test_a_folder_without_a_run_is_told(tmp_path, capsys):
    assert run("backtest", "--run_dir", tmp_path) == 2
    assert "not a run directory" in capsys.readouterr().err
    assert run("backtest") == 2
    assert "--run_dir" in capsys.readouterr().err


def test_origins_end_with_the_series_whatever_its_length():
    where = Origins(prediction_length=3, n_windows=2, step_size=2)
    rows = [where.rows(Series("a", np.arange(n), np.ones(n))).tolist() for n in (10, 5, 3)]
    assert rows == [[5, 7], [2], []]


def test_pictures_show_the_baselines_that_were_fitted_once(trained):
    directory, drawn, fitted = trained
    assert len(fitted) == 1
    for name, key in (("error_by_step", 0), ("calibration_curve", 1)):
        shown = drawn[name][key]
        assert next(iter(shown)) == "ours"
        assert {"last value", "seasonal naive", "ridge on lags"} <= set(shown)
    metrics = json.loads((directory / "metrics.json").read_text())["baseline"]["drift"]
    assert np.mean(drawn["error_by_step"][0]["drift"]) == pytest.approx(metrics["mse"], rel=0.2)
    (cycles,) = drawn["seasonal_cycles"][0].values()
    assert cycles.shape == (len(NAMES), 6)
    assert np.abs(cycles).max() > 0
    assert drawn["seasonal_cycles"][-1]["names"] == list(NAMES)
    assert (directory / "plots" / "seasonal_cycles.png").is_file()
