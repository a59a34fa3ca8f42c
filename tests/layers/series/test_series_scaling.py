"""SeriesScaling: against NumPy, and on series of all sizes."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers import SeriesScaling
from seqsuite.layers.series.series_scaling import MODES

HISTORY = np.random.default_rng(0).normal(3.0, 2.0, (3, 6)).astype("float32")
OBSERVED = np.array([[1, 1, 1, 1, 1, 1], [1, 0, 1, 1, 0, 0], [0, 0, 0, 0, 0, 0]], bool)


def by_hand(mode, row):
    """Center and scale of the observed values of a row."""
    if not len(row):
        return 0.0, 1.0
    center = {"revin": row.mean(), "last": row[-1], "last_deviation": row[-1]}.get(mode, 0.0)
    scale = {"revin": row.std(), "last_deviation": row.std(), "mean_abs": 1 + abs(row).mean()}
    return center, scale.get(mode, 1.0)


@pytest.mark.parametrize("mode", MODES)
def test_it_is_what_numpy_says_of_the_observed_values(mode):
    scaled, center, scale = SeriesScaling(mode)(HISTORY, observed=OBSERVED)
    for row in range(3):
        there = OBSERVED[row]
        expected = by_hand(mode, HISTORY[row, there].astype("float64"))
        np.testing.assert_allclose([center[row, 0], scale[row, 0]], expected, rtol=1e-5)
        values = (HISTORY[row, there] - expected[0]) / expected[1]
        np.testing.assert_allclose(np.array(scaled)[row, there], values, atol=1e-5)
        assert not np.any(np.array(scaled)[row, ~there])


@pytest.mark.parametrize("mode", MODES)
def test_what_is_not_a_number_is_not_observed(mode):
    spoiled = np.where(OBSERVED, HISTORY, [np.nan, np.inf, -np.inf] * 2).astype("float32")
    expected = SeriesScaling(mode)(HISTORY, observed=OBSERVED)
    for observed in (None, OBSERVED, np.ones_like(OBSERVED, "float32")):
        found = SeriesScaling(mode)(spoiled, observed=observed)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_the_inverse_undoes_it(mode, affine):
    scaling = SeriesScaling(mode, affine=affine)
    if affine:
        scaling.set_weights([np.array(0.7), np.array(-1.3)])
    scaled, center, scale = scaling(HISTORY)
    np.testing.assert_allclose(scaling.inverse(scaled, center, scale), HISTORY, atol=1e-5)
    quantiles = scaling.inverse(np.stack([scaled, scaled], axis=-1), center, scale)
    np.testing.assert_allclose(quantiles, np.stack([HISTORY, HISTORY], axis=-1), atol=1e-5)
    again, _, _ = scaling(HISTORY[:, :2], center=center, scale=scale)
    np.testing.assert_allclose(again, np.array(scaled)[:, :2], atol=1e-6)


@pytest.mark.parametrize("mode", ["revin", "last_deviation"])
@pytest.mark.parametrize("unit", [1e30, 1e-30])
def test_the_unit_of_a_series_does_not_matter(mode, unit):
    scaling = SeriesScaling(mode)
    scaled, center, scale = scaling((HISTORY.astype("float64") * unit).astype("float32"))
    np.testing.assert_allclose(scaled, scaling(HISTORY)[0], atol=1e-5)
    back = np.array(scaling.inverse(scaled, center, scale), "float64")
    np.testing.assert_allclose(back / unit, HISTORY, rtol=1e-4)


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_ever_infinite(mode):
    rows = [
        np.zeros(4),
        np.full(4, 5.0),
        np.full(4, 1e30),
        np.full(4, -1e-30),
        np.array([1e30, -1e30, 1e-30, 0.0]),
        np.array([1e-38, 0.0, 0.0, 1e-40]),
        np.array([np.nan, np.nan, 2.0, np.nan]),
        np.full(4, np.nan),
    ]
    scaling = SeriesScaling(mode)
    scaled, center, scale = scaling(np.stack(rows).astype("float32"))
    back = scaling.inverse(np.ones((len(rows), 2), "float32"), center, scale)
    for found in (scaled, center, scale, back):
        assert np.isfinite(found).all()
    assert (np.array(scale) > 0).all()


def test_forecasts_of_a_constant_series_stay_close_to_it():
    scaling = SeriesScaling("revin")
    for constant in (5.0, 1e30, -1e-30):
        _, center, scale = scaling(np.full((1, 9), constant, "float32"))
        forecast = scaling.inverse(np.array([[-3.0, 3.0]], "float32"), center, scale)
        np.testing.assert_allclose(np.array(forecast) / constant, 1.0, atol=1e-4)


def test_small_changes_about_a_high_level_are_seen():
    wave = np.tile([-8.0, 8.0], 50)[None]
    scaled, _, _ = SeriesScaling("revin")((1e5 + wave).astype("float32"))
    np.testing.assert_allclose(np.abs(scaled), 1.0, atol=0.02)


def test_gradients_pass_the_values_but_not_the_statistics():
    history = tf.Variable(np.where(OBSERVED, HISTORY, np.nan))
    with tf.GradientTape() as tape:
        scaled, _, scale = SeriesScaling("revin")(history)
        total = tf.reduce_sum(scaled)
    expected = np.where(OBSERVED, 1 / np.array(scale), 0.0)
    np.testing.assert_allclose(tape.gradient(total, history), expected, rtol=1e-5)


def test_a_model_scales_and_restores_and_is_saved(tmp_path):
    history = keras.Input((6,))
    scaling = SeriesScaling("revin", affine=True)
    scaled, center, scale = scaling(history)
    model = keras.Model(history, scaling.inverse(keras.layers.Dense(2)(scaled), center, scale))
    scaling.set_weights([np.array(0.4), np.array(0.2)])
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(HISTORY), model(HISTORY))


def test_no_steps_at_all_are_allowed():
    for mode in MODES:
        scaled, center, scale = SeriesScaling(mode)(np.zeros((2, 0), "float32"))
        assert scaled.shape == (2, 0)
        assert (np.array(center) == 0).all()
        assert (np.array(scale) == 1).all()


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="mode='minmax'"):
        SeriesScaling("minmax")
    with pytest.raises(ValueError, match="epsilon=0"):
        SeriesScaling(epsilon=0)
    with pytest.raises(ValueError, match="must be given with `reverse`"):
        SeriesScaling()(HISTORY, reverse=True)
