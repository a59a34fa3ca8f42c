"""Back-tests of a finished run: forecasts, scores, tables and a plot."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seqsuite.data.writing import replaced
from seqsuite.errors import Interrupted, UserError
from seqsuite.metrics.metric import Metrics
from seqsuite.task import Task
from seqsuite.tasks.forecasting.backtest.forecasters import RefittedForecaster, TrainedForecaster
from seqsuite.tasks.forecasting.backtest.scores import (
    OURS,
    BacktestScores,
    ClassicalForecaster,
    Forecaster,
    Origins,
    rounds,
)
from seqsuite.tasks.forecasting.backtest.tables import by_origin, forecast_writer, origins_table
from seqsuite.tasks.forecasting.baselines.rules import Drift, LastValue, RidgeOnLags, SeasonalNaive
from seqsuite.tasks.forecasting.data.series import Series
from seqsuite.tasks.forecasting.plots import backtest_strip
from seqsuite.tasks.forecasting.quantile_levels import QUANTILE_LEVELS
from seqsuite.training import report, runs
from seqsuite.training.progress import ProgressLine

REFITS = "backtest"
"""Folder of refitted models in the run directory."""


def run_backtest(task: Task, run_dir: Path, where: Origins) -> dict[str, Any]:
    """Back-test a finished run, and write ``backtest.json``, ``backtest.csv`` and a picture.

    Args:
        task: The configured task.
        run_dir: The run.
        where: The origins.

    Returns:
        What ``backtest.json`` holds.

    Raises:
        UserError: The run is not finished, or no window fits.
    """
    trained = runs.load(task, run_dir)
    series, tested_from = _whole_series(task)
    counts = [len(where.rows(one)) for one in series]
    if not any(counts):
        raise UserError(
            f"No window fits: the longest series has {max(one.num_rows for one in series):,} rows, "
            f"and a forecast of {where.prediction_length} needs one more before it. Give longer "
            "series, or train with a lower --data.prediction_length."
        )
    data, season_steps = task.config.data, trained.preprocessor.season_steps  # type: ignore[attr-defined]
    forecasters: dict[str, Forecaster] = {
        OURS: RefittedForecaster(task, run_dir / REFITS)
        if where.refit
        else TrainedForecaster(trained),
        **_baselines(where.prediction_length, data.context_length, season_steps),
    }
    scores = BacktestScores(series, where, data.scored_horizons, QUANTILE_LEVELS, season_steps)
    notes = [] if where.refit else _seen(series, tested_from, where)
    if max(counts) < where.n_windows:
        notes.append(f"{max(counts)} windows of the {where.n_windows} asked for fit in a series")
    progress, done, started = ProgressLine("backtest"), 0, time.monotonic()
    table = run_dir / "backtest.csv"
    with (
        _resumable(),
        replaced(table) as partial,
        open(partial, "w", encoding="utf-8", newline="") as file,
    ):
        write = forecast_writer(file, data.timezone)
        for behind, windows in rounds(forecasters, series, where, notes):
            scores.add(behind, windows)
            write(windows, series)
            done += len(windows[OURS])
            progress(done, sum(counts))
    result = {
        "task": task.spec.name,
        "n_windows": max(counts),
        "step_size": where.step_size,
        "refit": where.refit,
        "metrics": scores.overall[OURS].result(),
        "baseline": {name: own.result() for name, own in scores.overall.items() if name != OURS},
        "examples": done,
        "series": sum(map(bool, counts)),
        "origins": by_origin(scores, series, data.timezone),
        "notes": notes,
        "seconds": round(time.monotonic() - started, 1),
    }
    report.write_json(run_dir / "backtest.json", result)
    plots = run_dir / "plots"
    plots.mkdir(exist_ok=True)
    path = plots / "backtest.png"
    backtest_strip(*scores.timeline(), path, dated=scores.dated)
    return result


def format_backtest(result: dict[str, Any], run_dir: Path, metrics: Metrics) -> str:
    """Return the table of all windows, and a row for each origin.

    Args:
        result: From :func:`run_backtest`.
        run_dir: The run, where everything lies.
        metrics: What the metrics mean.
    """
    refit = {False: "the run's model", True: "trained anew at each origin"}.get(
        result["refit"], f"trained anew at every origin of {result['refit']}"
    )
    return "\n".join(
        [
            f"{result['examples']:,} windows of {result['series']:,} series, "
            f"{result['step_size']} rows apart; {refit}",
            "",
            runs.format_result(result, metrics),
            "",
            "Mean absolute error by origin, z-scored by the rows before the first:",
            origins_table(result),
            "",
            *(f"note: {note}" for note in result["notes"]),
            f"{run_dir}: backtest.json, backtest.csv, plots/backtest.png",
        ]
    )


def _baselines(steps: int, context_length: int, season_steps: int) -> dict[str, Forecaster]:
    rules = (LastValue(steps), SeasonalNaive(steps), Drift(steps))
    return {
        rule.name: ClassicalForecaster(rule, QUANTILE_LEVELS, season_steps)
        for rule in (*rules, RidgeOnLags(steps, context_length))
    }


def _whole_series(task: Task) -> tuple[list[Series], list[int]]:
    """Return all rows of the series of the last split there is, and where that split begins."""
    for split in ("test", "validation", "train"):
        examples = task.load_examples(split)
        if examples is not None:
            found = examples.features["series"]
            first = [one.first_target or one.num_rows for one in found]
            return [one.part(one.num_rows) for one in found], first
    raise UserError(f"Source {task.config.data.source!r} has no series.")


def _seen(series: Sequence[Series], tested_from: Sequence[int], where: Origins) -> list[str]:
    """Say how many windows the run's model learned from, or was selected on."""
    pairs = [(where.rows(one), first) for one, first in zip(series, tested_from, strict=True)]
    seen = sum(int(np.count_nonzero(rows < first)) for rows, first in pairs)
    if not seen:
        return []
    return [
        f"{seen:,} of {sum(len(rows) for rows, _ in pairs):,} windows reach into rows that the "
        "run's model was trained or selected on, which flatters it: see --refit true"
    ]


@contextlib.contextmanager
def _resumable() -> Iterator[None]:
    """Say how to go on where training was stopped: not as with a run that ``train`` began."""
    try:
        yield
    except Interrupted as error:
        raise Interrupted(
            "Stopped; the state is saved. Resume with the same command: models that are trained "
            "already are read."
        ) from error
