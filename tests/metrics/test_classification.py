"""Scores against hand-worked cases, scikit-learn's other entry points and brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics

from seqsuite.metrics import classification, confusion_counts


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
    counts = confusion_counts(references, predicted, 5)
    for true, answered in np.ndindex(5, 5):
        expected = sum(
            r == true and p == answered for r, p in zip(references, predicted, strict=True)
        )
        assert counts[true, answered] == expected
