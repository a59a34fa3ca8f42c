"""A person's own series: a table with a row for each time and series, or a column for each series.

This is ``data.source files`` for forecasting.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path

import numpy as np

from seqsuite.data.examples import Examples
from seqsuite.errors import UserError, nearest
from seqsuite.tasks.forecasting.config import ForecastDataConfig
from seqsuite.tasks.forecasting.data.layouts import Layout, read_rows, series_of
from seqsuite.tasks.forecasting.data.series import (
    Series,
    note,
    requested_covariates,
    require_future_covariates,
)

NAME = "files"
DESCRIPTION = "your own files: --data.train series.csv [--data.validation ...] [--data.test ...]"

SPLITS = ("train", "validation", "test")
# Of the rows of a series, where a split has neither a file nor a length.
_SHARES = {"validation": 10, "test": 5}
_FORMATS = (
    "a csv file with columns unique_id,ds,y (a row for each series and time), or with a column of "
    "times and one for each series"
)


def load(split: str, options: ForecastDataConfig) -> Examples | None:
    """Read a split from the files that the data section names.

    The files of validation and test go on where the one before ends. What has no file is cut from
    the end of the one before: the last ``test_length`` rows of each series (0: a fifth, at least
    ``prediction_length``), and before them ``validation_length`` rows (0: a tenth). A test file
    alone, with no training file, is cut the same way.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section.

    Returns:
        ``series``: of training the rows before validation; of the others all rows up to their end,
        with ``first_target``. Series too short for a split are left out of it, with a note. None
        when there is neither a file nor anything to cut from.

    Raises:
        UserError: A file is missing or cannot be read, no series is long enough, or a covariate
            that has to be known ahead is missing.
    """
    paths = {name: _path(name, options) for name in SPLITS}
    given = tuple(name for name in SPLITS if paths[name] is not None)
    if paths["train"] is None and (split == "train" or not paths["test"]):
        if split != "train":
            return None
        raise UserError(f"data.source files needs --data.train FILE. Give {_FORMATS}.")
    if split == "validation" and paths["train"] is None:
        return None
    if split == "test" and given == ("train", "validation"):
        return None
    found = tuple(path for path in paths.values() if path is not None)
    layout = Layout.of(options)
    whole, ends = _joined(found, _versions(found), layout)
    where = ", ".join(map(str, found))
    parts = [
        part
        for one in whole
        if (part := _part(one, split, given, [end.get(one.unique_id) for end in ends], options))
    ]
    _tell_left_out(split, len(whole) - len(parts), whole, parts, options, where)
    if split != "train":
        require_future_covariates(parts, requested_covariates(options)["future_covariates"], where)
    return Examples({"series": parts})


def read(path: Path, options: ForecastDataConfig) -> list[Series]:
    """Read all series of one file end to end, also rows that know covariates but no target.

    Args:
        path: The file.
        options: The data section.

    Raises:
        UserError: It cannot be read.
    """
    return list(_joined((path,), _versions((path,)), Layout.of(options))[0])


# All splits are views of the same arrays, and a file is parsed once for the three of them.
@functools.lru_cache(maxsize=2)
def _joined(
    paths: tuple[Path, ...], versions: tuple[tuple[int, int], ...], layout: Layout
) -> tuple[tuple[Series, ...], list[dict[str, int]]]:
    """Return the series of all files joined, and for each file its series' last times."""
    tables = [read_rows(path, layout) for path in paths]
    where = ", ".join(map(str, paths))
    ends = [{name: int(rows.times[-1]) for name, rows in table.items()} for table, _ in tables]
    return tuple(series_of(tables, layout, where)), ends


def _versions(paths: tuple[Path, ...]) -> tuple[tuple[int, int], ...]:
    """Return what tells a file that was changed from what it was."""
    return tuple((path.stat().st_mtime_ns, path.stat().st_size) for path in paths)


def _path(split: str, options: ForecastDataConfig) -> Path | None:
    given = getattr(options, split, None)
    if given is None:
        return None
    path = Path(given).expanduser()
    if not path.is_file():
        near = os.listdir(path.parent) if os.access(path.parent, os.R_OK | os.X_OK) else []
        what = "is a folder." if path.is_dir() else f"does not exist.{nearest(path.name, near)}"
        raise UserError(f"--data.{split}: {path} {what} Give {_FORMATS}.")
    return path


def _part(
    one: Series,
    split: str,
    given: tuple[str, ...],
    ends: list[int | None],
    options: ForecastDataConfig,
) -> Series | None:
    """Return what of a whole series a split holds, or None when that is too little."""
    validation, test, stop = _cuts(dict(zip(given, _bounds(one, ends), strict=True)), options)
    if split == "train":
        return one.part(validation) if validation > options.prediction_length else None
    stop, first = (test, validation) if split == "validation" else (stop, test)
    # A series that training did not have begins in the test file: its first row has no past.
    first = max(1, first)
    return one.part(stop, first) if stop > first else None


def _cuts(bounds: dict[str, int], options: ForecastDataConfig) -> tuple[int, int, int]:
    """Return the first rows of validation and test, and where the test part ends.

    Args:
        bounds: Split that has a file -> how many rows of a series there are up to its end.
        options: The data section.
    """
    stop = max(bounds.values())
    before = [bounds[split] for split in ("train", "validation") if split in bounds]
    if "test" in bounds and before:
        test = whole = max(before)
    elif "validation" in bounds:
        test = whole = stop
    else:
        test, whole = max(0, stop - _length("test", stop, options)), stop
    if "validation" in bounds:
        return bounds.get("train", 0), test, stop
    return max(0, test - _length("validation", whole, options)), test, stop


def _bounds(one: Series, ends: list[int | None]) -> list[int]:
    """Return for each file how many rows of a series lie up to its end there."""
    found, before = [], 0
    for end in ends:
        here = before if end is None else int(np.searchsorted(one.timestamps, end, side="right"))
        before = max(before, here)
        found.append(before)
    return found


def _length(split: str, rows: int, options: ForecastDataConfig) -> int:
    given = getattr(options, f"{split}_length", 0)
    return given or max(options.prediction_length, rows // _SHARES[split])


def _tell_left_out(
    split: str,
    count: int,
    whole: tuple[Series, ...],
    parts: list[Series],
    options: ForecastDataConfig,
    where: str,
) -> None:
    if not count:
        return
    horizon = options.prediction_length
    lack = {
        "train": f"more than --data.prediction_length {horizon} rows before validation and test",
        "validation": "rows after training",
        "test": "rows after training and validation",
    }[split]
    if not parts:
        longest = max(whole, key=lambda one: one.num_rows)
        raise UserError(
            f"{where}: no series has {lack}; the longest, {longest.unique_id!r}, has "
            f"{longest.num_rows:,} rows in all. Give longer series, or lower "
            "--data.prediction_length, --data.validation_length and --data.test_length."
        )
    kept = {one.unique_id for one in parts}
    first = next(one.unique_id for one in whole if one.unique_id not in kept)
    note(where, f"{count:,} series are left out of {split}, without {lack} (first: {first!r})")
