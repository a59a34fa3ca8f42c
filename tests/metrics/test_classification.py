"""Scores against hand-worked cases, scikit-learn's other entry points and brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import softmax
from sklearn import metrics

from seqsuite.metrics import bootstrap, calibration, classification


def _random_case(num_examples, num_labels, seed=0):
    random = np.random.default_rng(seed)
    logits = random.normal(size=(num_examples, num_labels)) * 2
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    references = np.where(
        random.random(num_examples) < 0.6,
        probabilities.argmax(axis=1),
        random.integers(num_labels, size=num_examples),
    )
    return probabilities, references


def test_hand_worked_binary_case():
    # Answers 0, 1, 1, 1 for truth 0, 0, 1, 1: "yes" has 2 of 3 answers right and both found.
    probabilities = np.array([[0.8, 0.2], [0.4, 0.6], [0.3, 0.7], [0.1, 0.9]])
    scores = classification.classification_scores(
        probabilities, np.array([0, 0, 1, 1]), ["no", "yes"]
    )
    assert scores["accuracy"] == 0.75
    assert (scores["precision/no"], scores["recall/no"]) == (1.0, 0.5)
    assert scores["precision/yes"] == pytest.approx(2 / 3)
    assert scores["recall/yes"] == 1.0
    assert scores["f1/no"] == pytest.approx(2 / 3)
    assert scores["f1/yes"] == pytest.approx(0.8)
    assert scores["f1"] == pytest.approx((2 / 3 + 0.8) / 2)
    assert scores["roc_auc"] == 1.0
    expected_loss = -sum(map(math.log, (0.8, 0.4, 0.7, 0.9))) / 4
    assert scores["log_loss"] == pytest.approx(expected_loss)
    # Confidences 0.8, 0.6, 0.7, 0.9 fall into four bins of width 1/15; the second is wrong.
    assert scores["calibration_error"] == pytest.approx((0.2 + 0.6 + 0.3 + 0.1) / 4)
    assert scores["accuracy_low"] <= 0.75 <= scores["accuracy_high"]


@pytest.mark.parametrize("num_labels", [2, 3, 7])
def test_scores_agree_with_scikit_learn_on_label_ids(num_labels):
    probabilities, references = _random_case(300, num_labels)
    names = [f"label {index}" for index in range(num_labels)]
    scores = classification.classification_scores(probabilities, references, names)
    predicted = probabilities.argmax(axis=1)
    report = metrics.classification_report(
        references, predicted, target_names=names, output_dict=True
    )
    assert scores["accuracy"] == pytest.approx(report["accuracy"])
    assert scores["f1"] == pytest.approx(report["macro avg"]["f1-score"])
    for name in names:
        assert scores[f"precision/{name}"] == pytest.approx(report[name]["precision"])
        assert scores[f"recall/{name}"] == pytest.approx(report[name]["recall"])
    if num_labels == 2:
        area = metrics.roc_auc_score(references, probabilities[:, 1])
    else:
        area = metrics.roc_auc_score(references, probabilities, multi_class="ovr")
    assert scores["roc_auc"] == pytest.approx(area)
    assert scores["log_loss"] == pytest.approx(metrics.log_loss(references, probabilities))


def test_multi_label_scores_agree_with_scikit_learn():
    random = np.random.default_rng(1)
    probabilities = random.random((200, 4))
    truth = (random.random((200, 4)) < probabilities).astype(np.float32)
    scores = classification.classification_scores(
        probabilities, truth, list("abcd"), multi_label=True
    )
    decided = probabilities >= 0.5
    assert scores["accuracy"] == pytest.approx((decided == truth).all(axis=1).mean())
    assert scores["f1"] == pytest.approx(metrics.f1_score(truth, decided, average="macro"))
    assert scores["f1_micro"] == pytest.approx(metrics.f1_score(truth, decided, average="micro"))
    assert scores["roc_auc"] == pytest.approx(metrics.roc_auc_score(truth, probabilities))
    per_label = [metrics.log_loss(t, p) for t, p in zip(truth.T, probabilities.T, strict=True)]
    assert scores["log_loss"] == pytest.approx(sum(per_label))


def test_one_label_of_yes_and_no_is_scored_as_that_label():
    probabilities, truth = np.array([[0.9], [0.8], [0.1]]), np.array([[1], [0], [0]])
    scores = classification.classification_scores(
        probabilities, truth, ["urgent"], multi_label=True
    )
    assert (scores["precision/urgent"], scores["recall/urgent"]) == (0.5, 1.0)


def test_roc_auc_is_left_out_where_a_label_does_not_occur():
    scores = classification.classification_scores(np.array([[0.6, 0.4]]), np.array([0]), ["a", "b"])
    assert "roc_auc" not in scores
    assert scores["accuracy"] == 1.0
    assert scores["f1/b"] == 0.0


def test_all_scores_are_plain_floats():
    probabilities, references = _random_case(20, 3)
    scores = classification.classification_scores(
        probabilities.astype(np.float32), references.astype(np.int32), list("abc")
    )
    assert {type(value) for value in scores.values()} == {float}


@pytest.mark.parametrize(
    ("probabilities", "references", "named"),
    [
        (np.zeros((0, 2)), np.zeros(0, int), "at least one"),
        (np.zeros((3, 2)), np.zeros(2, int), r"\(3, 2\) and \(2, 2\)"),
        (np.full((2, 2), np.nan), np.zeros(2, int), "diverged"),
    ],
)
def test_unfit_arguments_are_refused(probabilities, references, named):
    with pytest.raises(ValueError, match=named):
        classification.classification_scores(probabilities, references, ["a", "b"])


def test_confusion_counts_agree_with_counting():
    probabilities, references = _random_case(150, 4)
    predicted = probabilities.argmax(axis=1)
    counts = classification.confusion_counts(references, predicted, 5)
    for true, answered in np.ndindex(5, 5):
        expected = sum(
            r == true and p == answered for r, p in zip(references, predicted, strict=True)
        )
        assert counts[true, answered] == expected


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


def test_bootstrap_interval_agrees_with_resampling_and_the_normal_interval():
    correct = np.arange(400) < 320
    low, high = bootstrap.bootstrap_interval(correct, seed=4, resamples=20_000)
    half = 1.96 * math.sqrt(0.8 * 0.2 / 400)
    assert low == pytest.approx(0.8 - half, abs=0.004)
    assert high == pytest.approx(0.8 + half, abs=0.004)
    random = np.random.default_rng(5)
    shares = correct[random.integers(400, size=(4000, 400))].mean(axis=1)
    np.testing.assert_allclose((low, high), np.quantile(shares, [0.025, 0.975]), atol=0.004)


def test_bootstrap_interval_is_seeded_and_nested():
    correct = np.random.default_rng(6).random(25_000) < 0.9
    wide = bootstrap.bootstrap_interval(correct, seed=7, level=0.99)
    narrow = bootstrap.bootstrap_interval(correct, seed=7, level=0.8)
    assert wide[0] <= narrow[0] <= correct.mean() <= narrow[1] <= wide[1]
    assert wide == bootstrap.bootstrap_interval(correct, seed=7, level=0.99)


def test_the_interval_of_a_ratio_agrees_with_resampling_its_units():
    random = np.random.default_rng(9)
    wholes = random.integers(0, 12, 300)
    parts = random.binomial(wholes, random.choice([0.2, 0.9], 300))
    found = bootstrap.bootstrap_ratio_interval(parts, wholes, resamples=10_000)
    drawn = random.integers(300, size=(10_000, 300))
    expected = np.quantile(parts[drawn].sum(axis=1) / wholes[drawn].sum(axis=1), [0.025, 0.975])
    np.testing.assert_allclose(found, expected, atol=0.004)


def test_the_interval_of_a_ratio_is_seeded_and_the_order_of_units_changes_nothing():
    random = np.random.default_rng(10)
    wholes = random.integers(1, 9, 50)
    parts = random.binomial(wholes, 0.7)
    found = bootstrap.bootstrap_ratio_interval(parts, wholes, seed=1)
    assert found == bootstrap.bootstrap_ratio_interval(parts[::-1], wholes[::-1], seed=1)
    assert found != bootstrap.bootstrap_ratio_interval(parts, wholes, seed=2)


def test_units_of_one_answer_each_have_the_interval_of_their_share():
    correct = np.arange(400) < 320
    found = bootstrap.bootstrap_ratio_interval(correct, np.ones(400), resamples=20_000)
    expected = bootstrap.bootstrap_interval(correct, resamples=20_000)
    np.testing.assert_allclose(found, expected, atol=0.004)


def test_a_ratio_of_nothing_is_0():
    assert bootstrap.bootstrap_ratio_interval(np.zeros(3), np.zeros(3)) == (0.0, 0.0)


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
