"""Columns of a table as they are read: texts in, a stretch at a time, and one array out."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seqsuite.errors import UserError
from seqsuite.tasks.forecasting.data.timestamps import TimeReader, load_zone

_MISSING = frozenset(("", "na", "n/a", "nan", "null", "none", "-", "?"))
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d*,\d+([eE][+-]?\d+)?\s*")
# Stands for a number that is written the other way.
_WITH_POINT = "point"
SEPARATORS = {"comma": ",", "point": ".", "space": " \u00a0\u2009\u202f", "apostrophe": "'\u2019"}
"""Names of separators of thousands -> the characters that are one."""
_THOUSANDS = re.compile(
    r"\s*[+-]?\d{1,3}(([,.' \u00a0\u2009\u202f\u2019])\d{3})(\2\d{3})*([.,]\d*)?\s*"
)


@dataclass(frozen=True)
class Reading:
    """How the texts of a table are read.

    Args:
        decimal_comma: Numbers are written ``1,5``.
        thousands: Separator of thousands, a key of ``SEPARATORS``; ``none``: there is none.
        timezone: Where times without an offset were written.
        undecodable: What happens with bytes that are not text: ``strict`` or ``replace``.
        encoding: Encoding of the table; None: UTF-8, or UTF-16 by its mark.
    """

    decimal_comma: bool = False
    thousands: str = "none"
    timezone: str | None = None
    undecodable: str = "strict"
    encoding: str | None = None


@dataclass(frozen=True, eq=False)
class Times:
    """A column of times.

    Args:
        seconds: int64 ``(rows,)``, since 1970 in UTC.
        offsets: int32 ``(rows,)``, what the time zone adds; None without one.
        repeats: int32 ``(rows,)``, seconds until the clock shows the same again, or 0.
        dated: Whether they are times rather than counts.
    """

    seconds: np.ndarray
    offsets: np.ndarray | None
    repeats: np.ndarray | None
    dated: bool


@dataclass(frozen=True, eq=False)
class Labels:
    """A column of names.

    Args:
        codes: int32 ``(rows,)``, index of each row's name.
        names: objects ``(names,)``, str; ``""`` stands for a missing one.
    """

    codes: np.ndarray
    names: np.ndarray


class NotNumbers(Exception):
    """A column that was taken for numbers holds names."""

    def __init__(self, column: str):
        super().__init__(column)
        self.column = column


class _TimeColumn:
    def __init__(self, name: str, kind: str, path: Path, reading: Reading):
        self.name, self.path = name, path
        self.zone = load_zone(reading.timezone)
        self.reader = TimeReader(self.zone)
        self.chunks: list[np.ndarray] = []

    def add(self, texts: Sequence[str], line_of: Callable[[int], int]) -> None:
        try:
            known = self.reader.read_all(texts)
        except (ValueError, OverflowError):
            raise self._unreadable(texts, line_of) from None
        self.chunks.append(np.fromiter((known[t] for t in texts), np.int64, len(texts)))

    def finish(self) -> Times:
        seconds = np.concatenate([np.zeros(0, np.int64), *self.chunks])
        offsets = self.reader.midnights
        if self.zone is None and self.reader.has_only_midnights and offsets:
            # Days and months are those of the clock that they were written by.
            seconds = np.array([s + offsets.get(s, 0) for s in seconds.tolist()], np.int64)
        if self.zone is None or not self.reader.dated:
            return Times(seconds, None, None, self.reader.dated)
        different, places = np.unique(seconds, return_inverse=True)
        local = np.array([self.reader.local(int(s)) for s in different], np.int32).reshape(-1, 2)
        return Times(seconds, local[places, 0], local[places, 1], True)

    def _unreadable(self, texts: Sequence[str], line_of: Callable[[int], int]) -> UserError:
        for row, text in enumerate(texts):
            try:
                self.reader.read(text)
            except (ValueError, OverflowError) as error:
                # Of Python's own messages only ours are for readers.
                reason = f" ({error})" if str(error).startswith(("the clocks", "finer")) else ""
                return UserError(
                    f"{self.path} line {line_of(row)}: {self.name} {text!r} cannot be read as a "
                    f"time{reason}. Write times like 2020-12-31 or 2020-12-31 18:00:00, all of a "
                    "column in the same way."
                )
        raise AssertionError("a time could not be read")


class _NumberColumn:
    def __init__(self, name: str, kind: str, path: Path, reading: Reading):
        self.name, self.path, self.may_be_names = name, path, kind == "either"
        self.comma = reading.decimal_comma
        marks = SEPARATORS.get(reading.thousands, "")
        self.marks = re.compile(f"(?<=\\d)[{marks}](?=\\d{{3}}(?!\\d))") if marks else None
        self.decimals: set[int] = set()
        self.chunks: list[np.ndarray] = []

    def add(self, texts: Sequence[str], line_of: Callable[[int], int]) -> None:
        given: Sequence[Any] = texts
        if self.marks:
            given = texts = [self.marks.sub("", text) for text in texts]
        if self.comma:
            self.decimals |= {len(t.strip()) - t.strip().index(",") - 1 for t in texts if "," in t}
            given = [_WITH_POINT if "." in t else t.replace(",", ".") for t in texts]
        try:
            values = np.fromiter(map(float, given), np.float64, len(given))
        except ValueError:
            given = [np.nan if t.strip().lower() in _MISSING else t for t in given]
            try:
                values = np.fromiter(map(float, given), np.float64, len(given))
            except ValueError:
                raise self._unreadable(texts, given, line_of) from None
        self.chunks.append(values)

    def finish(self) -> np.ndarray:
        if self.decimals == {3}:
            print(
                f"note: {self.path}: {self.name} has three digits after every comma. If these are "
                "thousands, set --data.thousands comma instead of decimal_comma",
                file=sys.stderr,
            )
        return np.concatenate([np.zeros(0), *self.chunks])

    def _unreadable(
        self, texts: Sequence[str], given: Sequence[Any], line_of: Callable[[int], int]
    ) -> Exception:
        row = next(row for row, text in enumerate(given) if not _is_number(text))
        place = f"{self.path} line {line_of(row)}: {self.name} {texts[row]!r}"
        thousands = _THOUSANDS.fullmatch(texts[row]) if not self.marks else None
        name = next(
            (n for n, marks in SEPARATORS.items() if thousands and thousands[2] in marks), ""
        )
        # A single comma with three digits after it may be either.
        if thousands and not (name == "comma" and self.comma):
            either = name == "comma" and texts[row].count(",") == 1 and "." not in texts[row]
            raise UserError(
                f"{place} looks like a number with separators of thousands: add --data.thousands "
                f"{name}"
                + (", or --data.decimal_comma true if it has a decimal comma." * either or ".")
            )
        if not self.comma and _DECIMAL_COMMA.fullmatch(texts[row]):
            return UserError(
                f"{place} looks like a number with a decimal comma. If it is one, add "
                "--data.decimal_comma true."
            )
        if self.comma and _is_number(texts[row]):
            return UserError(
                f"{place} has a decimal point, but --data.decimal_comma is set. Write all numbers "
                "in one way, without separators of thousands."
            )
        if self.may_be_names:
            return NotNumbers(self.name)
        return UserError(
            f"{place} is not a number. Leave a missing value empty; a column that is not a series "
            "may be named with --data.past_covariates, and the target of a table that has a row "
            "for each time and series with --data.target_column."
        )


class _NameColumn:
    def __init__(self, name: str, kind: str, path: Path, reading: Reading):
        self.name, self.path, self.kind = name, path, kind
        self.index: dict[str, int] = {}
        self.chunks: list[np.ndarray] = []

    def add(self, texts: Sequence[str], line_of: Callable[[int], int]) -> None:
        index = self.index
        codes = (index.setdefault(text.strip(), len(index)) for text in texts)
        self.chunks.append(np.fromiter(codes, np.int32, len(texts)))

    def finish(self) -> Labels:
        self._check()
        names = np.array(["" if n.lower() == "nan" else n for n in self.index], dtype=object)
        return Labels(np.concatenate([np.zeros(0, np.int32), *self.chunks]), names)

    def _check(self) -> None:
        """Refuse a column of numbers among which a few are mistyped."""
        if self.kind != "either":
            return
        odd = [text for text in self.index if not _is_number(text) and text.lower() not in _MISSING]
        if len(self.index) > 20 and len(odd) < len(self.index) / 2:
            raise UserError(
                f"{self.path}: {self.name} holds numbers for the most part, but also {odd[0]!r}. "
                "Leave missing numbers empty."
            )


COLUMNS: dict[str, Any] = {
    "time": _TimeColumn,
    "number": _NumberColumn,
    "either": _NumberColumn,
    "name": _NameColumn,
}


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
