"""Calibration errors by brute force, temperatures by their equations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import softmax

from seqsuite.metrics import calibration


def test_calibration_error_agrees_with_brute_force_over_bins():
    random = np.random.default_rng(2)
    confidence, correct = random.random(500), random.random(500) < 0.5
    expected = 0.0
    for index in range(15):
        inside = (confidence >= index / 15) & (confidence < (index + 1) / 15)
        if inside.any():
            expected += inside.mean() * abs(confidence[inside].mean() - correct[inside].mean())
    assert calibration.expected_calibration_error(confidence, correct) == pytest.approx(expected)


def test_calibration_error_of_certainty_is_the_error_rate():
    correct = np.array([True] * 7 + [False] * 3)
    assert calibration.expected_calibration_error(np.ones(10), correct) == pytest.approx(0.3)
    assert calibration.expected_calibration_error(np.zeros(0), np.zeros(0, bool)) == 0.0


def test_honest_probabilities_are_calibrated():
    random = np.random.default_rng(3)
    confidence = random.uniform(0.5, 1, 100_000)
    correct = random.random(100_000) < confidence
    assert calibration.expected_calibration_error(confidence, correct) < 0.01


def test_answers_to_several_labels_are_each_counted():
    confidence, right = calibration.answer_confidence(
        np.array([[0.9, 0.2]]), np.array([[1, 1]]), multi_label=True
    )
    np.testing.assert_allclose(confidence, [0.9, 0.8])
    assert right.tolist() == [True, False]


def test_temperature_of_constant_logits_has_a_closed_form():
    # 70 of 100 right, one more of each label: 71/102 = sigmoid(4 / t).
    logits = np.tile([4.0, 0.0], (100, 1))
    references = (np.arange(100) >= 70).astype(int)
    expected = 4 / math.log(71 / 31)
    assert calibration.fit_temperature(logits, references) == pytest.approx(expected, rel=1e-3)
    column = np.full((100, 1), 4.0)
    truth = (np.arange(100) < 70).astype(float)[:, None]
    found = calibration.fit_temperature(column, truth, multi_label=True)
    assert found == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("multi_label", [False, True])
def test_temperature_undoes_a_scale_and_lowers_the_loss(multi_label):
    random = np.random.default_rng(8)
    logits = random.normal(size=(20_000, 3)) * 2
    if multi_label:
        probabilities = 1 / (1 + np.exp(-logits))
        references = (random.random(logits.shape) < probabilities).astype(int)
    else:
        references = (logits + random.gumbel(size=logits.shape)).argmax(axis=1)
    found = calibration.fit_temperature(logits * 3, references, multi_label)
    assert found == pytest.approx(3, rel=0.05)


def test_temperature_stays_sane_without_mistakes():
    # A perfect validation split must not make the model certain of everything.
    logits = np.where(np.eye(2)[np.arange(50) % 2] > 0, 2.0, -2.0)
    temperature = calibration.fit_temperature(logits, np.arange(50) % 2)
    confidence = 1 / (1 + math.exp(-4 / temperature))
    assert confidence == pytest.approx(51 / 52, rel=1e-3)


def test_the_relative_temperature_is_that_of_the_likelihood():
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 2, 400)
    sign = np.stack([1 - 2 * truth, 2 * truth - 1], axis=1)
    # The first model is as informative as the second but five times too sure of itself.
    first = 5 * (sign + 2 * generator.normal(size=(400, 1)) * [-1, 1])
    second = sign + 2 * generator.normal(size=(400, 1)) * [-1, 1]
    found = calibration.fit_relative_temperature(first, second, truth)

    def loss(temperature):
        logits = first / temperature + second
        scales = np.geomspace(0.05, 5, 200)
        targets = np.eye(2)[truth]
        return min(calibration.log_loss(softmax(s * logits, axis=1), targets) for s in scales)

    assert found == pytest.approx(5, rel=0.5)
    assert loss(found) <= min(loss(found * 0.8), loss(found * 1.25))
