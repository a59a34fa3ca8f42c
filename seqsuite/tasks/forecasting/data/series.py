"""A series of numbers over time with what is known beside it: what forecasting readers return."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from seqsuite.data.examples import Examples
from seqsuite.errors import UserError, nearest
from seqsuite.tasks.forecasting.config import ForecastDataConfig
from seqsuite.tasks.forecasting.data.frequency import parse_frequency
from seqsuite.tasks.forecasting.data.timestamps import time_text

COVARIATE_OPTIONS = ("past_covariates", "future_covariates", "static_covariates")


@dataclass(frozen=True, eq=False)
class Series:
    """A series on a regular grid of times, and the part of it that a split is for.

    Args:
        unique_id: Its name.
        timestamps: int64 ``(time,)``, seconds since 1970 in UTC; each is one step of `frequency`
            after the one before.
        target: float64 ``(time,)``, what is forecast; NaN where missing, never infinite.
        covariates: Name -> ``(time,)`` of float64 (NaN where missing) or of objects that are str
            (``""`` where missing).
        static: Name -> what never changes within the series: a number (NaN where missing) or a
            text.
        first_target: Forecasts of rows from here on are what a split is for; the rows before are
            context only.
        frequency: The step: ``15min``, ``1h``, ``1d``, ``1MS`` (first days of months), ...; ``""``
            when it is not known, and then times only have to ascend.
        dated: False when the source has no times: rows were counted from 1970 on, and calendar
            features of them mean nothing.

    Raises:
        ValueError: Shapes, dtypes or times are not as described.

    Example:
        >>> Series("a", 3600 * np.arange(3), np.array([1.0, np.nan, 3.0]), frequency="1h").num_rows
        3
    """

    unique_id: str
    timestamps: np.ndarray
    target: np.ndarray
    covariates: dict[str, np.ndarray] = field(default_factory=dict)
    static: dict[str, str | float] = field(default_factory=dict)
    first_target: int = 0
    frequency: str = ""
    dated: bool = True

    def __post_init__(self):
        times, rows = self.timestamps, len(self.timestamps)
        if times.ndim != 1 or times.dtype != np.int64 or not rows:
            self._refuse("timestamps", "be int64 (time,), not empty", times)
        if self.target.shape != (rows,) or self.target.dtype != np.float64:
            self._refuse("target", f"be float64 ({rows},), as timestamps are", self.target)
        if np.isinf(self.target).any():
            self._refuse("target", "be finite, or NaN where missing", self.target)
        for name, column in self.covariates.items():
            if column.shape != (rows,) or column.dtype not in (np.float64, object):
                self._refuse(f"covariates[{name!r}]", f"be float64 or object ({rows},)", column)
        if not 0 <= self.first_target <= rows:
            self._refuse("first_target", f"lie between 0 and {rows}", self.first_target)
        regular = self.frequency and rows > 1
        grid = parse_frequency(self.frequency).grid(times[0], rows) if regular else None
        if (np.diff(times) <= 0).any() if grid is None else (times != grid).any():
            wanted = f"step by {self.frequency}" if regular else "ascend"
            self._refuse("timestamps", wanted, times)

    def _refuse(self, name: str, wanted: str, value: object) -> None:
        given = f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else value
        raise ValueError(
            f"Argument `{name}` must {wanted}. Received: {name}={given} (series {self.unique_id!r})"
        )

    @property
    def num_rows(self) -> int:
        """How many rows it has."""
        return len(self.timestamps)

    def part(self, stop: int, first_target: int = 0) -> Series:
        """Return the rows before ``stop``: views of the same arrays.

        Args:
            stop: Index of the first row that is left out.
            first_target: Index of the first row to forecast.
        """
        return replace(
            self,
            timestamps=self.timestamps[:stop],
            target=self.target[:stop],
            covariates={name: column[:stop] for name, column in self.covariates.items()},
            first_target=first_target,
        )


def split_series(
    series: Iterable[Series], split: str, validation: int, test: int, stop: int
) -> Examples:
    """Return a split of series of one length that are cut at the same rows.

    Args:
        series: Whole series.
        split: ``train``, ``validation`` or ``test``.
        validation: Index of the first row of the validation part.
        test: Index of the first row of the test part.
        stop: Index of the first row behind the test part.

    Returns:
        ``series``: of training the rows before `validation`; of the others all rows up to their
        end, so that the context of their first windows reaches back, with `first_target`.
    """
    ends = {"train": (validation, 0), "validation": (test, validation), "test": (stop, test)}
    return Examples({"series": [one.part(*ends[split]) for one in series]})


def requested_covariates(options: ForecastDataConfig) -> dict[str, tuple[str, ...]]:
    """Return the names that each of ``past_covariates``, ... lists.

    Args:
        options: The data section; absent and empty options list nothing.

    Raises:
        UserError: A name is listed twice.

    Example:
        >>> from types import SimpleNamespace
        >>> requested_covariates(SimpleNamespace(past_covariates=["a", "b"]))["past_covariates"]
        ('a', 'b')
    """
    found = {name: tuple(getattr(options, name, ())) for name in COVARIATE_OPTIONS}
    every = [name for names in found.values() for name in names]
    twice = next((name for name in every if every.count(name) > 1), None)
    if twice is not None:
        raise UserError(
            f"The covariate {twice!r} is listed twice. A column is one of --data.past_covariates, "
            "--data.future_covariates (known ahead, and so in the past too) and "
            "--data.static_covariates."
        )
    return found


def check_covariates(options: ForecastDataConfig, known: Sequence[str], where: object) -> None:
    """Refuse names of covariates that a source does not have.

    Args:
        options: The data section.
        known: The names there are, none of them static.
        where: Named in the error.

    Raises:
        UserError: A name is unknown, or a covariate that varies is called static.
    """
    for option, names in requested_covariates(options).items():
        for name in names:
            if name not in known:
                there = f"has {', '.join(known)}" if known else "has no covariates"
                raise UserError(
                    f"--data.{option}: {where} has no column {name!r}.{nearest(name, known)} It "
                    f"{there}."
                )
            if option == "static_covariates":
                raise UserError(
                    f"--data.static_covariates: {name!r} of {where} varies over time. List it in "
                    "--data.past_covariates or --data.future_covariates."
                )


def require_future_covariates(
    series: Iterable[Series], names: Sequence[str], where: object, start: int | None = None
) -> None:
    """Refuse series that lack a covariate where it has to be known ahead.

    Rows that lack everything are passed over: these times were not in the data at all.

    Args:
        series: Series; what is checked are the rows from their `first_target` on.
        names: Columns that are known ahead.
        where: Named in the error.
        start: Index of the first row to check, in place of `first_target`.

    Raises:
        UserError: The message names the column, the series and the first time.
    """
    for one in series:
        first = one.first_target if start is None else start
        missing = {name: is_missing(column[first:]) for name, column in one.covariates.items()}
        absent = np.logical_and.reduce([np.isnan(one.target[first:]), *missing.values()])
        for name in names:
            rows = np.flatnonzero(missing[name] & ~absent)
            if len(rows):
                time = time_text(one.timestamps[first + rows[0]])
                raise UserError(
                    f"{where}: the covariate {name!r} of series {one.unique_id!r} is missing at "
                    f"{time}, but has to be known ahead. Fill it in, or list it in "
                    "--data.past_covariates."
                )


def check_scorable(series: Sequence[Series], horizon: int) -> None:
    """Refuse a validation part in which no window holds the longest horizon: it selects nothing.

    Args:
        series: Series; what is forecast are the rows from their `first_target` on.
        horizon: The longest horizon that is scored.

    Raises:
        UserError: The message says how many rows there are and how many there must be.
    """
    held = [one.num_rows - max(1, one.first_target) for one in series]
    if max(held, default=0) < horizon:
        raise UserError(
            f"Validation has at most {max(held, default=0)} rows of a series to forecast, and "
            f"forecasts of {horizon} rows are scored: no window holds one. Give more rows with "
            "--data.validation_length (or a longer --data.validation), or lower "
            "--data.prediction_length or --data.horizons."
        )
    if not any(np.isfinite(one.target[one.first_target :]).any() for one in series):
        raise UserError(
            "Validation has no value to compare forecasts with: all are missing. Give other rows "
            "with --data.validation_length or --data.validation."
        )


def is_missing(column: np.ndarray) -> np.ndarray:
    """Return where a column of numbers (NaN) or texts (``""``) has nothing.

    Example:
        >>> is_missing(np.array([1.0, np.nan]))
        array([False,  True])
    """
    return np.isnan(column) if column.dtype == np.float64 else column == ""


def note(where: object, text: str) -> None:
    """Tell on standard error how data was read that is not quite as it should be."""
    print(f"note: {where}: {text}", file=sys.stderr)
