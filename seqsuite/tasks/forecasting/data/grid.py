"""From rows as a table has them to series on a regular grid: sorted, without repeats, gaps marked.

Nothing is filled in: where a row is missing there is NaN, and what was changed is told in a note.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqsuite.errors import UserError
from seqsuite.tasks.forecasting.data.frequency import Frequency, infer_frequency, longer_run
from seqsuite.tasks.forecasting.data.series import Series, note
from seqsuite.tasks.forecasting.data.timestamps import time_text

# A grid so much longer than its rows comes from a mistyped year, not from gaps.
_LARGEST_GAPS, _ALWAYS_ALLOWED = 20, 100_000
_DAY = 86_400
_SHORTEST_MONTH = 28 * _DAY


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of one series.

    Args:
        unique_id: Its name.
        times: int64 ``(rows,)``, seconds since 1970 in UTC.
        target: float64 ``(rows,)``.
        covariates: Name -> ``(rows,)``.
        static: Name -> value.
        offsets: int32 ``(rows,)``, what the time zone adds to UTC; None: there is none.
        repeats: int32 ``(rows,)``, seconds until the clock shows the same again (0: it does not),
            for the hour that occurs twice when clocks are put back; None: there is no time zone.
    """

    unique_id: str
    times: np.ndarray
    target: np.ndarray
    covariates: dict[str, np.ndarray]
    static: dict[str, str | float]
    offsets: np.ndarray | None = None
    repeats: np.ndarray | None = None

    def take(self, indices: np.ndarray) -> Rows:
        """Return the rows at ``indices``, in that order."""
        return replace(
            self,
            times=self.times[indices],
            target=self.target[indices],
            covariates={name: column[indices] for name, column in self.covariates.items()},
            offsets=None if self.offsets is None else self.offsets[indices],
            repeats=None if self.repeats is None else self.repeats[indices],
        )


class Notes:
    """Count what had to be changed, and tell it once a table rather than once a series.

    Args:
        where: The table.
        quiet: Tell nothing.
    """

    def __init__(self, where: object, quiet: bool = False):
        self.where = where
        self.quiet = quiet
        self._counts: Counter[str] = Counter()
        self._series: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def add(self, text: str, count: int, example: str) -> None:
        """Count ``count`` cases in one more series.

        Args:
            text: What happened; ``{}`` stands for how many.
            count: How many.
            example: The first case.
        """
        self._counts[text] += count
        self._series[text] += 1
        self._first.setdefault(text, example)

    def tell(self) -> None:
        """Write a line for each thing that happened."""
        for text, count in () if self.quiet else self._counts.items():
            among = f" in {self._series[text]:,} series" if self._series[text] > 1 else ""
            note(self.where, f"{text.format(f'{count:,}')}{among} (first: {self._first[text]})")


def in_order(rows: Rows, notes: Notes) -> Rows:
    """Return rows in the order of time, each time once.

    Rows that say the same of the same time are one row. Where times were written without an offset
    and the clock shows an hour twice, its second occurrence in the table is the later one.

    Raises:
        UserError: There are rows of one time that differ.
    """
    rows = _in_utc(rows)
    if (np.diff(rows.times) > 0).all():
        return rows
    if (np.diff(rows.times) < 0).any():
        later = int(np.argmax(np.diff(rows.times) < 0)) + 1
        notes.add(
            "{} rows come before an earlier one and were sorted by time",
            int((np.diff(rows.times) < 0).sum()),
            _place(rows, later),
        )
        rows = rows.take(np.argsort(rows.times, kind="stable"))
    again = np.flatnonzero(np.diff(rows.times) == 0) + 1
    for column in (rows.target, *rows.covariates.values()):
        differ = ~_equal(column[again], column[again - 1])
        if differ.any():
            raise UserError(
                f"{notes.where}: {_place(rows, again[np.argmax(differ)])} occurs twice with "
                "different values. Keep one row of each time; if there are several series, name "
                "the column that tells them apart with --data.id_column, and if clocks were put "
                "back there, their zone with --data.timezone."
            )
    if len(again):
        notes.add("{} rows are repeated and count once", len(again), _place(rows, again[0]))
        rows = rows.take(np.delete(np.arange(len(rows.times)), again))
    return rows


def common_frequency(tables: Iterable[Rows]) -> Frequency | None:
    """Return the step that most rows go by, or None when no series has two rows.

    Args:
        tables: Rows in order; all series of a source have one step.
    """
    votes: Counter[Frequency] = Counter()
    seen: dict[bytes, Frequency | None] = {}
    for rows in tables:
        key = rows.times.tobytes()  # many series have the same times
        if key not in seen:
            seen[key] = infer_frequency(rows.times)
        found = seen[key]
        if found is not None:
            votes[found] += len(rows.times) - 1
    return votes.most_common(1)[0][0] if votes else None


