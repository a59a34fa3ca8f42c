"""What `predict` reads and writes of series: tables in, tables of forecasts out."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqsuite.errors import UserError
from seqsuite.tasks.forecasting.config import ForecastDataConfig
from seqsuite.tasks.forecasting.data import files
from seqsuite.tasks.forecasting.data.frequency import parse_frequency
from seqsuite.tasks.forecasting.data.grid import as_names
from seqsuite.tasks.forecasting.data.series import Series, is_missing
from seqsuite.tasks.forecasting.data.timestamps import load_zone, time_text
from seqsuite.tasks.forecasting.quantile_levels import QUANTILE_LEVELS

if TYPE_CHECKING:
    from seqsuite.tasks.forecasting.preprocessor import SeriesPreprocessor


TABLE_SUFFIXES = (".csv", ".tsv")
TRAINED_ON_FILE = "trained_on.json"
"""Beside an exported model: the step of its time axis, and what its covariates are."""

_DAY = 86_400


def format_to_forecast(first_line: str, name: str, options: ForecastDataConfig) -> str:
    """Return ``csv`` for a table of series, ``""`` for lines of numbers.

    Args:
        first_line: Of the input.
        name: The file's name, ``-`` for a pipe.
        options: The data section.

    Example:
        >>> from types import SimpleNamespace
        >>> options = SimpleNamespace(time_column="ds")
        >>> format_to_forecast("ds,y", "-", options), format_to_forecast("1 2 3", "-", options)
        ('csv', '')
    """
    if name.lower().removesuffix(".gz").endswith(TABLE_SUFFIXES):
        return "csv"
    words = first_line.replace("\t", ",").split(",")
    return "csv" if options.time_column in (word.strip().strip('"') for word in words) else ""


def trained_on(preprocessor: SeriesPreprocessor) -> str:
    """Return what `TRAINED_ON_FILE` holds: a table alone does not tell how training read it.

    Args:
        preprocessor: Adapted.
    """
    found = {
        "frequency": preprocessor.frequency,
        "covariates": preprocessor.covariate_encoder.config,
    }
    return json.dumps(found, ensure_ascii=False, indent=1)


def read_trained_on(folder: Path) -> dict[str, Any]:
    """Return what :func:`trained_on` wrote.

    Args:
        folder: Where it lies.

    Raises:
        UserError: It is not there.
    """
    path = folder / TRAINED_ON_FILE
    if not path.is_file():
        raise UserError(f"{path} does not exist: export the model anew with the verb export.")
    return json.loads(path.read_text(encoding="utf-8"))


def series_to_forecast(
    lines: Iterable[str], name: str, options: ForecastDataConfig, known: dict[str, Any]
) -> Iterator[Series]:
    """Yield the series of a table.

    Args:
        lines: Of the table.
        name: Its file, ``-`` for a pipe.
        options: The data section.
        known: From :func:`read_trained_on`.

    Raises:
        UserError: The table cannot be read, its times go by another step than those of training, or
            texts stand where training had numbers.
    """
    if name != "-":
        for one in files.read(Path(name), options):
            yield _as_trained(one, known)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "standard input"
        path.write_text("".join(lines), encoding="utf-8", newline="")
        for one in files.read(path, replace(options, encoding=None)):
            yield _as_trained(one, known)


def served_inputs(
    series: Series, options: ForecastDataConfig, known: dict[str, Any]
) -> dict[str, Any]:
    """Return what the exported model is sent of a series: all of it up to its last known value.

    Args:
        series: Rows behind its last value may know what is known ahead.
        options: The data section.
        known: From :func:`read_trained_on`.

    Raises:
        UserError: Something known ahead is missing.
    """
    # Imports TensorFlow, which `predict --help` does without.
    from seqsuite.tasks.forecasting.covariates import CovariateEncoder

    observed = np.flatnonzero(np.isfinite(series.target))
    if not len(observed):
        raise UserError(f"Series {series.unique_id!r} has no value to forecast from.")
    origin, ahead = int(observed[-1]) + 1, options.prediction_length
    encoder = CovariateEncoder(options.covariates, known["covariates"])
    if encoder.names["future"] and series.num_rows < origin + ahead:
        raise UserError(
            f"Series {series.unique_id!r}: {', '.join(encoder.names['future'])} must be known for "
            f"{ahead} rows behind the last value, found {series.num_rows - origin}. Add rows with "
            f"an empty {options.target_column}."
        )
    for name in encoder.names["future"]:
        missing = np.flatnonzero(is_missing(series.covariates[name][origin : origin + ahead]))
        if len(missing):
            raise UserError(
                f"Series {series.unique_id!r}: {name} must be known ahead, but is missing at "
                f"{time_text(series.timestamps[origin + missing[0]])}. Fill it in."
            )
    batch = encoder.raw_batch([series], [origin], origin, ahead)
    return {
        "history": series.target[:origin].copy(),
        "length": np.int32(origin),
        "end": np.int64(series.timestamps[origin - 1]),
        "unique_id": series.unique_id,
        **{name: _row(value) for name, value in batch.items()},
    }


def _as_trained(series: Series, known: dict[str, Any]) -> Series:
    """Return a series whose covariates are numbers and texts as those of training were."""
    step = known["frequency"]
    if series.frequency and series.frequency != step:
        raise UserError(
            f"Series {series.unique_id!r} goes by {series.frequency}, but the model was trained on "
            f"series that go by {step}. Resample it; where rows between are missing, add them with "
            "an empty target."
        )
    columns, static = dict(series.covariates), dict(series.static)
    for found in known["covariates"].values():
        for name in found["numbers"]:
            column = columns[name] if name in columns else np.array([static[name]])
            if column.dtype.kind != "f":
                text = next((text for text in column if text), "")
                raise UserError(
                    f"Series {series.unique_id!r}: {name} holds texts ({text!r}), and numbers in "
                    "what the model was trained on. Leave what is missing empty."
                )
        for name in found["categories"]:
            # Without a single text in this table the column was read as numbers.
            if name in columns:
                columns[name] = as_names(columns[name])
            elif not isinstance(static[name], str):
                static[name] = str(as_names(np.array([static[name]]))[0])
    return replace(series, covariates=columns, static=static, frequency=step)


def _row(value: Any) -> np.ndarray:
    row = value.numpy()[0]
    return np.vectorize(bytes.decode, otypes=[object])(row) if row.dtype == object else row


def request(text: str, end: int = 0) -> dict[str, Any]:
    """Return the served inputs of numbers in a text, oldest first; ``nan`` is a missing one.

    Args:
        text: The numbers, with commas or spaces between.
        end: Time of the last one, in seconds since 1970.

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
    values = {"length": np.int32(len(history)), "end": np.int64(end), "unique_id": ""}
    return {"history": history, **values}


