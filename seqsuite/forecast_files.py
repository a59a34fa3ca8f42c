"""What `predict` reads and writes of series: tables in, tables of forecasts out."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from seqsuite.datasets import series_files
from seqsuite.datasets.frequency import parse_frequency
from seqsuite.datasets.series import Series
from seqsuite.datasets.timestamps import time_text
from seqsuite.errors import UserError
from seqsuite.forecast_levels import QUANTILE_LEVELS

TABLE_SUFFIXES = (".csv", ".tsv")


def format_to_forecast(first_line: bytes, name: str, options: Any) -> str:
    """Return ``csv`` for a table of series, ``""`` for lines of numbers.

    Args:
        first_line: Of the input.
        name: The file's name, ``-`` for a pipe.
        options: The data section.

    Example:
        >>> from types import SimpleNamespace
        >>> options = SimpleNamespace(time_column="ds")
        >>> format_to_forecast(b"ds,y", "-", options), format_to_forecast(b"1 2 3", "-", options)
        ('csv', '')
    """
    if name.lower().removesuffix(".gz").endswith(TABLE_SUFFIXES):
        return "csv"
    words = first_line.decode("utf-8", errors="replace").replace("\t", ",").split(",")
    return "csv" if options.time_column in (word.strip().strip('"') for word in words) else ""


def series_to_forecast(lines: Iterable[bytes], name: str, options: Any) -> Iterator[Series]:
    """Yield the series of a table.

    Args:
        lines: Of the table.
        name: Its file, ``-`` for a pipe.
        options: The data section.

    Raises:
        UserError: The table cannot be read.
    """
    if name != "-":
        yield from series_files.read(Path(name), options)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "standard input"
        path.write_bytes(b"".join(lines))
        yield from series_files.read(path, options)


def served_inputs(series: Series, options: Any) -> dict[str, Any]:
    """Return what the exported model is sent of a series: all of it up to its last known value.

    Args:
        series: Rows behind its last value may know what is known ahead.
        options: The data section.

    Raises:
        UserError: Something known ahead is missing.
    """
    from seqsuite.preprocessing.covariates import CovariateEncoder

    known = np.flatnonzero(np.isfinite(series.target))
    if not len(known):
        raise UserError(f"Series {series.unique_id!r} has no value to forecast from.")
    origin, ahead = int(known[-1]) + 1, options.prediction_length
    encoder = CovariateEncoder(options.covariates)
    encoder.adapt([series])
    if encoder.names["future"] and series.num_rows < origin + ahead:
        raise UserError(
            f"Series {series.unique_id!r}: {', '.join(encoder.names['future'])} must be known for "
            f"{ahead} rows behind the last value, found {series.num_rows - origin}. Add rows with "
            f"an empty {options.target_column}."
        )
    batch = encoder.raw_batch([series], [origin], origin, ahead)
    return {
        "history": series.target[:origin].copy(),
        "length": np.int32(origin),
        "end": np.int64(series.timestamps[origin - 1]),
        "unique_id": series.unique_id,
        **{name: _row(value) for name, value in batch.items()},
    }


def _row(value: Any) -> np.ndarray:
    row = value.numpy()[0]
    return np.vectorize(bytes.decode, otypes=[object])(row) if row.dtype == object else row


def request(text: str) -> dict[str, Any]:
    """Return the served inputs of numbers in a text, oldest first; ``nan`` is a missing one.

    Raises:
        UserError: Something else stands there.

    Example:
        >>> request("[1, 2.5]")["history"]
        array([1. , 2.5])
    """
    words = text.strip().strip("[]").replace(",", " ").split()
    try:
        history = np.array([float(word) for word in words])
    except ValueError as error:
        raise UserError(
            f"{text[:60]!r} is not a series: {error}. Give numbers, oldest first, or a table with "
            "--input FILE.csv."
        ) from error
    history = history if len(history) else np.array([np.nan])
    values = {"length": np.int32(len(history)), "end": np.int64(0), "unique_id": ""}
    return {"history": history, **values}


def header() -> str:
    """Return the first line of a table of forecasts."""
    return _line(["unique_id", "ds", "mean", *(f"q{level:g}" for level in QUANTILE_LEVELS)])


def written(series: Series | None, name: str, outputs: dict[str, Any]) -> str:
    """Return the forecast of a series as lines of a table.

    Args:
        series: What was forecast; None: numbers without times, which are counted from 1.
        name: What to call it.
        outputs: ``mean`` and, where a model has them, ``quantiles``.
    """
    steps = len(outputs["mean"])
    times = [str(step) for step in range(1, steps + 1)]
    if series is not None:
        origin = int(np.flatnonzero(np.isfinite(series.target))[-1])
        if series.dated and series.frequency:
            grid = parse_frequency(series.frequency).grid(series.timestamps[origin], steps + 1)
            times = [time_text(seconds) for seconds in grid[1:]]
        name = series.unique_id
    quantiles = outputs.get("quantiles", [[]] * steps)
    rows = zip(times, outputs["mean"], quantiles, strict=True)
    return "".join(
        _line([name, time, *(f"{value:.8g}" for value in (mean, *row))]) for time, mean, row in rows
    )


def _line(cells: list[str]) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()
