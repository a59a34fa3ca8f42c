"""The step between the rows of a series: named, found from times, and a regular grid made of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from seqsuite.errors import UserError

_SECONDS = {"d": 86_400, "h": 3600, "min": 60, "s": 1}
# What other libraries call these steps, without regard to capitals but for M (months) and m
# (minutes). Months by their last day count as months.
_ALIASES = {"sec": "s", "t": "min", "mo": "MS", "ms": "MS", "me": "MS"}
_MULTIPLES = {
    "w": (7, "d"), "q": (3, "MS"), "qs": (3, "MS"), "qe": (3, "MS"),
    "a": (12, "MS"), "y": (12, "MS"), "ys": (12, "MS"), "ye": (12, "MS"),
}  # fmt: skip
# Rows a season: a week of days, and a year of what is longer.
_SEASONS = {"7d": 52, "1d": 7, "1MS": 12, "3MS": 4}
_DAY = 86_400
# Shorter than any month, and longer than what is counted in weeks and days.
_SHORTEST_MONTH = 25 * _DAY
# So many days from a month's first or last one still stand for the month: its last weekday.
_MONTH_EDGE = 4
# Rows missing by chance leave no so long run of equal, longer steps.
_LONGEST_CHANCE_RUN = 10


@dataclass(frozen=True)
class Frequency:
    """A step in time: some seconds, or some months.

    Args:
        seconds: Length of a step, or 0.
        months: Length of a step in calendar months, or 0; exactly one of the two is positive. A
            month is named by its first day.

    Example:
        >>> Frequency(seconds=900).name, Frequency(months=1).name
        ('15min', '1MS')
        >>> times = np.array([0, 3600, 10_800])
        >>> Frequency(seconds=3600).positions(times)
        (array([0, 1, 3]), array([ True,  True,  True]))
    """

    seconds: int = 0
    months: int = 0

    def __post_init__(self):
        if (self.seconds > 0) == (self.months > 0) or min(self.seconds, self.months) < 0:
            raise ValueError(
                "Argument `seconds` or else `months` must be positive, and the other 0. "
                f"Received: seconds={self.seconds}, months={self.months}"
            )

    @property
    def name(self) -> str:
        """A count and a unit: ``s``, ``min``, ``h``, ``d`` or ``MS`` (month starts)."""
        if self.months:
            return f"{self.months}MS"
        unit, size = next((u, s) for u, s in _SECONDS.items() if self.seconds % s == 0)
        return f"{self.seconds // size}{unit}"

    def aligned(self, times: np.ndarray) -> np.ndarray:
        """Return times as the grid has them: of months their first day, else unchanged.

        Args:
            times: int64, seconds since 1970.
        """
        return _month_starts(_months(times)) if self.months else times

    def positions(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how many steps after the first time each is, and whether it is so exactly.

        Args:
            times: int64 ``(time,)``, seconds since 1970, ascending and not empty.
        """
        numbers, step = (_months(times), self.months) if self.months else (times, self.seconds)
        steps, rest = np.divmod(numbers - numbers[0], step)
        return steps, rest == 0

    def grid(self, start: int, count: int) -> np.ndarray:
        """Return ``count`` times from ``start`` on, int64 seconds since 1970.

        Args:
            start: The first; of months it must be the first day of one.
            count: How many.
        """
        if not self.months:
            return start + self.seconds * np.arange(count, dtype=np.int64)
        return _month_starts(_months(np.array(start)) + self.months * np.arange(count))

    def after_1970(self, counts: np.ndarray) -> np.ndarray:
        """Return the times that are so many steps after 1970 began, int64 seconds.

        Args:
            counts: int64.
        """
        return _month_starts(self.months * counts) if self.months else self.seconds * counts

    @property
    def season_steps(self) -> int:
        """Rows of the season that is usual for this step: a day, a week or a year of them."""
        if 0 < self.seconds < _DAY and _DAY % self.seconds == 0:
            return _DAY // self.seconds
        return _SEASONS.get(self.name, 1)


