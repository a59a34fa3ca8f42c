"""Losses of forecasts: against NumPy, and blind to targets that are missing."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from seqsuite import distributions
from seqsuite.losses.series import (
    MaskedAbsoluteError,
    MaskedSquaredError,
    NegativeLogLikelihood,
    PinballLoss,
)

RNG = np.random.default_rng(0)
NAN = np.nan
TARGETS = np.array([[1.0, -2.0, NAN], [NAN, NAN, NAN], [0.5, np.inf, 3.0]], "float32")
COUNTS = np.isfinite(TARGETS)
POINTS = RNG.normal(size=(3, 3)).astype("float32")
LEVELS = [0.1, 0.5, 0.7]
QUANTILES = RNG.normal(size=(3, 3, 3)).astype("float32")
STUDENT = np.abs(RNG.normal(size=(3, 3, 3))).astype("float32") + 1.0
WEIGHTS = RNG.uniform(0.5, 2.0, (3, 3)).astype("float32")


def pinball(y, q):
    return np.mean([max(p * (y - v), (p - 1) * (y - v)) for p, v in zip(LEVELS, q, strict=True)])


def huber(y, p):
    error = abs(y - p)
    return error**2 if error < 0.5 else error - 0.25


# Each loss, predictions for it, and what NumPy says of one target and one prediction.
LOSSES = {
    "square": (MaskedSquaredError, POINTS, lambda y, p: (y - p) ** 2),
    "absolute": (MaskedAbsoluteError, POINTS, lambda y, p: abs(y - p)),
    "huber": (lambda: MaskedAbsoluteError(delta=0.5), POINTS, huber),
    "pinball": (lambda: PinballLoss(LEVELS), QUANTILES, pinball),
    "student_t": (
        lambda: NegativeLogLikelihood("student_t"),
        STUDENT,
        lambda y, p: -stats.t.logpdf(y, p[2], p[0], p[1]),
    ),
}
EVERY = pytest.mark.parametrize("name", LOSSES)


def by_hand(name):
    """The loss of each step that counts, 0 elsewhere."""
    _, predictions, one = LOSSES[name]
    steps = np.zeros((3, 3))
    for place in np.argwhere(COUNTS):
        steps[tuple(place)] = one(float(TARGETS[tuple(place)]), predictions[tuple(place)])
    return steps


@EVERY
def test_it_is_the_mean_over_targets_that_are_there(name):
    make, predictions, _ = LOSSES[name]
    expected = by_hand(name).sum() / COUNTS.sum()
    assert float(make()(TARGETS, predictions)) == pytest.approx(expected, rel=1e-5)


@EVERY
def test_weights_of_steps_and_of_rows_weigh_the_mean(name):
    make, predictions, _ = LOSSES[name]
    steps = by_hand(name)
    for weights in (WEIGHTS, WEIGHTS[:, 0]):
        full = np.broadcast_to(weights if weights.ndim == 2 else weights[:, None], (3, 3)) * COUNTS
        expected = (steps * full).sum() / full.sum()
        found = float(make()(TARGETS, predictions, sample_weight=weights))
        assert found == pytest.approx(expected, rel=1e-5)


@EVERY
def test_padding_changes_nothing(name):
    make, predictions, _ = LOSSES[name]
    longer = np.pad(TARGETS, [(0, 2), (0, 3)], constant_values=NAN)
    more = [(0, 2), (0, 3)] + [(0, 0)] * (predictions.ndim - 2)
    plain = float(make()(TARGETS, predictions))
    for value in (0.0, 1e30, NAN):
        padded = np.pad(predictions, more, constant_values=value)
        assert float(make()(longer, padded)) == pytest.approx(plain, rel=1e-6)


@EVERY
def test_gradients_are_finite_and_zero_where_nothing_counts(name):
    make, predictions, _ = LOSSES[name]
    predictions = tf.Variable(predictions)
    with tf.GradientTape() as tape:
        loss = make()(TARGETS, predictions)
    gradient = np.array(tape.gradient(loss, predictions))
    assert np.isfinite(gradient).all()
    assert not np.any(gradient[~COUNTS])
    assert np.any(gradient[COUNTS])


@EVERY
def test_no_targets_at_all_cost_nothing(name):
    make, predictions, _ = LOSSES[name]
    assert float(make()(np.full((3, 3), NAN), predictions)) == 0.0


@EVERY
def test_a_model_is_fitted_with_it_and_it_is_rebuilt_from_its_config(name):
    make, predictions, _ = LOSSES[name]
    loss = make()
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert again.get_config() == loss.get_config()
    inputs = keras.Input(predictions.shape[1:])
    outputs = inputs if predictions.ndim == 2 else inputs + 0.0
    model = keras.Model(inputs, outputs)
    model.compile(loss=again)
    found = model.evaluate(predictions, TARGETS, batch_size=3, verbose=0)
    assert found == pytest.approx(float(loss(TARGETS, predictions)), rel=1e-5)


def test_an_axis_of_one_output_is_no_matter():
    loss = MaskedSquaredError()
    assert float(loss(TARGETS, POINTS[:, :, None])) == float(loss(TARGETS, POINTS))


def test_the_likelihood_takes_parameters_by_name():
    loss = NegativeLogLikelihood("student_t")
    parameters = distributions.split("student_t", tf.constant(STUDENT))
    assert float(loss(TARGETS, parameters)) == float(loss(TARGETS, STUDENT))


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="delta=-1"):
        MaskedAbsoluteError(delta=-1.0)
    for levels in ([], [0.0], [1.0, 0.5]):
        with pytest.raises(ValueError, match="Argument `levels`"):
            PinballLoss(levels)
    with pytest.raises(ValueError, match="3 quantiles"):
        PinballLoss(LEVELS)(TARGETS, QUANTILES[:, :, :2])
    with pytest.raises(ValueError, match="distribution='gamma'"):
        NegativeLogLikelihood("gamma")
