"""QuantileHead: quantiles that never cross."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from seqsuite.layers import QuantileHead

LEVELS = [[0.5], [0.1, 0.9], [0.05, 0.1, 0.5, 0.8], [0.9, 0.95, 0.99], [0.01, 0.02, 0.3]]


@pytest.mark.parametrize("levels", LEVELS)
def test_features_of_zero_give_a_standard_normal(levels):
    head = QuantileHead(levels, project=False)
    found = head(np.zeros((2, 3, len(levels)), "float32"))
    np.testing.assert_allclose(found[1, 2], stats.norm.ppf(levels), atol=1e-5)


@pytest.mark.parametrize("levels", LEVELS)
def test_quantiles_never_cross(levels):
    head = QuantileHead(levels)
    rng = np.random.default_rng(0)
    for size in (1.0, 100.0, 1e4):
        features = rng.normal(size=(20, 9, 6)).astype("float32") * size
        found = np.array(head(features))
        assert found.shape == (20, 9, len(levels))
        assert np.isfinite(found).all()
        assert (np.diff(found, axis=-1) >= 0).all()
        assert head.point(found).shape == (20, 9)


def test_gaps_add_up_from_the_center():
    raw = np.array([[1.0, -2.0, 0.5, 3.0]], "float32")
    head = QuantileHead([0.1, 0.4, 0.7, 0.9], project=False)
    start = stats.norm.ppf(head.levels)
    softplus = np.log1p(np.exp(raw[0, [0, 2, 3]] + np.log(np.expm1(np.diff(start)))))
    center = -2.0 + start[1]
    above = center + softplus[1]
    expected = [center - softplus[0], center, above, above + softplus[2]]
    found = head(raw)
    np.testing.assert_allclose(found[0], expected, atol=1e-5)
    assert float(head.point(found)[0]) == pytest.approx(center, abs=1e-5)


def test_every_feature_has_a_gradient():
    head = QuantileHead([0.1, 0.5, 0.9], project=False)
    features = tf.Variable(np.zeros((1, 3), "float32"))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(head(features) * [1.0, 2.0, 4.0])
    assert (np.array(tape.gradient(loss, features)) != 0).all()


def test_wrong_arguments_are_refused():
    for levels in ([], [0.0, 0.5], [0.5, 1.0], [0.9, 0.1], [0.5, 0.5]):
        with pytest.raises(ValueError, match="rising order"):
            QuantileHead(levels)
    with pytest.raises(ValueError, match="Received: 2 features"):
        QuantileHead([0.1, 0.5, 0.9], project=False)(np.zeros((1, 2), "float32"))
