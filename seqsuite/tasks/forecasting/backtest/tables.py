"""Tables of a back-test: every forecast as a row of a file, and the scores from each origin."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from typing import IO, Any

import numpy as np

from seqsuite.tasks.forecasting.backtest.scores import OURS, BacktestScores, Round
from seqsuite.tasks.forecasting.data.series import Series
from seqsuite.tasks.forecasting.quantile_levels import QUANTILE_LEVELS
from seqsuite.tasks.forecasting.tables import digits, time_of


def forecast_writer(
    file: IO[str], timezone: str | None = None
) -> Callable[[Round, Sequence[Series]], None]:
    """Write the header of the table of forecasts and return what writes windows below it.

    Args:
        file: An open csv file.
        timezone: Where times of day are told; None: in UTC.

    Returns:
        A function of the windows of a round and of the whole series, which writes a row for each
        step that ours forecast.
    """
    rows = csv.writer(file, lineterminator="\n")
    levels = [f"q{level:g}" for level in QUANTILE_LEVELS]
    rows.writerow(["unique_id", "origin", "step", "ds", "y", "mean", *levels])

    def write(windows: Round, series: Sequence[Series]) -> None:
        for window in windows[OURS]:
            one, origin = series[window.series], window.origin
            start = _when(one, origin, timezone)
            for step, (y, mean) in enumerate(zip(window.targets, window.mean, strict=True)):
                bands = () if window.quantiles is None else window.quantiles[step]
                numbers = [digits(value) for value in (mean, *bands)]
                truth = "" if np.isnan(y) else digits(y)
                when = _when(one, origin + step, timezone)
                rows.writerow([window.unique_id, start, step + 1, when, truth, *numbers])

    return write


def by_origin(
    scores: BacktestScores, series: Sequence[Series], timezone: str | None = None
) -> list[dict[str, Any]]:
    """Return the scores from each origin, the oldest first.

    Args:
        scores: Of the whole back-test.
        series: Whole series.
        timezone: As for :func:`forecast_writer`.
    """
    found = []
    for behind, own in sorted(scores.by_origin.items(), reverse=True):
        windows = scores.windows[behind]
        (_, first, first_row), (_, last, last_row) = min(windows), max(windows)
        results = {name: part.result() for name, part in own.items()}
        found.append(
            {
                "first": _when(series[first], first_row, timezone),
                "last": _when(series[last], last_row, timezone),
                "windows": len(windows),
                "metrics": results.pop(OURS),
                "baseline": results,
            }
        )
    return found


def origins_table(result: dict[str, Any]) -> str:
    """Return a table of mean absolute errors, a row for each origin, the best of each starred.

    Args:
        result: With ``origins`` from :func:`by_origin` and ``baseline``, whose keys are names.
    """
    names = [OURS, *result["baseline"]]
    rows = [["first row forecast", "windows", *names]]
    for origin in result["origins"]:
        errors = {OURS: origin["metrics"]["mae"]}
        errors |= {name: own["mae"] for name, own in origin["baseline"].items()}
        best = min(errors.values())
        cells = [f"{errors[name]:.4f}{'*' if errors[name] == best else ' '}" for name in names]
        first, last = origin["first"], origin["last"]
        when = first if first == last else f"{first} to {last}"
        rows.append([when, f"{origin['windows']:,}", *cells])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _when(one: Series, row: int, timezone: str | None) -> str:
    """Return the time of a row, or its number where the source has no times."""
    return time_of(one, one.timestamps[row], timezone) if one.dated else f"row {row}"
