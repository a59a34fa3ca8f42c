"""ForecastCombination: a weighted mean outside training, the network alone in it."""

from __future__ import annotations

import numpy as np
import pytest

from seqsuite.layers import ForecastCombination

FORECAST = np.array([[1.0, 2.0], [3.0, 4.0]], "float32")
OTHER = np.array([[2.0, 0.0], [3.0, 8.0]], "float32")


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_outside_training_it_is_a_weighted_mean(share):
    found = ForecastCombination(share)(FORECAST, OTHER - FORECAST)
    np.testing.assert_allclose(found, (1 - share) * FORECAST + share * OTHER, rtol=1e-6)


def test_in_training_the_network_answers_alone():
    found = ForecastCombination(0.5)(FORECAST, OTHER - FORECAST, training=True)
    np.testing.assert_array_equal(found, FORECAST)


def test_quantiles_move_together():
    quantiles = FORECAST[:, :, None] + np.array([-1.0, 0.0, 1.0], "float32")
    moved = np.array(ForecastCombination(0.5)(quantiles, OTHER - FORECAST))
    np.testing.assert_allclose(moved[:, :, 1], (FORECAST + OTHER) / 2, rtol=1e-6)
    np.testing.assert_allclose(np.diff(moved), np.diff(quantiles), rtol=1e-6)


def test_a_share_outside_0_and_1_is_refused():
    with pytest.raises(ValueError, match="share=2"):
        ForecastCombination(2)