def header() -> str:
    """Return the first line of a table of forecasts."""
    return _line(["unique_id", "ds", "mean", *(f"q{level:g}" for level in QUANTILE_LEVELS)])


def written(
    series: Series | None, name: str, outputs: dict[str, Any], timezone: str | None = None
) -> str:
    """Return the forecast of a series as lines of a table.

    Args:
        series: What was forecast; None: numbers without times, which are counted from 1.
        name: What to call it.
        outputs: ``mean`` and, where a model has them, ``quantiles``.
        timezone: Where times of day are told; None: in UTC.
    """
    steps = len(outputs["mean"])
    times = times_ahead(series, steps, timezone)
    name = name if series is None else series.unique_id
    quantiles = outputs.get("quantiles", [[]] * steps)
    rows = zip(times, outputs["mean"], quantiles, strict=True)
    return "".join(
        _line([name, time, *(digits(value) for value in (mean, *row))]) for time, mean, row in rows
    )


def times_ahead(series: Series | None, steps: int, timezone: str | None = None) -> list[str]:
    """Return the times of the steps after the last known value of a series, as text.

    Args:
        series: The series; None: numbers without times, whose steps are counted from 1.
        steps: Steps of the forecast.
        timezone: As for :func:`written`.
    """
    if series is None or not series.frequency:
        return [str(step) for step in range(1, steps + 1)]
    origin = int(np.flatnonzero(np.isfinite(series.target))[-1])
    grid = parse_frequency(series.frequency).grid(series.timestamps[origin], steps + 1)[1:]
    return [time_of(series, seconds, timezone) for seconds in grid]


def time_of(series: Series, seconds: int, timezone: str | None = None) -> str:
    """Return a time of a series as text; its number where rows are counted.

    Args:
        series: The series.
        seconds: The time.
        timezone: Where times of day are told; None: in UTC.
    """
    if not series.dated:
        # Counts of rows are days since 1970.
        return str(int(seconds) // _DAY)
    # Days and months are dates, the same everywhere.
    is_of_day = series.frequency and 0 < parse_frequency(series.frequency).seconds < _DAY
    return time_text(seconds, load_zone(timezone) if is_of_day else None)


def digits(value: float) -> str:
    """Return a number in eight digits, with four decimals at least.

    Example:
        >>> digits(0.123456789), digits(1234568014.653)
        ('0.12345679', '1234568014.653')
    """
    if abs(value) < 1e4 or not np.isfinite(value):
        return f"{value:.8g}"
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _line(cells: list[str]) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()
