"""Corpus metrics: thin calls to scikit-learn; own code only where it has none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.metrics import f1_score, precision_recall_fscore_support, roc_auc_score

from seqsuite.metrics.bootstrap import bootstrap_interval
from seqsuite.metrics.calibration import (
    _truth_matrix,
    answer_confidence,
    expected_calibration_error,
    log_loss,
)

"""Metrics whose smallest value is best; all others are better when larger.

A number behind a name (``mse_96``) says at which horizon it was measured."""
"""Families of metrics that are neither good nor bad when large: they are not compared."""


def classification_scores(
    probabilities: np.ndarray,
    references: np.ndarray,
    labels: Sequence[str],
    multi_label: bool = False,
    seed: int = 0,
) -> dict[str, float]:
    """Score predicted probabilities against labels.

    Precision, recall and F1 without a label's name are means over labels (macro averages), so
    that a rare label counts as much as a common one; where nothing was predicted they are 0.

    Args:
        probabilities: float ``(examples, labels)``.
        references: Label ids int ``(examples,)``, or a 0/1 matrix when ``multi_label``.
        labels: Label names.
        multi_label: Each label is decided on its own at 0.5; ``accuracy`` is then the share of
            examples with every label right, and ``f1_micro`` pools all decisions.
        seed: Seed of the bootstrap.

    Returns:
        ``accuracy`` with its 95 % bootstrap interval ``accuracy_low``, ``accuracy_high``;
        ``precision``, ``recall`` and ``f1`` averaged over labels, and each as ``f1/<label>``;
        ``roc_auc``, one label against the rest, averaged (left out where a label never or always
        occurs); ``calibration_error``; ``log_loss`` in nats per example.

    Raises:
        ValueError: No examples, shapes that do not fit, or probabilities that are not finite.

    Example:
        >>> scores = classification_scores(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1]),
        ...                                ["no", "yes"])
        >>> scores["accuracy"], scores["f1/yes"]
        (1.0, 1.0)
    """
    probabilities = np.asarray(probabilities, np.float64)
    truth = _truth_matrix(references, len(labels), multi_label)
    _check(probabilities, truth)
    decided = _decide(probabilities, multi_label)
    correct = (decided == truth).all(axis=1)
    # A matrix of one column would be read as one binary task, with 0 a class of its own.
    per_label = [
        precision_recall_fscore_support(t, d, average="binary", zero_division=0)[:3]
        for t, d in zip(truth.T, decided.T, strict=True)
    ]
    precision, recall, f1 = np.array(per_label).T
    low, high = bootstrap_interval(correct, seed)
    scores = {
        "accuracy": float(correct.mean()),
        "accuracy_low": low,
        "accuracy_high": high,
        "precision": float(precision.mean()),
        "recall": float(recall.mean()),
        "f1": float(f1.mean()),
    }
    if multi_label:
        scores["f1_micro"] = float(f1_score(truth.ravel(), decided.ravel(), zero_division=0))
    area = _roc_auc(probabilities, truth)
    if area is not None:
        scores["roc_auc"] = area
    confidence, right = answer_confidence(probabilities, truth, multi_label)
    scores["calibration_error"] = expected_calibration_error(confidence, right)
    scores["log_loss"] = log_loss(probabilities, truth, multi_label)
    for index, name in enumerate(labels):
        scores[f"precision/{name}"] = float(precision[index])
        scores[f"recall/{name}"] = float(recall[index])
        scores[f"f1/{name}"] = float(f1[index])
    return scores


def _decide(probabilities: np.ndarray, multi_label: bool) -> np.ndarray:
    if multi_label:
        return (probabilities >= 0.5).astype(int)
    return np.eye(probabilities.shape[1], dtype=int)[probabilities.argmax(axis=1)]


def _check(probabilities: np.ndarray, truth: np.ndarray) -> None:
    if probabilities.shape != truth.shape or not len(truth):
        raise ValueError(
            "Arguments `probabilities` and `references` must hold the same examples (at least "
            f"one) and labels. Received: shapes {probabilities.shape} and {truth.shape}"
        )
    if not np.isfinite(probabilities).all():
        raise ValueError(
            "Argument `probabilities` must be finite. Received: "
            f"{np.count_nonzero(~np.isfinite(probabilities))} values that are not; the model has "
            "diverged, try a lower learning rate"
        )


def _roc_auc(probabilities: np.ndarray, truth: np.ndarray) -> float | None:
    if (truth.all(axis=0) | ~truth.any(axis=0)).any():
        return None
    return float(roc_auc_score(truth, probabilities, average="macro"))
