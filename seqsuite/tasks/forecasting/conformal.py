"""Conformal calibration: quantiles moved until they cover what held-out forecasts missed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def fit_conformal_offsets(
    targets: np.ndarray, forecasts: np.ndarray, levels: Sequence[float], neighbours: int = 0
) -> np.ndarray:
    """Measure how far each quantile must be moved to cover what it claims to cover.

    The offset of a level is an order statistic of the held-out residuals, one further out than the
    plain quantile: with n residuals that are exchangeable with the coming one, each tail then holds
    at most its share, whatever the model. Windows that overlap in time are only nearly
    exchangeable; and n residuals tell nothing about levels beyond 1 / (n + 1), for which the
    farthest residual is taken.

    Args:
        targets: What came true in windows that the model was not fitted to, float
            ``(windows, steps)``; NaN where missing. Series of different size belong on one scale,
            so z-scored, as do the forecasts.
        forecasts: Point forecasts ``(windows, steps)`` (split conformal prediction) or quantiles
            ``(windows, steps, levels)`` (conformalised quantile regression, each tail on its own).
        levels: Quantile levels, increasing.
        neighbours: Residuals of so many steps to either side count for a step too: for when
            windows are few.

    Returns:
        What to add at each step to each level, float ``(steps, levels)``.

    Raises:
        ValueError: Shapes that do not fit, or no target at all.

    Example:
        >>> truth = np.array([[0.0], [1.0], [2.0], [3.0]])
        >>> fit_conformal_offsets(truth, np.zeros((4, 1)), [0.2, 0.5, 0.8]).tolist()
        [[0.0, 1.5, 3.0]]

    Reference:
        Romano, Patterson and Candès (2019), https://arxiv.org/abs/1905.03222; Lei et al. (2018),
        https://arxiv.org/abs/1604.04173
    """
    targets, forecasts = np.asarray(targets, np.float64), np.asarray(forecasts, np.float64)
    if forecasts.shape == targets.shape:
        forecasts = forecasts[..., None]
    if forecasts.shape not in ((*targets.shape, 1), (*targets.shape, len(levels))):
        raise ValueError(
            f"Argument `forecasts` must have shape {targets.shape} or "
            f"{(*targets.shape, len(levels))}. Received: shape {forecasts.shape}"
        )
    if not np.isfinite(targets).any():
        raise ValueError("Argument `targets` must hold a value. Received: none that is finite")
    residuals = targets[..., None] - forecasts
    num_steps = targets.shape[1]
    offsets = np.zeros((num_steps, len(levels)))
    for step in range(num_steps):
        near = residuals[:, max(0, step - neighbours) : step + neighbours + 1]
        # A step at which nothing was observed is judged by all the others.
        near = near if np.isfinite(near).any() else residuals
        for index, level in enumerate(levels):
            values = near[..., min(index, near.shape[-1] - 1)]
            offsets[step, index] = _order_statistic(values[np.isfinite(values)], float(level))
    return offsets


def apply_conformal_offsets(
    forecasts: np.ndarray, offsets: np.ndarray, levels: Sequence[float]
) -> np.ndarray:
    """Return calibrated quantiles that never cross.

    Where moved quantiles would cross, the outer one is moved on to the inner one: intervals only
    grow, so none loses its coverage.

    Args:
        forecasts: Point forecasts ``(windows, steps)`` or quantiles ``(windows, steps, levels)``,
            on the scale of the fit.
        offsets: From ``fit_conformal_offsets``, float ``(steps, levels)``.
        levels: Quantile levels, increasing.

    Returns:
        float ``(windows, steps, levels)``, not decreasing along the levels.

    Example:
        >>> apply_conformal_offsets(np.array([[5.0]]), np.array([[-1.0, 2.0]]), [0.1, 0.9]).tolist()
        [[[4.0, 7.0]]]
    """
    forecasts = np.asarray(forecasts, np.float64)
    if forecasts.ndim == 2:
        forecasts = forecasts[..., None]
    moved = forecasts + offsets
    middle = int(np.argmin(np.abs(np.asarray(levels) - 0.5)))
    upper = np.maximum.accumulate(moved[..., middle:], axis=-1)
    lower = np.minimum.accumulate(moved[..., middle::-1], axis=-1)[..., ::-1]
    return np.concatenate([lower[..., :-1], upper], axis=-1)


def _order_statistic(values: np.ndarray, level: float) -> float:
    """Return the value that the next one lies beyond, on its tail's side, no oftener than told."""
    count = len(values)
    rank = (count + 1) * level
    if abs(level - 0.5) < 1e-9:
        return float(np.median(values))
    # Rounding must not turn a rank of 9.000000000000002 into 10.
    rank = np.ceil(rank - 1e-9) if level > 0.5 else np.floor(rank + 1e-9)
    place = int(np.clip(rank, 1, count)) - 1
    return float(np.partition(values, place)[place])
