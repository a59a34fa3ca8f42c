"""Windows of many series, cut in batches: where forecasts begin, and what is known there."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

# Rows that are laid out at once, so that a long season of many short series takes no memory.
_LAID_OUT = 1 << 20


def origins(
    num_rows: int,
    first_target: int,
    prediction_length: int,
    n_windows: int | None = None,
    step_size: int = 1,
) -> np.ndarray:
    """Return the rows at which forecasts begin, counted back from the end of the series.

    Args:
        num_rows: Rows of the series.
        first_target: First row that may be forecast; rows before are context only.
        prediction_length: Rows that each forecast covers; all lie inside the series.
        n_windows: How many windows at most, the last ones; None: all.
        step_size: Rows from one origin to the next.

    Returns:
        Increasing rows, int64 ``(windows,)``; fewer than ``n_windows`` where the series is short.

    Example:
        >>> origins(10, 4, 3).tolist(), origins(10, 4, 3, n_windows=2, step_size=2).tolist()
        ([4, 5, 6, 7], [5, 7])
    """
    if step_size < 1 or prediction_length < 1 or (n_windows is not None and n_windows < 1):
        raise ValueError(
            "Arguments `prediction_length`, `n_windows` and `step_size` must be positive. "
            f"Received: {prediction_length}, {n_windows}, {step_size}"
        )
    rows = range(num_rows - prediction_length, max(first_target, 0) - 1, -step_size)
    return _listed(rows[:n_windows][::-1])


def every_origin(num_rows: int, first_target: int, prediction_length: int) -> range:
    """Return all of :func:`origins` as a range, which takes no memory.

    Args:
        num_rows: Rows of the series.
        first_target: First row that may be forecast.
        prediction_length: Rows that each forecast covers.

    Example:
        >>> list(every_origin(10, 4, 3))
        [4, 5, 6, 7]
    """
    return range(max(first_target, 0), num_rows - prediction_length + 1)


def _listed(rows: range | np.ndarray) -> np.ndarray:
    if isinstance(rows, range):
        return np.arange(rows.start, rows.stop, rows.step, dtype=np.int64)
    return rows


class SeriesWindows:
    """Many series end to end in one array, from which windows are gathered.

    Args:
        targets: Values of each series, float32 or float64 ``(time,)``; NaN and infinite: missing.
        season_steps: Steps of a season.

    Example:
        >>> windows = SeriesWindows([np.array([1.0, 2.0, np.nan, 4.0])], season_steps=2)
        >>> windows.last_value(np.array([0]), np.array([3])).tolist()
        [2.0]
        >>> windows.seasonal_naive(np.array([0]), np.array([3]), 3).tolist()
        [[2.0, 1.0, 2.0]]
    """

    def __init__(self, targets: Sequence[np.ndarray], season_steps: int = 1):
        arrays = [np.asarray(target) for target in targets]
        dtype = np.result_type(np.float32, *{array.dtype for array in arrays})
        self.season_steps = season_steps
        self.lengths = np.array([len(array) for array in arrays], np.int64)
        self.ends = np.cumsum(self.lengths)
        self.starts = self.ends - self.lengths
        # One more value than there are rows: what place -1, nowhere, reads.
        values = np.concatenate([*arrays, [np.nan]], dtype=dtype)
        known = np.isfinite(values)
        values[~known] = np.nan
        self.values = values
        self.is_whole = bool(known[:-1].all())
        # Where the last observation up to a row stands; -1 before a series' first. Of series
        # without gaps it is the row itself, and no table of it is kept.
        self.seen = None if self.is_whole else self._last_seen(1)
        self.seen_in_phase = self.seen
        if season_steps > 1 and not self.is_whole:
            self.seen_in_phase = self._last_seen(season_steps)
        if self.is_whole:
            self.first_places = np.where(self.lengths > 0, self.starts, -1)
            return
        rows = np.flatnonzero(known)
        first = np.append(rows, len(values))[np.searchsorted(rows, self.starts)]
        self.first_places = np.where(first < self.ends, first, -1)

    def targets(
        self, series: np.ndarray, rows: np.ndarray, prediction_length: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return what came true.

        Args:
            series: Index of each window's series, int ``(windows,)``.
            rows: Row at which each forecast begins, int ``(windows,)``.
            prediction_length: Steps of each window.

        Returns:
            Values float ``(windows, steps)``, NaN where missing or past the end, and how many
            steps of each window lie inside the series.
        """
        steps = np.arange(prediction_length)
        held = np.clip(self.lengths[series] - rows, 0, prediction_length)
        places = (self.starts[series] + rows)[:, None] + steps
        inside = steps < held[:, None]
        return self.values[np.where(inside, places, -1)], held

    def last_value(self, series: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the last value observed before each row, NaN where there is none.

        Args:
            series: Index of each window's series, int ``(windows,)``.
            rows: Row at which each forecast begins, int ``(windows,)``.
        """
        return self.values[self._last_place(series, rows)]

    def slope(self, series: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the mean change of a step between the first and the last value before each row.

        Args:
            series: Index of each window's series, int ``(windows,)``.
            rows: Row at which each forecast begins, int ``(windows,)``.

        Returns:
            float ``(windows,)``; 0 where fewer than two values are known.
        """
        first, last = self.first_places[series], self._last_place(series, rows)
        known = (first >= 0) & (last > first)
        rise = self.values[last] - self.values[first]
        return np.divide(rise, last - first, out=np.zeros(len(rows)), where=known)

    def seasonal_naive(
        self, series: np.ndarray, rows: np.ndarray, prediction_length: int
    ) -> np.ndarray:
        """Repeat the last season: at each phase, its last observed value.

        Args:
            series: Index of each window's series, int ``(windows,)``.
            rows: Row at which each forecast begins, int ``(windows,)``.
            prediction_length: Steps of each forecast.

        Returns:
            float ``(windows, steps)``; the last value where the phase was never observed, NaN where
            nothing was.
        """
        back = np.arange(prediction_length) % self.season_steps - self.season_steps
        places = self._places(series, rows[:, None] + back)
        found = self.values[_seen_at(places, self.seen_in_phase)]
        return np.where(np.isnan(found), self.last_value(series, rows)[:, None], found)

    def context(self, series: np.ndarray, rows: np.ndarray, context_length: int) -> np.ndarray:
        """Return what was known before each row, the last value carried over what is missing.

        Args:
            series: Index of each window's series, int ``(windows,)``.
            rows: Row at which each forecast begins, int ``(windows,)``.
            context_length: Steps of each context; the last one is the row before the forecast.

        Returns:
            float ``(windows, context)``; NaN before the first observation.
        """
        before = rows[:, None] + np.arange(-context_length, 0)
        return self.values[_seen_at(self._places(series, before), self.seen)]

    def interpolated(self) -> SeriesWindows:
        """Return the same series, what is missing between two observations on a line."""
        if self.is_whole:
            return self
        arrays = []
        for start, end in zip(self.starts, self.ends, strict=True):
            values = self.values[start:end].copy()
            known = np.flatnonzero(np.isfinite(values))
            if len(known):
                inner = np.arange(known[0], known[-1] + 1)
                values[inner] = np.interp(inner, known, values[known])
            arrays.append(values)
        return SeriesWindows(arrays, self.season_steps)

    def _last_place(self, series: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return _seen_at(self._places(series, rows[:, None] - 1)[:, 0], self.seen)

    def _places(self, series: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return where rows of series stand; those before a series' first are nowhere."""
        return np.where(rows >= 0, self.starts[series][:, None] + rows, -1)

    def _last_seen(self, period: int) -> np.ndarray:
        """Return where the last observation stands that is whole periods before each row, or there.

        Series are laid out on rows of one period each, many at once: a loop over each of very many
        would take longer than all else.
        """
        small = len(self.values) < np.iinfo(np.int32).max
        found = np.full(len(self.values), -1, np.int32 if small else np.int64)
        sizes = -(-self.lengths // period) * period
        for first, last in _chunks(sizes, _LAID_OUT):
            size, length = sizes[first:last], self.lengths[first:last]
            begin = np.cumsum(size) - size
            rows = np.arange(self.starts[first], self.ends[last - 1])
            laid = rows + np.repeat(begin - self.starts[first:last], length)
            places = np.full(int(size.sum()), -1, found.dtype)
            places[laid] = np.where(np.isfinite(self.values[rows]), rows, -1)
            table = places.reshape(-1, period)
            seen = np.maximum.accumulate(table, axis=0, out=table).reshape(-1)[laid]
            # What was seen in another series was not seen in this one.
            found[rows] = np.where(seen < np.repeat(self.starts[first:last], length), -1, seen)
        return found


def _seen_at(places: np.ndarray, seen: np.ndarray | None) -> np.ndarray:
    return places if seen is None else seen[places]


def _chunks(sizes: np.ndarray, most: int) -> Iterator[tuple[int, int]]:
    """Yield runs of neighbors whose sizes sum to little more than ``most``; at least one each."""
    parts = np.cumsum(sizes) // most
    edges = np.flatnonzero(np.diff(parts)) + 1
    bounds = [0, *edges.tolist(), len(sizes)] if len(sizes) else [0]
    yield from itertools.pairwise(bounds)


def window_batches(
    rows: Sequence[range | np.ndarray], batch_size: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield windows of many series in batches.

    Args:
        rows: For each series the rows at which forecasts begin.
        batch_size: Windows of a batch.

    Yields:
        Index of each window's series, int ``(windows,)``, and its row.

    Example:
        >>> batches = window_batches([np.array([4, 5]), np.array([7])], batch_size=2)
        >>> [(series.tolist(), row.tolist()) for series, row in batches]
        [([0, 0], [4, 5]), ([1], [7])]
    """
    ends = np.cumsum([len(part) for part in rows], dtype=np.int64)
    for start in range(0, int(ends[-1]) if len(ends) else 0, batch_size):
        numbers = np.arange(start, min(start + batch_size, ends[-1]))
        series = np.searchsorted(ends, numbers, side="right")
        parts = []
        for one in np.unique(series).tolist():
            behind = int(ends[one]) - len(rows[one])
            parts.append(_listed(rows[one][max(0, start - behind) : start + batch_size - behind]))
        yield series, np.concatenate(parts)


def evenly_chosen(rows: Sequence[range | np.ndarray], most: int) -> Sequence[range | np.ndarray]:
    """Choose windows evenly over all series, the same ones every time.

    Args:
        rows: For each series the rows at which forecasts begin.
        most: How many to keep in all.

    Returns:
        For each series those that are kept.

    Example:
        >>> [part.tolist() for part in evenly_chosen([np.arange(4), np.arange(2)], most=3)]
        [[0, 2], [1]]
    """
    ends = np.cumsum([len(part) for part in rows])
    total = int(ends[-1]) if len(ends) else 0
    if total <= most:
        return rows
    chosen = np.linspace(0, total - 1, most).round().astype(np.int64)
    bounds = np.searchsorted(chosen, np.concatenate([[0], ends]))
    return [
        _listed(part)[chosen[bounds[i] : bounds[i + 1]] - (ends[i] - len(part))]
        for i, part in enumerate(rows)
    ]
