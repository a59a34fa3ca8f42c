"""Forecasters side by side in one back-test: the same windows, scored in all and by origin."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

from seqsuite.tasks.forecasting.backtest.rolling import BacktestWindow, Forecasts, backtest
from seqsuite.tasks.forecasting.baselines.classical import NoForecast
from seqsuite.tasks.forecasting.baselines.rules import (
    EmpiricalIntervals,
    ForecastBaseline,
    SeasonalNaive,
)
from seqsuite.tasks.forecasting.data.series import Series
from seqsuite.tasks.forecasting.scales import training_scales
from seqsuite.tasks.forecasting.scores import ForecastScores
from seqsuite.tasks.forecasting.windows import SeriesWindows, origins

OURS = "ours"
_BATCH = 512


class Forecaster(Protocol):
    """What a back-test asks: a model of what was known, then forecasts of what was not."""

    def fit(self, known: list[Series]) -> Any:
        """Return a model of each series up to its origin; NoForecast: there is none."""
        ...

    def predict(self, model: Any, known: list[Series]) -> Forecasts:
        """Return means, or means and quantiles, from ``first_target`` on."""
        ...


class ClassicalForecaster:
    """A classical forecaster, fitted as often as ours; quantiles are made of its past errors.

    Args:
        baseline: The forecaster.
        levels: Quantile levels, increasing.
        season_steps: Steps of a season.

    Example:
        >>> series = Series("a", np.arange(9), np.tile([0.0, 1.0, 2.0], 3))
        >>> naive = ClassicalForecaster(SeasonalNaive(2), [0.5], season_steps=3)
        >>> naive.predict(naive.fit([series.part(6)]), [series.part(8, 6)])[0].tolist()
        [[0.0, 1.0]]
    """

    def __init__(self, baseline: ForecastBaseline, levels: Sequence[float], season_steps: int):
        self.baseline, self.levels, self.season_steps = baseline, levels, season_steps

    def fit(self, known: list[Series]) -> EmpiricalIntervals:
        """Fit the forecaster and collect its errors."""
        windows = SeriesWindows([one.target for one in known], self.season_steps)
        scales = training_scales([one.target for one in known], self.season_steps)
        why = self.baseline.fit(windows, scales)
        if why:
            raise NoForecast(why)
        intervals = EmpiricalIntervals(self.levels).fit(self.baseline, windows, scales)
        self.baseline.refit(windows, scales)
        return intervals

    def predict(self, model: EmpiricalIntervals, known: list[Series]) -> Forecasts:
        """Forecast each series from ``first_target`` on."""
        before = [one.target[: one.first_target] for one in known]
        windows = SeriesWindows(before, self.season_steps)
        scales = training_scales(before, self.season_steps)
        series, rows = np.arange(len(known)), windows.lengths
        mean = self.baseline.forecast(windows, scales, series, rows)
        return mean, model.quantiles(mean, scales, series)


@dataclass(frozen=True)
class Origins:
    """From where forecasts are made.

    Args:
        prediction_length: Rows of each forecast.
        n_windows: Origins of each series at most, the last ones.
        step_size: Rows from one origin to the next.
        refit: As for :func:`seqsuite.tasks.forecasting.backtest.rolling.backtest`.
        future_covariates: Names of the covariates that are known ahead.
    """

    prediction_length: int
    n_windows: int
    step_size: int
    refit: bool | int = False
    future_covariates: Collection[str] = ()

    def rows(self, one: Series) -> np.ndarray:
        """Return the first rows that are forecast of a series, ascending."""
        first = max(1, one.first_target)
        return origins(one.num_rows, first, self.prediction_length, self.n_windows, self.step_size)

    def number(self, window: BacktestWindow, num_rows: int) -> int:
        """Return how many windows of its series come behind a window."""
        return (num_rows - self.prediction_length - window.origin) // self.step_size


Round = dict[str, list[BacktestWindow]]
"""Name of a forecaster -> its windows, the same of each."""


def rounds(
    forecasters: Mapping[str, Forecaster],
    series: Sequence[Series],
    where: Origins,
    notes: list[str],
) -> Iterator[tuple[int, Round]]:
    """Run all forecasters through one back-test, some windows at a time.

    Args:
        forecasters: By name; one that has no forecast is left out.
        series: Whole series.
        where: The origins.
        notes: Takes up what was left out, and why.

    Yields:
        How many windows of each series come behind these, from the most down to 0, and at most 512
        windows as each forecaster saw them.
    """
    runs: dict[str, Iterator[BacktestWindow]] = {}
    for name, forecaster in forecasters.items():
        found = backtest(
            forecaster.fit, forecaster.predict, series, where.prediction_length, where.n_windows,
            where.step_size, where.refit, where.future_covariates,
        )  # fmt: skip
        try:
            first = next(found)
        except NoForecast as error:
            notes.append(f"{name} is left out: {error}")
            continue
        runs[name] = itertools.chain([first], found)
    together = zip(*runs.values(), strict=True)

    def number(windows: tuple[BacktestWindow, ...]) -> int:
        return where.number(windows[0], series[windows[0].series].num_rows)

    for behind, group in itertools.groupby(together, number):
        while part := list(itertools.islice(group, _BATCH)):
            yield behind, dict(zip(runs, map(list, zip(*part, strict=True)), strict=True))


class BacktestScores:
    """Scores of every forecaster, over all windows and from each origin.

    What is z-scored is so by the rows before a series' first origin, which all forecasters knew.

    Args:
        series: Whole series.
        where: The origins.
        horizons: Steps ahead to report.
        levels: Quantile levels.
        season_steps: Steps of a season.
    """

    def __init__(
        self,
        series: Sequence[Series],
        where: Origins,
        horizons: Sequence[int],
        levels: Sequence[float],
        season_steps: int,
    ):
        first = [rows[0] if len(rows := where.rows(one)) else one.num_rows for one in series]
        past = [one.target[:row] for one, row in zip(series, first, strict=True)]
        scales = training_scales(past, season_steps)
        self._new = partial(ForecastScores, horizons, levels, scales)
        self.scales = scales
        self.dated = all(one.dated for one in series)
        self.naive = SeasonalNaive(where.prediction_length).name
        self.overall: dict[str, ForecastScores] = {}
        self.by_origin: dict[int, dict[str, ForecastScores]] = {}
        self.windows: dict[int, list[tuple[int, int, int]]] = {}
        self.strip: dict[str, list[np.ndarray]] = {}

    def add(self, behind: int, windows: Round) -> None:
        """Add windows of :func:`rounds`.

        Args:
            behind: How many windows of each series come behind these.
            windows: Of every forecaster.
        """
        ours = next(iter(windows.values()))
        series = np.array([one.series for one in ours])
        targets = np.stack([one.targets for one in ours])
        naive = None
        if self.naive in windows:
            naive = np.stack([one.mean for one in windows[self.naive]])
        scale = self.scales.scale[series][:, None]
        for name, own in windows.items():
            mean = np.stack([one.mean for one in own])
            bands = [one.quantiles for one in own if one.quantiles is not None]
            quantiles = np.stack(bands) if bands else None
            origin = self.by_origin.setdefault(behind, {})
            for scores in (self.overall, origin):
                scores.setdefault(name, self._new()).add(targets, mean, series, quantiles, naive)
            error = np.abs(targets - mean) / scale
            known = np.isfinite(error)
            sums, counts = np.where(known, error, 0.0).sum(axis=1), known.sum(axis=1)
            nothing = np.full(len(own), np.nan)
            found = np.divide(sums, counts, out=nothing, where=counts > 0)
            self.strip.setdefault(name, []).append(found)
        places = [(one.timestamp, one.series, one.origin) for one in ours]
        self.windows.setdefault(behind, []).extend(places)

    def timeline(self) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return when each forecast begins, and the mean absolute error of each, z-scored.

        Where the source has no times, the number of the row stands for when.
        """
        place = 0 if self.dated else 2
        times = np.array([one[place] for part in self.windows.values() for one in part], np.int64)
        return times, {name: np.concatenate(parts) for name, parts in self.strip.items()}
