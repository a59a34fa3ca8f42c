"""The hourly series of the M4 competition: 414 series, of which 48 hours each are forecast."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from seqsuite.data import encodings, raw_files, upstream
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.tasks.forecasting.config import ForecastDataConfig
from seqsuite.tasks.forecasting.data.series import Series, check_covariates

NAME = "m4_hourly"
DESCRIPTION = "M4 hourly: 414 series of 700 or 960 rows, then 48 (Makridakis et al. 2020)"
SEASON_STEPS = 24
# What the competition asked to be forecast.
HORIZON = 48

# A commit rather than a branch, so that the checksums stay true.
URL = (
    "https://raw.githubusercontent.com/Mcompetitions/M4-methods/"
    "6c1067e5a57161249b17289a565178dc7a3fb3ca/Dataset/"
)
SHA256 = {
    "Train/Hourly-train.csv": "ea59b7783573c49077a835ab6465c7d66f1474783360f310988a9a737fbca62f",
    "Test/Hourly-test.csv": "71a57fccb15e534d973626ada4fb87febf789e9317715b7cc6dd3b5f90db6f42",
}

_HOUR = 3600


def load(split: str, options: ForecastDataConfig) -> Examples | None:
    """Read a split, or fetch the files when that was asked for.

    The test split is the competition's; validation is the last 48 hours before it. Upstream's
    tables have no times, so hours are counted from 1970 on, anew for each series.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section (``dir``, ``download``).

    Returns:
        ``series``: H1 to H414.

    Reference:
        Makridakis et al., "The M4 Competition: 100,000 time series and 61 forecasting methods",
        2020, https://doi.org/10.1016/j.ijforecast.2019.04.014.
    """
    check_covariates(options, (), NAME)
    known = _table(_file("Train/Hourly-train.csv", options))
    ahead = _table(_file("Test/Hourly-test.csv", options)) if split == "test" else {}
    if split == "test" and set(known) != set(ahead):
        odd = min(set(known) ^ set(ahead))
        raise UserError(f"{NAME}: series {odd} is in one of upstream's two files only.")
    found = []
    for name, values in known.items():
        first = len(values) - (0 if split == "test" else HORIZON)
        if first < 1:
            raise UserError(f"{NAME}: series {name} has {len(values)} rows, too few to train on.")
        values = np.concatenate([values, ahead[name]]) if split == "test" else values
        values = values[:first] if split == "train" else values
        times = _HOUR * np.arange(len(values), dtype=np.int64)
        found.append(
            Series(
                name,
                times,
                values,
                first_target=0 if split == "train" else first,
                frequency="1h",
                dated=False,
            )
        )
    return Examples({"series": found})


def _file(name: str, options: ForecastDataConfig) -> Path:
    folders = ("forecasting/m4_hourly/", "m4_hourly/", "m4/", "")
    places = [
        f"{folder}{file}{end}"
        for folder in folders
        for file in (name.partition("/")[2], name, f"Dataset/{name}")
        for end in ("", ".gz")
    ]
    path = upstream.find(options, places)
    if path is None and not options.download:
        raise upstream.missing(NAME, options, places[:7:6])
    if path is None:
        path = upstream.fetch(URL + name, name=f"m4.{name.partition('/')[2]}", sha256=SHA256[name])
    return path


def _table(path: Path) -> dict[str, np.ndarray]:
    """Read a series a row: its name, and values up to the first of the empty cells at its end."""
    text = encodings.decode(raw_files.content(path), path)
    rows = csv.reader(io.StringIO(text, newline=""))
    next(rows, None)
    found = {}
    try:
        for row in rows:
            cells = row[1:]
            while cells and cells[-1].strip() in ("", "NA"):
                cells.pop()
            found[row[0]] = np.array([cell.strip() or "nan" for cell in cells], np.float64)
    except (ValueError, IndexError, csv.Error) as error:
        raise UserError(f"{path} line {rows.line_num} is no series of the M4: {error}.") from error
    if not found:
        raise UserError(f"{path} holds no series. Put upstream's file there.")
    return found