class Grid:
    """Put rows on a regular grid of times; series with the same times share one array of them.

    Args:
        frequency: The step; None when no series has two rows.
        found: The step was inferred, so that rows which keep to another one are a mistake.
        dated: Passed on to :class:`Series`.
        notes: Where gaps are told.
    """

    def __init__(self, frequency: Frequency | None, found: bool, dated: bool, notes: Notes):
        self.frequency = frequency
        self.found = found
        self.dated = dated
        self.notes = notes
        self._shared: dict[tuple[int, int], np.ndarray] = {}

    def series(self, rows: Rows) -> Series:
        """Return rows as a series, with NaN and ``""`` where times are missing.

        Args:
            rows: In order, as :func:`in_order` returns them.

        Raises:
            UserError: Times are not whole steps apart, or keep to another step.
        """
        step = self.frequency or Frequency(seconds=_DAY)
        positions, exact = step.positions(rows.times)
        self._check(rows, positions, exact)
        length = int(positions[-1]) + 1
        start = int(step.aligned(rows.times[:1])[0])
        if (start, length) not in self._shared:
            grid = step.grid(start, length)
            grid.flags.writeable = False
            self._shared[start, length] = grid
        target, covariates = rows.target, rows.covariates
        if length > len(positions):
            before = int(np.argmax(np.diff(positions) > 1))
            self.notes.add(
                "{} rows are missing between others and count as missing values",
                length - len(positions),
                f"after {_place(rows, before)}",
            )
            target = _spread(target, positions, length)
            covariates = {n: _spread(c, positions, length) for n, c in covariates.items()}
        return Series(
            unique_id=rows.unique_id,
            timestamps=self._shared[start, length],
            target=target,
            covariates=covariates,
            static=rows.static,
            frequency=self.frequency.name if self.frequency else "",
            dated=self.dated,
        )

    def _check(self, rows: Rows, positions: np.ndarray, exact: np.ndarray) -> None:
        where, step = self.notes.where, self.frequency.name if self.frequency else ""
        own = infer_frequency(rows.times)
        if not exact.all():
            if self.found and own is not None and own != self.frequency:
                raise self._mixed(rows, own, 0)
            raise UserError(
                f"{where}: times go by {step}, but {_place(rows, int(np.argmin(exact)))} is not a "
                f"whole number of steps after {time_text(rows.times[0])}. Resample to a regular "
                "step, or name a finer one with --data.frequency: rows between count as missing."
            )
        steps = np.diff(positions)
        if (steps == 0).any():
            raise UserError(
                f"{where}: times go by {step}, but {_place(rows, int(np.argmin(steps)) + 1)} is "
                "not the only row of its step. Take their mean or sum, or set --data.frequency."
            )
        run = longer_run(positions) if self.found and self.frequency else None
        if run is not None and self.frequency:
            times = int(steps[run])
            wider = Frequency(self.frequency.seconds * times, self.frequency.months * times)
            raise self._mixed(rows, wider, run)
        if positions[-1] >= max(_ALWAYS_ALLOWED, _LARGEST_GAPS * len(positions)):
            after = int(np.argmax(steps)) + 1
            raise UserError(
                f"{where}: series {rows.unique_id!r} has {len(positions):,} rows, but by {step} "
                f"there are {positions[-1] + 1:,} from its first time to its last. See whether "
                f"{time_text(rows.times[after])} is mistyped, or set --data.frequency."
            )

    def _mixed(self, rows: Rows, own: Frequency, start: int) -> UserError:
        step = self.frequency or own
        finer = min(step, own, key=lambda one: one.seconds + one.months * _SHORTEST_MONTH)
        return UserError(
            f"{self.notes.where}: frequencies are mixed: most rows go by {step.name}, but those of "
            f"series {rows.unique_id!r} by {own.name} from {time_text(rows.times[start])} on. "
            "Resample to one step or train a model for each; if the rows between are missing, say "
            f"so with --data.frequency {finer.name}."
        )


def join(parts: Sequence[Rows]) -> Rows:
    """Return the rows of several tables about one series, one after the other.

    Args:
        parts: Each in order. A covariate that is numbers in some and names in others becomes names.
    """
    if len(parts) == 1:
        return parts[0]

    def joined(columns: Sequence[np.ndarray]) -> np.ndarray:
        if len({column.dtype for column in columns}) > 1:
            columns = [as_names(column) for column in columns]
        return np.concatenate(columns)

    return replace(
        parts[0],
        times=joined([part.times for part in parts]),
        target=joined([part.target for part in parts]),
        covariates={n: joined([p.covariates[n] for p in parts]) for n in parts[0].covariates},
    )


def as_names(column: np.ndarray) -> np.ndarray:
    """Return a column of texts; of numbers as they are usually written, ``""`` where missing.

    Example:
        >>> as_names(np.array([1.0, np.nan, 2.5])).tolist()
        ['1', '', '2.5']
    """
    if column.dtype == object:
        return column
    return np.array(["" if np.isnan(value) else f"{value:g}" for value in column], dtype=object)


def _in_utc(rows: Rows) -> Rows:
    """Return rows with the hour that clocks show twice told apart, and dates left as dates."""
    if rows.offsets is None or rows.repeats is None:
        return rows
    local = rows.times + rows.offsets
    steps = np.diff(np.unique(local))
    if len(steps) and steps.min() >= _DAY:
        # A day is a day, also where it has 23 or 25 hours.
        return replace(rows, times=local, offsets=None, repeats=None)
    doubtful = np.flatnonzero(rows.repeats)
    times = rows.times.copy()
    seen: set[int] = set()
    for index in doubtful:
        if int(times[index]) in seen:
            times[index] += rows.repeats[index]
        else:
            seen.add(int(times[index]))
    return replace(rows, times=times, offsets=None, repeats=None)


def _equal(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    if one.dtype == np.float64:
        return (one == other) | (np.isnan(one) & np.isnan(other))
    return one == other


def _spread(column: np.ndarray, positions: np.ndarray, length: int) -> np.ndarray:
    numeric = column.dtype == np.float64
    spread = np.full(length, np.nan) if numeric else np.full(length, "", dtype=object)
    spread[positions] = column
    return spread


def _place(rows: Rows, index: int) -> str:
    return f"{time_text(rows.times[index])} of series {rows.unique_id!r}"
