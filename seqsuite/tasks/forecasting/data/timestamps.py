"""Times as people write them in tables, read as seconds since 1970 in UTC."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from seqsuite.errors import UserError

_EPOCH = datetime(1970, 1, 1)
_YEARS = range(1600, 2400)
_QUARTER = r"(\d{4})[- ]?[Qq]([1-4])"


def time_text(seconds: int, zone: ZoneInfo | None = None) -> str:
    """Return a time as text: the date, and the time of day unless that is midnight.

    Args:
        seconds: Since 1970, UTC.
        zone: Where it is told, with the offset and the time of day at all times; None: in UTC.

    Example:
        >>> time_text(0), time_text(3600)
        ('1970-01-01', '1970-01-01 01:00:00')
    """
    try:
        if zone is not None:
            return datetime.fromtimestamp(int(seconds), zone).isoformat(" ")
        text = datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return f"{seconds} s after 1970"
    return text.removesuffix(" 00:00:00")


def load_zone(name: str | None) -> ZoneInfo | None:
    """Return a time zone by its name, or None for none.

    Raises:
        UserError: There is no such time zone.
    """
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UserError(
            f"data.timezone {name!r} is no time zone that is known here. Give one of the time zone "
            "database, such as Europe/Berlin or UTC."
        ) from error


class TimeReader:
    """Read the texts of one column of times.

    The first text of a column tells how all of it is written: ISO 8601 dates and times (also with
    ``/`` between year, month and day), months (``2020-01``, ``202001``), quarters (``2020Q1``,
    ``2020-Q1``: their first day), years (``2020``), seconds since 1970 (ten digits), or whole
    numbers that count rows. Counts are no times: they are read as days since 1970, and ``dated``
    becomes False.

    Args:
        zone: Where times without an offset were written; None: in UTC.

    Example:
        >>> reader = TimeReader()
        >>> reader.read("2020-01-01T00:00:00+01:00"), reader.read("2020-01-01")
        (1577833200, 1577836800)
    """

    def __init__(self, zone: ZoneInfo | None = None):
        self.zone = zone
        self.dated = True
        self.midnights: dict[int, int] = {}
        """Time with an offset -> the offset in seconds."""
        self.has_only_midnights = True
        """Whether all times with an offset are midnights of their own clock: days, months."""
        self._parse: Callable[[str], int] | None = None
        self._offsets: dict[int, tuple[int, int]] = {}

    def read(self, text: str) -> int:
        """Return the seconds since 1970 that a text stands for.

        Of an hour that occurs twice, when clocks are put back, it is the first.

        Raises:
            ValueError: The text is no such time; the message says why in a few words.
        """
        if self._parse is None:
            self._parse = self._kind(text)
        return self._parse(text)

    def read_all(self, texts: Iterable[str]) -> dict[str, int]:
        """Return text -> seconds of all different texts, in a dictionary to look them up in."""
        return {text: self.read(text) for text in dict.fromkeys(texts)}

    def local(self, seconds: int) -> tuple[int, int]:
        """Return what `zone` adds to UTC at a time, and what it took back an hour later or so.

        Args:
            seconds: Since 1970, UTC.

        Returns:
            The offset in seconds, and how much later the same reading of the clock comes again (0:
            it does not).
        """
        if self.zone is None:
            return 0, 0
        if seconds not in self._offsets:
            there = datetime.fromtimestamp(seconds, self.zone)
            offset = there.utcoffset()
            again = there.replace(fold=1).utcoffset()
            assert offset is not None
            assert again is not None
            later = 0 if there.fold else int((offset - again).total_seconds())
            self._offsets[seconds] = (int(offset.total_seconds()), max(0, later))
        return self._offsets[seconds]

    def _kind(self, text: str) -> Callable[[str], int]:
        text = text.strip()
        if re.fullmatch(r"\d{4}", text) and int(text) in _YEARS:
            return lambda value: _seconds(datetime(_whole(value), 1, 1))
        if re.fullmatch(r"\d{6}", text) and int(text[:4]) in _YEARS and 1 <= int(text[4:]) <= 12:
            return lambda value: _seconds(datetime(*divmod(_whole(value), 100), 1))
        if re.fullmatch(_QUARTER, text):
            return _quarter
        if re.fullmatch(r"\d{10}(\.0*)?", text):
            return _whole
        if re.fullmatch(r"\d{13}|\d{16}|\d{19}", text):
            # Milliseconds, microseconds and nanoseconds since 1970.
            return lambda value: _whole_seconds(value, 10 ** (len(text) - 10))
        if re.fullmatch(r"[+-]?\d+(\.0*)?", text) and len(text) != 8:
            self.dated = False
            return lambda value: _whole(value) * 86_400
        return self._date

    def _date(self, text: str) -> int:
        text = text.strip().replace("/", "-")
        if len(text) == 7 and text[4] == "-":
            text += "-01"
        found = datetime.fromisoformat(text)
        if found.microsecond:
            raise ValueError("finer than a second")
        if found.tzinfo is not None:
            seconds = int(found.timestamp())
            offset = found.utcoffset()
            assert offset is not None
            self.midnights[seconds] = int(offset.total_seconds())
            self.has_only_midnights &= (found.hour, found.minute, found.second) == (0, 0, 0)
            return seconds
        if self.zone is None:
            return _seconds(found)
        seconds = int(found.replace(tzinfo=self.zone).timestamp())
        if datetime.fromtimestamp(seconds, self.zone).replace(tzinfo=None) != found:
            raise ValueError(
                f"the clocks of {self.zone.key} pass over it when they are put forward; if these "
                "times are not that zone's, leave out --data.timezone"
            )
        return seconds


def _quarter(text: str) -> int:
    match = re.fullmatch(_QUARTER, text.strip())
    if match is None:
        raise ValueError("no quarter")
    return _seconds(datetime(int(match[1]), 3 * int(match[2]) - 2, 1))


def _whole_seconds(text: str, parts: int) -> int:
    seconds, rest = divmod(int(text), parts)
    if rest:
        raise ValueError("finer than a second")
    return seconds


def _seconds(time: datetime) -> int:
    difference = time - _EPOCH
    return difference.days * 86_400 + difference.seconds


def _whole(text: str) -> int:
    value = float(text)
    if not value.is_integer():
        raise ValueError("no whole number")
    return int(value)
