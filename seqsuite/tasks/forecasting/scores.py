"""Scores of forecasts, summed batch by batch: memory does not grow with the number of windows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqsuite.tasks.forecasting.scales import SeriesScales

M4_HOURLY_NAIVE2 = (18.383, 2.395)
"""sMAPE and MASE of Naive2 on M4's hourly series, as its organisers published them: the
denominators of the official OWA (https://doi.org/10.1016/j.ijforecast.2019.04.014)."""


def level_weights(levels: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return the share of [0, 1] that is nearer to each level than to any other.

    Args:
        levels: Quantile levels between 0 and 1, increasing.

    Returns:
        Weights that sum to 1, float ``(levels,)``.

    Example:
        >>> level_weights([0.1, 0.5, 0.9]).round(3).tolist()
        [0.3, 0.4, 0.3]
    """
    places = np.asarray(levels, np.float64)
    edges = np.concatenate([[0.0], (places[1:] + places[:-1]) / 2, [1.0]])
    return np.diff(edges)


class ForecastScores:
    """Sums the errors of forecasts over batches of windows.

    A window counts for a horizon when its split holds all the steps of that horizon; values
    missing inside are left out of the sums. What is scored over several series is z-scored by each
    one's training mean and standard deviation, as published tables do (Informer and those after).

    Args:
        horizons: Steps ahead to report, such as ``[96, 192, 336, 720]``.
        quantile_levels: Levels of the quantiles that come with the forecasts; may be empty.
        scales: Scale of each series.
        owa_denominators: sMAPE and MASE of the Naive2 forecast, such as ``M4_HOURLY_NAIVE2``; None:
            no OWA is given.

    Example:
        >>> from seqsuite.tasks.forecasting.scales import training_scales
        >>> scores = ForecastScores([2], [0.5], training_scales([np.array([0.0, 2.0, 0.0])], 1))
        >>> truth = np.array([[2.0, np.nan]])
        >>> scores.add(truth, np.array([[1.0, 5.0]]), series=np.array([0]))
        >>> scores.result()["mase"]
        0.5

    Reference:
        Hyndman and Koehler (2006), https://doi.org/10.1016/j.ijforecast.2006.03.001 (MASE);
        Makridakis, Spiliotis and Assimakopoulos (2020),
        https://doi.org/10.1016/j.ijforecast.2019.04.014 (sMAPE and OWA as in M4); Gneiting and
        Raftery (2007), https://doi.org/10.1198/016214506000001437 (CRPS and pinball loss).
    """

    def __init__(
        self,
        horizons: Sequence[int],
        quantile_levels: Sequence[float],
        scales: SeriesScales,
        owa_denominators: tuple[float, float] | None = None,
    ):
        self.horizons = sorted({int(horizon) for horizon in horizons})
        self.levels = np.asarray(quantile_levels, np.float64)
        _check_options(self.horizons, self.levels)
        self.scales, self.owa_denominators = scales, owa_denominators
        self.pairs = _interval_pairs(self.levels)
        longest, num_series = self.horizons[-1], len(scales.center)
        by_step = (len(self.horizons), longest)
        self.squared, self.absolute, self.count = (np.zeros(by_step) for _ in range(3))
        self.naive_squared, self.naive_count = np.zeros(by_step), np.zeros(by_step)
        # Over the longest horizon, by series: |error|, symmetric percentage error, observations.
        self.by_series = np.zeros((3, num_series))
        self.pinball, self.scaled_pinball = np.zeros(len(self.levels)), np.zeros(len(self.levels))
        self.below, self.quantile_count, self.target_size = np.zeros(len(self.levels)), 0.0, 0.0
        self.inside, self.width = np.zeros(len(self.pairs)), np.zeros(len(self.pairs))
        self.num_windows = 0

    def add(
        self,
        targets: np.ndarray,
        mean: np.ndarray,
        series: np.ndarray,
        quantiles: np.ndarray | None = None,
        naive: np.ndarray | None = None,
        held: np.ndarray | None = None,
    ) -> None:
        """Add a batch of windows, all in the units of the data.

        Args:
            targets: What came true, float ``(windows, steps)``, at least as many steps as the
                longest horizon; NaN where it is missing or beyond the end of the split.
            mean: Point forecasts of the same shape.
            series: Index of each window's series, int ``(windows,)``.
            quantiles: Forecast quantiles, float ``(windows, steps, levels)``.
            naive: Seasonal naive forecasts, of the shape of ``mean``: what skill is measured by.
            held: Steps of each window that lie inside the split, int ``(windows,)``; None: all.

        Raises:
            ValueError: Shapes that do not fit, or forecasts that are not finite.
        """
        longest = self.horizons[-1]
        series, held = self._check(targets, mean, series, quantiles, naive, held)
        truth = np.asarray(targets, np.float64)[:, :longest]
        point = np.asarray(mean, np.float64)[:, :longest]
        known = np.isfinite(truth)
        counted = (held[:, None] >= np.array(self.horizons)).astype(np.float64)
        scale = self.scales.scale[series][:, None]
        error = np.where(known, (truth - point) / scale, 0.0)
        self.squared += counted.T @ error**2
        self.absolute += counted.T @ np.abs(error)
        self.count += counted.T @ known
        self.num_windows += len(truth)
        if naive is not None:
            reference = np.asarray(naive, np.float64)[:, :longest]
            self.naive_squared += counted.T @ np.where(known, (truth - reference) / scale, 0.0) ** 2
            self.naive_count += counted.T @ known
        whole = held >= longest
        self._add_by_series(truth[whole], point[whole], known[whole], series[whole])
        if quantiles is not None:
            bands = np.asarray(quantiles, np.float64)[whole, :longest]
            self._add_quantiles(truth[whole], bands, known[whole], scale[whole])

    def result(self) -> dict[str, float]:
        """Return the scores of all windows so far.

        Returns:
            ``mse`` and ``mae``, means over the horizons, and ``mse_<horizon>``, ``mae_<horizon>``
            of each, all z-scored. Over the longest horizon: ``mase``, the mean over the series
            whose seasonal naive error is known and not zero; ``smape`` in percent, the mean over
            series; ``owa``. With quantiles: ``crps``, twice the pinball loss integrated over the
            levels, each level standing for the share of [0, 1] nearest to it, z-scored (the exact
            CRPS as levels grow dense; of the median alone, the absolute error); ``wql``, twice the
            pinball loss over the sum of absolute targets, in the data's units, the plain mean over
            levels; ``coverage_<percent>`` and ``width_<percent>`` (z-scored) of each pair of
            levels that are symmetric about 0.5. With naive forecasts: ``skill``, 1 minus the ratio
            of both ``mse``. What no window could tell is NaN.
        """
        ends = list(enumerate(self.horizons))
        mse = [_ratio(self.squared[i, :h].sum(), self.count[i, :h].sum()) for i, h in ends]
        mae = [_ratio(self.absolute[i, :h].sum(), self.count[i, :h].sum()) for i, h in ends]
        scores = {"mse": float(np.mean(mse)), "mae": float(np.mean(mae))}
        scores |= {f"mse_{h}": mse[i] for i, h in ends} | {f"mae_{h}": mae[i] for i, h in ends}
        scores |= self._series_scores() | self._quantile_scores()
        if self.naive_count.any():
            naive = [
                _ratio(self.naive_squared[i, :h].sum(), self.naive_count[i, :h].sum())
                for i, h in ends
            ]
            scores["skill"] = 1.0 - _ratio(scores["mse"], float(np.mean(naive)))
        return scores

    def error_by_step(self, kind: str = "mse") -> np.ndarray:
        """Return the error of each step ahead, over the windows that hold the longest horizon.

        Args:
            kind: ``mse`` or ``mae``, z-scored.

        Returns:
            float ``(longest horizon,)``; NaN where nothing was observed.
        """
        sums = {"mse": self.squared, "mae": self.absolute}[kind][-1]
        filled = self.count[-1] > 0
        return np.divide(sums, self.count[-1], out=np.full_like(sums, np.nan), where=filled)

    def observed_levels(self) -> np.ndarray:
        """Return the share of targets at or below each quantile: what each level ought to be.

        Returns:
            float ``(levels,)``; NaN where no quantiles were given.
        """
        return self.below / self.quantile_count if self.quantile_count else self.below * np.nan

    def _add_by_series(self, truth, point, known, series) -> None:
        distance = np.where(known, np.abs(truth - point), 0.0)
        size = np.where(known, np.abs(truth) + np.abs(point), 0.0)
        # Zero forecast for zero is no error.
        share = np.divide(distance, size, out=np.zeros_like(size), where=size > 0)
        sums = (distance.sum(axis=1), share.sum(axis=1), known.sum(axis=1))
        for row, values in zip(self.by_series, sums, strict=True):
            row += np.bincount(series, weights=values, minlength=len(row))

    def _add_quantiles(self, truth, bands, known, scale) -> None:
        # A level at a time in one piece: small enough to stay in the processor's cache.
        bands = np.ascontiguousarray(np.moveaxis(bands, -1, 0))
        weight, divided = known.astype(np.float64), 1 / scale[:, 0]
        sides = []
        for index, level in enumerate(self.levels):
            over = truth - bands[index]
            np.copyto(over, 0.0, where=~known)
            # The pinball loss is the level's share of the error, and all of it where below.
            loss = level * over.sum(axis=1) - np.minimum(over, 0.0).sum(axis=1)
            self.pinball[index] += loss.sum()
            self.scaled_pinball[index] += divided @ loss
            sides.append((known & (over >= 0), known & (over <= 0)))
            self.below[index] += np.count_nonzero(sides[-1][1])
        size = np.einsum("ws,lws->lw", weight, bands) @ divided
        for index, (low, high) in enumerate(self.pairs):
            self.inside[index] += np.count_nonzero(sides[low][0] & sides[high][1])
            self.width[index] += size[high] - size[low]
        self.quantile_count += np.count_nonzero(known)
        self.target_size += np.abs(truth[known]).sum()

    def _series_scores(self) -> dict[str, float]:
        absolute, percentage, count = self.by_series[:, self.by_series[2] > 0]
        naive = self.scales.naive_error[self.by_series[2] > 0]
        usable = naive > 0
        mase = absolute[usable] / count[usable] / naive[usable]
        scores = {
            "mase": float(mase.mean()) if len(mase) else float("nan"),
            "smape": float(200 * (percentage / count).mean()) if len(count) else float("nan"),
        }
        if self.owa_denominators:
            smape, scaled = self.owa_denominators
            scores["owa"] = (scores["smape"] / smape + scores["mase"] / scaled) / 2
        return scores

    def _quantile_scores(self) -> dict[str, float]:
        if not self.quantile_count:
            return {}
        crps = 2 * self.scaled_pinball @ level_weights(self.levels) / self.quantile_count
        scores = {
            "crps": float(crps),
            "wql": _ratio(2 * self.pinball.mean(), self.target_size),
        }
        names = [round(100 * (self.levels[high] - self.levels[low])) for low, high in self.pairs]
        for index, name in enumerate(names):
            scores[f"coverage_{name}"] = float(self.inside[index] / self.quantile_count)
        for index, name in enumerate(names):
            scores[f"width_{name}"] = float(self.width[index] / self.quantile_count)
        return scores

    def _check(self, targets, mean, series, quantiles, naive, held):
        shape = np.shape(targets)
        if len(shape) != 2 or shape[1] < self.horizons[-1]:
            raise ValueError(
                "Argument `targets` must have shape (windows, steps) with at least "
                f"{self.horizons[-1]} steps, the longest horizon. Received: shape {shape}"
            )
        wanted = {"mean": (mean, shape), "series": (series, shape[:1])}
        if quantiles is not None:
            wanted["quantiles"] = (quantiles, (*shape, len(self.levels)))
        if naive is not None:
            wanted["naive"] = (naive, shape)
        held = np.full(shape[0], shape[1]) if held is None else np.asarray(held)
        wanted["held"] = (held, shape[:1])
        for name, (value, expected) in wanted.items():
            if np.shape(value) != expected:
                raise ValueError(
                    f"Argument `{name}` must have shape {expected} to fit `targets`. Received: "
                    f"shape {np.shape(value)}"
                )
            if not np.isfinite(value).all():
                raise ValueError(
                    f"Argument `{name}` must be finite. Received: "
                    f"{np.count_nonzero(~np.isfinite(value))} values that are not; the model has "
                    "diverged, try a lower learning rate"
                )
        return np.asarray(series, np.int64), held


def _interval_pairs(levels: np.ndarray) -> list[tuple[int, int]]:
    """Return the places of levels that are symmetric about 0.5, the widest last."""
    pairs = []
    for low in np.flatnonzero(levels < 0.5)[::-1]:
        high = np.flatnonzero(np.isclose(levels, 1 - levels[low], atol=1e-6))
        pairs += [(int(low), int(place)) for place in high]
    return pairs


def _check_options(horizons: list[int], levels: np.ndarray) -> None:
    if not horizons or horizons[0] < 1:
        raise ValueError(f"Argument `horizons` must hold positive numbers. Received: {horizons}")
    if (levels <= 0).any() or (levels >= 1).any() or (np.diff(levels) <= 0).any():
        raise ValueError(
            "Argument `quantile_levels` must increase, between 0 and 1. Received: "
            f"{levels.tolist()}"
        )


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
