"""Corpus metrics: thin calls to scikit-learn; own code only where it has none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def classification_scores(
    probabilities: np.ndarray,
    references: np.ndarray,
    labels: Sequence[str],
    multi_label: bool = False,
    seed: int = 0,
) -> dict[str, float]:
    """Score predicted probabilities against labels.

    Args:
        probabilities: float ``(examples, labels)``.
        references: Label ids int ``(examples,)``, or a 0/1 matrix when ``multi_label``.
        labels: Label names.
        multi_label: Each label is decided on its own at 0.5; ``accuracy`` is then the share of
            examples with every label right.
        seed: Seed of the bootstrap.

    Returns:
        ``accuracy`` with its bootstrap interval ``accuracy_low``, ``accuracy_high``; ``precision``,
        ``recall`` and ``f1`` averaged over labels, and each as ``f1/<label>``; ``roc_auc`` (left
        out where a label never or always occurs); ``calibration_error``; ``log_loss`` in nats.

    Example:
        >>> scores = classification_scores(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1]),
        ...                                ["no", "yes"])
        >>> scores["accuracy"], scores["f1/yes"]
        (1.0, 1.0)
    """
    from sklearn.metrics import precision_recall_fscore_support, roc_auc_score

    num_labels = len(labels)
    if multi_label:
        truth = np.asarray(references).astype(int)
        decided = (probabilities >= 0.5).astype(int)
        correct = (decided == truth).all(axis=1)
    else:
        truth = np.eye(num_labels, dtype=int)[references]
        decided = np.eye(num_labels, dtype=int)[probabilities.argmax(axis=1)]
        correct = probabilities.argmax(axis=1) == references
    precision, recall, f1, _ = precision_recall_fscore_support(
        truth, decided, average=None, zero_division=0, labels=range(num_labels)
    )
    low, high = bootstrap_interval(correct, seed)
    scores = {
        "accuracy": float(correct.mean()),
        "accuracy_low": low,
        "accuracy_high": high,
        "precision": float(precision.mean()),
        "recall": float(recall.mean()),
        "f1": float(f1.mean()),
    }
    occurring = truth.any(axis=0) & ~truth.all(axis=0)
    if occurring.all():
        scores["roc_auc"] = float(roc_auc_score(truth, probabilities, average="macro"))
    scores["calibration_error"] = _calibration(probabilities, truth, correct, multi_label)
    scores["log_loss"] = log_loss(probabilities, truth, multi_label)
    for index, name in enumerate(labels):
        scores[f"precision/{name}"] = float(precision[index])
        scores[f"recall/{name}"] = float(recall[index])
        scores[f"f1/{name}"] = float(f1[index])
    return scores


def log_loss(probabilities: np.ndarray, truth: np.ndarray, multi_label: bool = False) -> float:
    """Return the mean negative log-likelihood per example in nats.

    Args:
        probabilities: float ``(examples, labels)``.
        truth: 0/1 ``(examples, labels)``.
        multi_label: Labels are independent: their losses add up.

    Example:
        >>> round(log_loss(np.array([[0.5, 0.5]]), np.array([[1, 0]])), 4)
        0.6931
    """
    clipped = np.clip(probabilities, 1e-12, 1.0)
    total = -(truth * np.log(clipped)).sum(axis=1)
    if multi_label:
        total -= ((1 - truth) * np.log(np.clip(1 - probabilities, 1e-12, 1.0))).sum(axis=1)
    return float(total.mean())


def expected_calibration_error(
    confidence: np.ndarray, correct: np.ndarray, num_bins: int = 15
) -> float:
    """Return the mean gap between confidence and accuracy over bins of equal width.

    Args:
        confidence: Probability of what was predicted, float ``(predictions,)``.
        correct: Whether it was right, bool ``(predictions,)``.
        num_bins: Number of bins over [0, 1].

    Example:
        >>> expected_calibration_error(np.array([0.75, 0.75]), np.array([True, False]))
        0.25

    Reference:
        Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
    """
    bins = np.minimum((confidence * num_bins).astype(int), num_bins - 1)
    gaps = np.bincount(bins, weights=confidence - correct, minlength=num_bins)
    return float(np.abs(gaps).sum() / max(1, len(confidence)))


def bootstrap_interval(
    correct: np.ndarray, seed: int = 0, resamples: int = 2000, level: float = 0.95
) -> tuple[float, float]:
    """Return the bootstrap interval of a share of correct answers.

    Resampling 0/1 values with replacement makes the number of ones binomial, so it is drawn
    directly.

    Args:
        correct: bool ``(examples,)``.
        seed: Seed of the resampling.
        resamples: Number of resamples.
        level: Share of resamples inside the interval.

    Example:
        >>> bootstrap_interval(np.ones(10, bool))
        (1.0, 1.0)
    """
    count = max(1, len(correct))
    share = float(np.mean(correct)) if len(correct) else 0.0
    shares = np.random.default_rng(seed).binomial(count, share, resamples) / count
    low, high = np.quantile(shares, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def fit_temperature(logits: np.ndarray, references: np.ndarray, multi_label: bool = False) -> float:
    """Return the temperature that makes held-out labels most likely.

    Args:
        logits: float ``(examples, labels)``.
        references: Label ids int ``(examples,)``, or a 0/1 matrix when ``multi_label``.
        multi_label: Labels are independent.

    Returns:
        A temperature in [0.05, 20].

    Example:
        >>> logits = np.array([[3.0, 0.0]] * 4)
        >>> round(fit_temperature(logits, np.array([0, 0, 0, 1])), 2)  # 3 / t = log(3)
        2.73
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import expit, softmax

    truth = references if multi_label else np.eye(logits.shape[1])[references]
    to_probabilities = expit if multi_label else lambda x: softmax(x, axis=1)

    def loss(log_temperature: float) -> float:
        return log_loss(to_probabilities(logits / np.exp(log_temperature)), truth, multi_label)

    found = minimize_scalar(loss, bounds=(np.log(0.05), np.log(20.0)), method="bounded")
    return float(np.exp(found.x))


def _calibration(probabilities, truth, correct, multi_label: bool) -> float:
    if not multi_label:
        return expected_calibration_error(probabilities.max(axis=1), correct)
    confidence = np.maximum(probabilities, 1 - probabilities).ravel()
    right = ((probabilities >= 0.5) == (truth > 0)).ravel()
    return expected_calibration_error(confidence, right)
