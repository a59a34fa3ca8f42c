"""What the training part of series says about their scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Series that are measured at once.
_TOGETHER = 1024


@dataclass(frozen=True)
class SeriesScales:
    """What the training part of each series says about its scale.

    Args:
        center: Mean of each series, float ``(series,)``.
        scale: Its standard deviation; of a constant series its size, of one of zeros 1.
        naive_error: Mean absolute difference of two values a season apart in what came before the
            split (the denominator of MASE); NaN where there are no two.
        season_steps: Steps of a season.
    """

    center: np.ndarray
    scale: np.ndarray
    naive_error: np.ndarray
    season_steps: int = 1


def training_scales(targets: Sequence[np.ndarray], season_steps: int) -> SeriesScales:
    """Measure the scale of series on their training part.

    Args:
        targets: Training part of each series, float ``(time,)``; NaN and infinite: missing.
        season_steps: Steps of a season; 1 where there is none.

    Returns:
        The scales; a series without any observation has center 0 and scale 1.

    Example:
        >>> scales = training_scales([np.array([1.0, 3.0, 1.0, 3.0, 2.0])], season_steps=2)
        >>> scales.center.tolist(), scales.naive_error.round(3).tolist()
        ([2.0], [0.333])
    """
    rows = np.full((len(targets), 3), np.nan)
    # Series of one length are measured together: there may be very many.
    lengths = np.array([len(target) for target in targets], np.int64)
    order = np.argsort(lengths, kind="stable")
    for place in np.split(order, np.flatnonzero(np.diff(lengths[order])) + 1):
        for part in np.split(place, range(_TOGETHER, len(place), _TOGETHER)):
            if len(part):
                table = np.stack([np.asarray(targets[index], np.float64) for index in part])
                rows[part] = _scales_of_table(table, season_steps)
    center, scale, naive_error = rows.T.copy()
    return SeriesScales(center, scale, naive_error, season_steps)


def _scales_of_table(table: np.ndarray, season_steps: int) -> np.ndarray:
    """Return center, scale and naive error of series of one length ``(series, time)``."""
    known = np.isfinite(table)
    if not known.all():
        whole = known.all(axis=1)
        found = np.empty((len(table), 3))
        found[whole] = _scales_of_table(table[whole], season_steps)
        for row in np.flatnonzero(~whole):
            found[row] = _scale_of_gaps(table[row], season_steps)
        return found
    if not table.size:
        return np.tile([0.0, 1.0, np.nan], (len(table), 1))
    center, scale = table.mean(axis=1), table.std(axis=1)
    scale = _not_constant(scale, np.abs(table).max(axis=1))
    change = np.abs(table[:, season_steps:] - table[:, :-season_steps])
    naive = change.mean(axis=1) if change.size else np.full(len(table), np.nan)
    return np.stack([center, scale, naive], axis=1)


def _scale_of_gaps(target: np.ndarray, season_steps: int) -> tuple[float, float, float]:
    """Return center, scale and naive error of one series with missing values."""
    known = target[np.isfinite(target)]
    if not len(known):
        return 0.0, 1.0, float("nan")
    target = np.where(np.isfinite(target), target, np.nan)
    scale = float(_not_constant(known.std(), np.abs(known).max()))
    change = np.abs(target[season_steps:] - target[:-season_steps])
    change = change[np.isfinite(change)]
    return float(known.mean()), scale, float(change.mean()) if len(change) else float("nan")


def _not_constant(scale: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return deviations; rounding leaves a constant series one that is not quite zero."""
    return np.where(scale <= 1e-12 * size, np.where(size > 0, size, 1.0), scale)
