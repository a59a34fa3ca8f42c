"""MeanReversion: where it begins, what it reads, and that it learns how fast a series goes back."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from seqsuite.layers import MeanReversion


def test_half_of_the_distance_is_left_after_each_half_life():
    reversion = MeanReversion(6, half_life=2.0)
    left = np.array(reversion(np.array([[0.5, -0.5, 8.0]])))[0]
    np.testing.assert_allclose(left, 8.0 * 0.5 ** (np.arange(1, 7) / 2), rtol=1e-5)


def test_it_reads_the_last_value_that_was_observed():
    scaled = np.array([[1.0, 3.0, 0.0], [5.0, 7.0, 9.0], [2.0, 2.0, 2.0]])
    observed = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0]], bool)
    found = np.array(MeanReversion(1, half_life=1.0)(scaled, observed))
    np.testing.assert_allclose(found, [[1.5], [2.5], [0.0]], rtol=1e-5)


def test_it_learns_how_fast_a_process_goes_back():
    # After h steps 0.8 ** h of the distance is left in the mean.
    last = np.random.default_rng(0).normal(size=(256, 1)).astype("float32")
    true = 0.8 ** np.arange(1, 4)
    scaled = keras.Input((1,))
    model = keras.Model(scaled, MeanReversion(3, half_life=30.0)(scaled))
    model.compile(keras.optimizers.Adam(0.05), "mse")
    model.fit(last, last * true, epochs=40, verbose=0)
    np.testing.assert_allclose(model.predict(np.ones((1, 1)), verbose=0)[0], true, atol=0.01)


@pytest.mark.parametrize("arguments", [{"prediction_length": 0}, {"half_life": 0.0}])
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        MeanReversion(**{"prediction_length": 3, **arguments})
