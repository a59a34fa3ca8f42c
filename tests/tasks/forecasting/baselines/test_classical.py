"""Exponential smoothing and Theta forecast what they can, and say why where they cannot."""

from __future__ import annotations

import numpy as np
import pytest

from seqsuite.tasks.forecasting.baselines.classical import NoForecast, ets_forecast, theta_forecast

LEVELS = [0.025, 0.1, 0.5, 0.9, 0.975]
BOTH = pytest.mark.parametrize("forecast", [ets_forecast, theta_forecast])


def _seasonal(rows, noise=0.1, seed=0):
    random = np.random.default_rng(seed)
    return (
        np.sin(np.arange(rows) * 2 * np.pi / 6) * 3
        + 0.05 * np.arange(rows)
        + random.normal(size=rows) * noise
    )


@BOTH
def test_a_season_is_forecast_better_than_by_repeating_the_last_value(forecast):
    whole = _seasonal(132)
    mean, bands = forecast(whole[:120], 12, 6, LEVELS)
    assert mean.shape == (12,)
    assert bands.shape == (12, 5)
    truth = whole[120:]
    assert np.square(mean - truth).mean() < 0.1 * np.square(whole[119] - truth).mean()
    np.testing.assert_allclose(bands[:, 2], mean)
    assert (np.diff(bands, axis=1) >= 0).all()


@BOTH
def test_normal_quantiles_lie_as_far_out_as_their_levels_say(forecast):
    mean, bands = forecast(_seasonal(120), 3, 6, LEVELS)
    ratio = (bands[:, 4] - mean) / (bands[:, 3] - mean)
    np.testing.assert_allclose(ratio, 1.95996 / 1.28155, rtol=1e-3)
    np.testing.assert_allclose(bands[:, 4] - mean, mean - bands[:, 0])


@BOTH
@pytest.mark.parametrize("size", [1e30, 1e-30])
def test_the_unit_does_not_matter(forecast, size):
    values = _seasonal(60)
    mean, bands = forecast(values, 4, 6, LEVELS)
    scaled_mean, scaled_bands = forecast(values * size, 4, 6, LEVELS)
    np.testing.assert_allclose(scaled_mean / size, mean, rtol=1e-3)
    np.testing.assert_allclose(scaled_bands / size, bands, rtol=1e-3)


@BOTH
def test_gaps_are_bridged(forecast):
    values = _seasonal(90)
    values[[0, 1, 30, 31, 32, 89]] = np.nan
    mean, _ = forecast(values, 6, 6, [])
    assert np.isfinite(mean).all()
    assert np.abs(mean).max() < 20


@BOTH
def test_less_than_two_seasons_are_forecast_without_one(forecast):
    mean, _ = forecast(_seasonal(20), 4, 12, LEVELS)
    assert np.isfinite(mean).all()


@BOTH
@pytest.mark.parametrize(
    ("values", "why"),
    [
        (np.zeros(0), "0 values"),
        (np.arange(5.0), "5 values"),
        (np.full(50, np.nan), "0 values"),
        (np.full(50, 3.7), "constant"),
    ],
)
def test_what_cannot_be_fitted_is_said(forecast, values, why):
    with pytest.raises(NoForecast, match=why):
        forecast(values, 4, 6, LEVELS)


def test_a_long_season_is_refused_before_it_takes_minutes():
    with pytest.raises(NoForecast, match="168 steps is too long"):
        ets_forecast(_seasonal(900), 4, 168, LEVELS)