def parse_frequency(text: str) -> Frequency:
    """Read a frequency as people write it: ``15min``, ``h``, ``1d``, ``W``, ``MS``, ``Q``.

    Raises:
        UserError: It is none.

    Example:
        >>> parse_frequency("15T"), parse_frequency("Q")
        (Frequency(seconds=900, months=0), Frequency(seconds=0, months=3))
    """
    # Weeks and quarters may name where they begin (W-SUN, QS-JAN): the times tell that.
    found = re.fullmatch(r"\s*(\d*)\s*([A-Za-z]+)(-[A-Za-z]{3})?\s*", text)
    unit = found[2] if found else ""
    unit = {"M": "ms", "m": "min"}.get(unit, unit.lower())
    factor, unit = _MULTIPLES.get(unit, (1, _ALIASES.get(unit, unit)))
    count = factor * int(found[1] or 1) if found else 0
    if not count or (unit != "MS" and unit not in _SECONDS):
        raise UserError(
            f"data.frequency must be a number and one of s, min, h, d, W, MS (months), Q, Y, such "
            f"as 15min. Received: {text!r}."
        )
    return Frequency(months=count) if unit == "MS" else Frequency(seconds=count * _SECONDS[unit])


def cycle_label(frequency: str, steps: int) -> str:
    """Return what the steps of a cycle stand for, counted from the first hour of 1970.

    Args:
        frequency: As :func:`parse_frequency` reads it; ``""`` when it is not known.
        steps: Rows after which the cycle begins anew.

    Example:
        >>> cycle_label("1h", 24), cycle_label("1MS", 12)
        ('time of day (UTC), in steps of 1h', 'month of the year, from January on, in steps of 1MS')
        >>> cycle_label("1h", 168)
        'time since Thursday, 00:00 (UTC), in steps of 1h'
    """
    step = parse_frequency(frequency) if frequency else Frequency(seconds=1)
    whole = {
        (_DAY, 0): "time of day (UTC)",
        (7 * _DAY, 0): "time since Thursday, 00:00 (UTC)",
        (0, 12): "month of the year, from January on",
    }.get((steps * step.seconds, steps * step.months))
    return f"{whole}, in steps of {step.name}" if frequency and whole else "step of the cycle"


def infer_frequency(times: np.ndarray) -> Frequency | None:
    """Find the step of a series from its times, some of which may be missing.

    The step is the most frequent difference. Times at least 25 days apart that are on one day of
    the month, or all at its beginning or end, go by months.

    Args:
        times: int64 ``(time,)``, seconds since 1970, strictly ascending.

    Returns:
        The step, or None when there are fewer than two times.

    Example:
        >>> infer_frequency(np.array([0, 3600, 7200, 14_400])).name
        '1h'
    """
    if len(times) < 2:
        return None
    differences, counts = np.unique(np.diff(times), return_counts=True)
    if differences[0] >= _SHORTEST_MONTH:
        months = np.diff(_months(times))
        if (months >= 1).all() and _days_tell_months(times):
            return Frequency(months=int(np.gcd.reduce(months)))
    return Frequency(seconds=int(differences[np.argmax(counts)]))


def longer_run(positions: np.ndarray) -> int | None:
    """Return where many rows in succession are equally far apart, and more than one step.

    Rows that are missing here and there leave no such run; two frequencies in one series do.

    Args:
        positions: int64 ``(time,)``, ascending numbers of steps.

    Returns:
        The index of the run's first row, or None.

    Example:
        >>> longer_run(np.array([*range(5), *range(6, 40, 2)]))
        4
    """
    steps = np.diff(positions)
    if len(steps) < _LONGEST_CHANCE_RUN or steps.max() == 1:
        return None
    edges = np.flatnonzero(np.diff(steps)) + 1
    starts = np.concatenate([[0], edges])
    lengths = np.diff(np.concatenate([starts, [len(steps)]]))
    runs = starts[(lengths >= _LONGEST_CHANCE_RUN) & (steps[starts] > 1)]
    return int(runs[0]) if len(runs) else None


def _months(times: np.ndarray) -> np.ndarray:
    """Return the number of the month since January 1970 of each time."""
    return np.asarray(times, "datetime64[s]").astype("datetime64[M]").astype(np.int64)


def _month_starts(months: np.ndarray) -> np.ndarray:
    return months.astype("datetime64[M]").astype("datetime64[s]").astype(np.int64)


def _days_tell_months(times: np.ndarray) -> bool:
    months = _months(times)
    days = (times - _month_starts(months)) // _DAY
    left = (_month_starts(months + 1) - 1 - times) // _DAY
    return bool((days == days[0]).all() or (days < _MONTH_EDGE).all() or (left < _MONTH_EDGE).all())
