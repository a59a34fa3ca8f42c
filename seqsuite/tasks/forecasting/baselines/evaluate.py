"""Classical forecasts that every result is printed beside, scored on every window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from seqsuite.tasks.forecasting.baselines.classical import NoForecast, ets_forecast, theta_forecast
from seqsuite.tasks.forecasting.baselines.rules import (
    Drift,
    EmpiricalIntervals,
    ForecastBaseline,
    LastValue,
    RidgeOnLags,
    SeasonalNaive,
)
from seqsuite.tasks.forecasting.data.series import Series
from seqsuite.tasks.forecasting.scales import SeriesScales, training_scales
from seqsuite.tasks.forecasting.scores import ForecastScores
from seqsuite.tasks.forecasting.windows import SeriesWindows, every_origin, window_batches

# Means and quantiles of windows, given the index of each one's series and its first row.
Forecast = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]

_BATCH = 512
# Fitting anew at every window of every series is for when there are few.
_FEW_SERIES, _FEW_WINDOWS = 20, 50
_CLASSICAL = {"ETS": ets_forecast, "Theta": theta_forecast}


@dataclass(frozen=True)
class BaselineResults:
    """What the classical forecasts reached.

    Args:
        metrics: Scores of each, by its name, as ``ForecastScores`` gives them.
        errors: Squared error by step ahead of each, z-scored, float ``(longest horizon,)``.
        observed: Share of targets at or below each quantile level, of each.
        notes: What was left out, and why.
    """

    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    errors: dict[str, np.ndarray] = field(default_factory=dict)
    observed: dict[str, np.ndarray] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def series_scales(
    train: Sequence[Series], series: Sequence[Series], season_steps: int
) -> SeriesScales:
    """Return the scales of series: z-scores by training rows, MASE by all rows before the split.

    M4 defines MASE by all that came before the forecast, so validation rows count there.

    Args:
        train: Training rows of series.
        series: Series to be scored; one without training rows of its own is measured on its rows
            before ``first_target``.
        season_steps: Steps of a season.

    Returns:
        One scale for each of ``series``, in their order.
    """
    known = {one.unique_id: one.target for one in train}
    before = [one.target[: one.first_target] for one in series]
    past = [known.get(one.unique_id, rows) for one, rows in zip(series, before, strict=True)]
    scales = training_scales(past, season_steps)
    return replace(scales, naive_error=training_scales(before, season_steps).naive_error)


def forecast_baselines(
    train: Sequence[Series],
    test: Sequence[Series],
    *,
    context_length: int,
    prediction_length: int,
    season_steps: int,
    horizons: Sequence[int],
    quantile_levels: Sequence[float] = (),
    owa_denominators: tuple[float, float] | None = None,
) -> BaselineResults:
    """Fit the classical forecasters on training rows and score them on every window of the test.

    All but the ridge see the whole past of a window. Quantiles are made of errors on training rows;
    the models of statsmodels, fitted where series and windows are few, bring their own.

    Args:
        train: Training rows of each series.
        test: Whole series; ``first_target`` is the first row to be forecast.
        context_length: Rows that the ridge reads.
        prediction_length: Steps of each forecast, the longest horizon or more.
        season_steps: Steps of a season; 1 where there is none.
        horizons: Steps ahead to report.
        quantile_levels: Levels of quantiles, increasing; may be empty.
        owa_denominators: As for ``ForecastScores``.

    Returns:
        Scores by name, and what belongs to them.

    Example:
        >>> wave = np.tile([0.0, 1.0, 2.0, 3.0], 25)
        >>> whole = Series("a", np.arange(100), wave, first_target=80)
        >>> found = forecast_baselines([whole.part(80)], [whole], context_length=8,
        ...                            prediction_length=4, season_steps=4, horizons=[4])
        >>> list(found.metrics)[:3], found.metrics["seasonal naive"]["mse"]
        (['last value', 'seasonal naive', 'drift'], 0.0)
    """
    rules = [rule(prediction_length) for rule in (LastValue, SeasonalNaive, Drift)]
    baselines = (*rules, RidgeOnLags(prediction_length, context_length))
    # All are fitted before one is scored, so that training rows need not be held beside the test's.
    fitted, notes = _fitted(baselines, [one.target for one in train], season_steps, quantile_levels)
    scales = series_scales(train, test, season_steps)
    bench = _Bench(test, scales, prediction_length, horizons, quantile_levels, owa_denominators)
    bench.results.notes.extend(notes)
    for baseline, intervals in fitted:
        bench.score(baseline.name, bench.around(baseline, intervals))
    for name, classical in _CLASSICAL.items():
        bench.score_few(name, bench.one_by_one(classical))
    return bench.results


def _fitted(
    baselines: Sequence[ForecastBaseline],
    targets: Sequence[np.ndarray],
    season_steps: int,
    levels: Sequence[float],
) -> tuple[list[tuple[ForecastBaseline, EmpiricalIntervals]], list[str]]:
    """Fit forecasters and their intervals; of those that cannot forecast, return why."""
    windows, scales = SeriesWindows(targets, season_steps), training_scales(targets, season_steps)
    fitted, notes = [], []
    for baseline in baselines:
        why = baseline.fit(windows, scales)
        if why:
            notes.append(f"{baseline.name} is left out: {why}")
            continue
        intervals = EmpiricalIntervals(levels).fit(baseline, windows, scales)
        baseline.refit(windows, scales)
        fitted.append((baseline, intervals))
    return fitted, notes


class _Bench:
    """Windows of the test part, and what was reached on them."""

    def __init__(
        self,
        test: Sequence[Series],
        scales: SeriesScales,
        prediction_length: int,
        horizons: Sequence[int],
        levels: Sequence[float],
        owa_denominators: tuple[float, float] | None,
    ):
        self.windows = SeriesWindows([one.target for one in test], scales.season_steps)
        self.scales, self.prediction_length = scales, prediction_length
        self.new_scores = partial(ForecastScores, horizons, levels, scales, owa_denominators)
        self.levels = levels
        shortest = min(horizons)
        self.rows = [every_origin(one.num_rows, one.first_target, shortest) for one in test]
        self.naive = SeasonalNaive(prediction_length)
        self.results = BaselineResults()

    def around(self, baseline: ForecastBaseline, intervals: EmpiricalIntervals) -> Forecast:
        def forecast(series, rows):
            mean = baseline.forecast(self.windows, self.scales, series, rows)
            return mean, intervals.quantiles(mean, self.scales, series)

        return forecast

    def one_by_one(self, classical: Callable) -> Forecast:
        def forecast(series, rows):
            starts, steps = self.windows.starts[series], self.prediction_length
            histories = [
                self.windows.values[start : start + row]
                for start, row in zip(starts, rows, strict=True)
            ]
            season = self.windows.season_steps
            found = [classical(history, steps, season, self.levels) for history in histories]
            means, quantiles = zip(*found, strict=True)
            return np.stack(means), np.stack(quantiles)

        return forecast

    def score(self, name: str, forecast: Forecast) -> None:
        scores = self.new_scores()
        for series, rows in window_batches(self.rows, _BATCH):
            targets, held = self.windows.targets(series, rows, self.prediction_length)
            mean, quantiles = forecast(series, rows)
            naive = self.naive.forecast(self.windows, self.scales, series, rows)
            bands = quantiles if len(self.levels) else None
            scores.add(targets, mean, series, bands, naive, held)
        self.results.metrics[name] = scores.result()
        self.results.errors[name] = scores.error_by_step()
        if len(self.levels):
            self.results.observed[name] = scores.observed_levels()

    def score_few(self, name: str, forecast: Forecast) -> None:
        """Score a model that may fail, where there are not too many windows to fit it to."""
        num_windows = sum(map(len, self.rows))
        if len(self.rows) > _FEW_SERIES or num_windows > _FEW_WINDOWS:
            self.results.notes.append(
                f"{name} is left out: it is fitted anew for each window, and there are "
                f"{num_windows:,} windows of {len(self.rows):,} series"
            )
            return
        try:
            self.score(name, forecast)
        except NoForecast as error:
            self.results.notes.append(f"{name} is left out: {error}")
