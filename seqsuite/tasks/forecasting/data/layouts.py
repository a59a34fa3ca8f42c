"""Tables of series in the two usual layouts, long and wide, as rows of each series."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqsuite.errors import UserError, nearest
from seqsuite.tasks.forecasting.config import ForecastDataConfig
from seqsuite.tasks.forecasting.data.columns import Labels, Reading, Times
from seqsuite.tasks.forecasting.data.frequency import parse_frequency
from seqsuite.tasks.forecasting.data.grid import Grid, Notes, Rows, common_frequency, in_order, join
from seqsuite.tasks.forecasting.data.series import Series, note, requested_covariates
from seqsuite.tasks.forecasting.data.tables import read_columns

if TYPE_CHECKING:
    import tensorflow as tf


_DEFAULT_ID = "unique_id"
# The square of a sum of many such numbers is a number yet.
_LARGEST = 1e100


@dataclass(frozen=True)
class Layout:
    """Which columns a table has, and how they are read.

    Args:
        time_column: Column of times.
        id_column: Column that tells series apart.
        target_column: What is forecast; a table without it has a column for each series.
        past_covariates: Columns known up to now.
        future_covariates: Columns known ahead.
        static_covariates: Columns that never change within a series.
        frequency: Step of the times; None: it is inferred.
        reading: How texts are read.
        quiet: Write no notes: what is odd about a data set is known and documented.
    """

    time_column: str = "ds"
    id_column: str = _DEFAULT_ID
    target_column: str = "y"
    past_covariates: tuple[str, ...] = ()
    future_covariates: tuple[str, ...] = ()
    static_covariates: tuple[str, ...] = ()
    frequency: str | None = None
    reading: Reading = field(default_factory=Reading)
    quiet: bool = False

    @classmethod
    def of(cls, options: ForecastDataConfig) -> Layout:
        """Return the layout that a data section describes."""
        covariates = requested_covariates(options)
        return cls(
            time_column=getattr(options, "time_column", "ds"),
            id_column=getattr(options, "id_column", _DEFAULT_ID),
            target_column=getattr(options, "target_column", "y"),
            past_covariates=covariates["past_covariates"],
            future_covariates=covariates["future_covariates"],
            static_covariates=covariates["static_covariates"],
            frequency=getattr(options, "frequency", None),
            reading=Reading(
                decimal_comma=getattr(options, "decimal_comma", False),
                thousands=getattr(options, "thousands", "none"),
                timezone=getattr(options, "timezone", None),
                encoding=getattr(options, "encoding", None),
            ),
        )

    @property
    def covariates(self) -> tuple[str, ...]:
        """Columns that vary over time."""
        return (*self.past_covariates, *self.future_covariates)


def read_rows(path: Path, layout: Layout) -> tuple[dict[str, Rows], bool]:
    """Read a table.

    Args:
        path: A csv or tsv file, or ``.gz`` of one.
        layout: Its columns. Columns of a long table that it does not name are passed over.

    Returns:
        Name -> rows of that series in order, each time once; and whether times are dates.

    Raises:
        UserError: A column is absent, or the table cannot be used.
    """

    def choose(header: list[str]) -> dict[str, str]:
        return _long_columns(path, header, layout) or _wide_columns(path, header, layout)

    columns = read_columns(path, choose, layout.reading)
    times = columns.pop(layout.time_column)
    assert isinstance(times, Times)
    if not len(times.seconds):
        raise UserError(f"{path} has a header, but no rows. Give a table with series.")
    notes = Notes(path, layout.quiet)
    _mark_infinite(columns, notes)
    _refuse_too_large(path, columns)
    times = _counted(times, layout)
    rows = (_long if layout.target_column in columns else _wide)(path, columns, times, layout)
    found = {one.unique_id: in_order(one, notes) for one in rows}
    notes.tell()
    return found, times.dated


def series_of(
    tables: Sequence[tuple[dict[str, Rows], bool]], layout: Layout, where: object
) -> list[Series]:
    """Return the series of tables of which each goes on where the one before ends.

    Args:
        tables: As :func:`read_rows` returns them.
        layout: Its ``frequency``.
        where: Named in errors and notes.

    Raises:
        UserError: Times are not regular, tables contradict each other, or all values are missing.
    """
    notes = Notes(where, layout.quiet)
    ids = dict.fromkeys(name for table, _ in tables for name in table)
    parts = {name: [table[name] for table, _ in tables if name in table] for name in ids}
    whole = [in_order(join(some), notes) for some in parts.values()]
    known = [one for one in whole if not np.isnan(one.target).all()]
    if not known:
        raise UserError(f"{where}: all values are missing. Give series with numbers.")
    if len(known) < len(whole):
        first = next(one.unique_id for one in whole if np.isnan(one.target).all())
        note(where, f"{len(whole) - len(known):,} series without a value are left out ({first!r})")
    given = parse_frequency(layout.frequency) if layout.frequency else None
    frequency = given or common_frequency(known)
    grid = Grid(frequency, given is None, all(dated for _, dated in tables), notes)
    found = [grid.series(one) for one in known]
    for one in found:
        for array in (one.target, *one.covariates.values()):
            array.flags.writeable = False
    notes.tell()
    return found


def _long_columns(path: Path, header: list[str], layout: Layout) -> dict[str, str] | None:
    """Return the columns to read of a table with a row for each series and time, or None."""
    if layout.target_column not in header:
        if layout.id_column in header:
            raise _absent(path, "target_column", layout.target_column, header)
        return None
    if layout.time_column not in header:
        raise _absent(path, "time_column", layout.time_column, header)
    kinds = {layout.time_column: "time", layout.target_column: "number"}
    if layout.id_column in header:
        kinds[layout.id_column] = "name"
    elif layout.id_column != _DEFAULT_ID:
        raise _absent(path, "id_column", layout.id_column, header)
    for option in ("past_covariates", "future_covariates", "static_covariates"):
        for name in getattr(layout, option):
            if name in kinds:
                raise UserError(
                    f"--data.{option}: {name!r} is already the column of times, names or targets. "
                    "List other columns."
                )
            if name not in header:
                raise _absent(path, option, name, header)
            kinds[name] = "either"
    return kinds


def _wide_columns(path: Path, header: list[str], layout: Layout) -> dict[str, str]:
    """Return the columns to read of a table with a column for each series."""
    if layout.time_column not in header:
        raise _absent(path, "time_column", layout.time_column, header)
    if layout.static_covariates:
        raise UserError(
            f"{path} has no column {layout.target_column!r}, so each of its columns is a series, "
            "and none can be in --data.static_covariates. Name the column that is forecast with "
            "--data.target_column, if there is one."
        )
    for option in ("past_covariates", "future_covariates"):
        for name in getattr(layout, option):
            if name not in header:
                raise _absent(path, option, name, header)
    header = _without_index(path, header, layout)
    kinds = {name: "either" if name in layout.covariates else "number" for name in header if name}
    kinds[layout.time_column] = "time"
    if len(kinds) == 1 + len(layout.covariates):
        raise _absent(path, "target_column", layout.target_column, header)
    return kinds


def _without_index(path: Path, header: list[str], layout: Layout) -> list[str]:
    """Return the columns without the one in which pandas writes the numbers of rows."""
    names = [name for name in header if re.fullmatch(r"Unnamed: \d+", name)]
    names = [name for name in names if name not in (layout.time_column, *layout.covariates)]
    if not names:
        return header
    print(
        f"note: {path}: column {names[0]!r}, an index that pandas writes, is no series and is left "
        "out",
        file=sys.stderr,
    )
    return [name for name in header if name not in names]


def _absent(path: Path, option: str, name: str, header: list[str]) -> UserError:
    there = ", ".join(header[:12]) + (", ..." if len(header) > 12 else "")
    return UserError(
        f"--data.{option}: {path} has no column {name!r}.{nearest(name, header)} It has {there}."
    )


def _mark_infinite(columns: dict[str, Any], notes: Notes) -> None:
    for name, column in columns.items():
        if isinstance(column, np.ndarray):
            infinite = np.isinf(column)
            if infinite.any():
                column[infinite] = np.nan
                text = "{} infinite values count as missing"
                notes.add(text, int(infinite.sum()), f"column {name}")


def _refuse_too_large(path: Path, columns: dict[str, Any]) -> None:
    for name, column in columns.items():
        if isinstance(column, np.ndarray):
            large = np.flatnonzero(np.abs(column) > _LARGEST)
            if len(large):
                raise UserError(
                    f"{path}: {name} has {column[large[0]]:g}, and numbers beyond {_LARGEST:g} "
                    "have no squares to compute a spread from. Give them in a larger unit, or "
                    "leave empty what stands for a missing one."
                )


def _counted(times: Times, layout: Layout) -> Times:
    """Return times; where rows are counted, the n-th row is n steps after 1970 began."""
    if times.dated or not layout.frequency:
        return times
    counts = times.seconds // 86_400
    return Times(parse_frequency(layout.frequency).after_1970(counts), None, None, False)


def _long(path: Path, columns: dict[str, Any], times: Times, layout: Layout) -> list[Rows]:
    target = columns[layout.target_column]
    ids = columns.get(layout.id_column, Labels(np.zeros(len(target), np.int32), np.array([""])))
    covariates = {name: _values(columns[name]) for name in layout.covariates}
    together = bool((np.diff(ids.codes) >= 0).all())
    order = None if together else np.argsort(ids.codes, kind="stable")
    codes = ids.codes if order is None else ids.codes[order]
    starts = np.searchsorted(codes, np.arange(len(ids.names) + 1))
    found = []
    for code, name in enumerate(ids.names):
        # Rows that lie together are a view, not a copy.
        span = slice(starts[code], starts[code + 1])
        rows: Any = span if order is None else order[span]
        found.append(
            Rows(
                unique_id=str(name) or layout.target_column,
                times=times.seconds[rows],
                target=target[rows],
                covariates={key: column[rows] for key, column in covariates.items()},
                static={
                    key: _constant(path, columns[key], rows, key, str(name))
                    for key in layout.static_covariates
                },
                offsets=None if times.offsets is None else times.offsets[rows],
                repeats=None if times.repeats is None else times.repeats[rows],
            )
        )
    return found


def _wide(path: Path, columns: dict[str, Any], times: Times, layout: Layout) -> list[Rows]:
    covariates = {name: _values(columns[name]) for name in layout.covariates}
    return [
        Rows(name, times.seconds, column, covariates, {}, times.offsets, times.repeats)
        for name, column in columns.items()
        if name not in covariates
    ]


def _values(column: Labels | np.ndarray) -> np.ndarray:
    return column.names[column.codes] if isinstance(column, Labels) else column


def _constant(
    path: Path, column: np.ndarray, rows: int | tf.Tensor, name: str, series: str
) -> str | float:
    """Return the one value that a static covariate has in a series."""
    values = column.codes[rows] if isinstance(column, Labels) else column[rows]
    given = values if isinstance(column, Labels) else values[~np.isnan(values)]
    if len(given) and (given != given[0]).any():
        raise UserError(
            f"{path}: the static covariate {name!r} has several values in series {series!r}. List "
            "it in --data.past_covariates or --data.future_covariates."
        )
    if isinstance(column, Labels):
        return str(column.names[given[0]])
    return float(given[0]) if len(given) else float("nan")
