"""Calibration of probabilities, and its error."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, log_expit, log_softmax, softmax


def log_loss(probabilities: np.ndarray, truth: np.ndarray, multi_label: bool = False) -> float:
    """Return the mean negative log-likelihood per example in nats.

    Args:
        probabilities: float ``(examples, labels)``.
        truth: ``(examples, labels)``, 0/1 or shares that sum to 1.
        multi_label: Labels are independent: their losses add up.

    Returns:
        The mean; an answer of probability 0 to what happened counts as one of 1e-12.

    Example:
        >>> round(log_loss(np.array([[0.5, 0.5]]), np.array([[1, 0]])), 4)
        0.6931
    """
    total = -(truth * np.log(np.clip(probabilities, 1e-12, 1.0))).sum(axis=1)
    if multi_label:
        total -= ((1 - truth) * np.log(np.clip(1 - probabilities, 1e-12, 1.0))).sum(axis=1)
    return float(total.mean())


def answer_confidence(
    probabilities: np.ndarray, references: np.ndarray, multi_label: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return the probability of each answer and whether it was right.

    Args:
        probabilities: float ``(examples, labels)``.
        references: Label ids int ``(examples,)``, or a 0/1 matrix ``(examples, labels)``.
        multi_label: Every yes or no to a label is an answer; otherwise there is one an example.

    Returns:
        Probabilities float ``(answers,)`` and truth bool ``(answers,)``.

    Example:
        >>> confidence, right = answer_confidence(np.array([[0.7, 0.3], [0.4, 0.6]]),
        ...                                       np.array([0, 0]))
        >>> confidence.tolist(), right.tolist()
        ([0.7, 0.6], [True, False])
    """
    probabilities = np.asarray(probabilities)
    if multi_label:
        confidence = np.maximum(probabilities, 1 - probabilities)
        right = (probabilities >= 0.5) == (np.asarray(references) > 0)
        return confidence.ravel(), right.ravel()
    truth = np.asarray(references)
    truth = truth.argmax(axis=1) if truth.ndim == 2 else truth
    return probabilities.max(axis=1), probabilities.argmax(axis=1) == truth


def expected_calibration_error(
    confidence: np.ndarray, correct: np.ndarray, num_bins: int = 15
) -> float:
    """Return the mean gap between confidence and accuracy over bins of equal width.

    Args:
        confidence: Probability of what was predicted, float ``(predictions,)``.
        correct: Whether it was right, bool ``(predictions,)``.
        num_bins: Number of bins over [0, 1].

    Returns:
        The mean of the bins' gaps, weighted by how many predictions each bin holds.

    Example:
        >>> expected_calibration_error(np.array([0.75, 0.75]), np.array([True, False]))
        0.25

    Reference:
        Guo et al., "On Calibration of Modern Neural Networks", 2017,
        https://arxiv.org/abs/1706.04599
    """
    confidence = np.asarray(confidence, np.float64)
    bins = np.minimum((confidence * num_bins).astype(int), num_bins - 1)
    gaps = np.bincount(bins, weights=confidence - correct, minlength=num_bins)
    return float(np.abs(gaps).sum() / max(1, len(confidence)))


def fit_relative_temperature(
    first: np.ndarray, second: np.ndarray, references: np.ndarray, multi_label: bool = False
) -> float:
    """Return the temperature of ``first`` at which adding ``second`` explains held-out labels best.

    Both may still be softened or sharpened together, so only their proportion is chosen here.

    Args:
        first: Logits of one model, float ``(examples, labels)``.
        second: Logits of another, of the same shape.
        references: Label ids int ``(examples,)``, or a 0/1 matrix when ``multi_label``.
        multi_label: Labels are independent.

    Returns:
        A temperature in [0.05, 20].

    Example:
        >>> right, noise = np.array([[2.0, 0.0], [0.0, 2.0]] * 9), np.array([[0.5, 0.0]] * 18)
        >>> fit_relative_temperature(noise, right, np.array([0, 1] * 9)) > 5
        True
    """
    truth = _truth_matrix(references, first.shape[1], multi_label)

    def loss(log_weights: np.ndarray) -> float:
        logits = np.exp(log_weights[0]) * first + np.exp(log_weights[1]) * second
        probabilities = expit(logits) if multi_label else softmax(logits, axis=1)
        return log_loss(probabilities, truth, multi_label)

    bound = float(np.log(20.0))
    found = minimize(loss, np.zeros(2), method="L-BFGS-B", bounds=[(-bound, bound)] * 2)
    return float(np.clip(np.exp(found.x[1] - found.x[0]), 0.05, 20.0))


def fit_temperature(logits: np.ndarray, references: np.ndarray, multi_label: bool = False) -> float:
    """Return the temperature that makes held-out labels most likely.

    Every label is counted once more than it was seen, as Platt does: without that, a model that
    makes no mistake on few held-out examples would be told to be certain of everything.

    Args:
        logits: float ``(examples, labels)``.
        references: Label ids int ``(examples,)``, or a 0/1 matrix when ``multi_label``.
        multi_label: Labels are independent.

    Returns:
        A temperature in [0.05, 20] to divide logits by.

    Example:
        >>> logits = np.array([[3.0, 0.0]] * 4)  # (3 + 1) / (4 + 2) = 2/3, so 3 / t = log(2)
        >>> round(fit_temperature(logits, np.array([0, 0, 0, 1])), 2)
        4.33

    Reference:
        Guo et al., "On Calibration of Modern Neural Networks", 2017,
        https://arxiv.org/abs/1706.04599; Platt, "Probabilistic Outputs for Support Vector
        Machines", 1999.
    """
    logits = np.asarray(logits, np.float64)
    truth = _truth_matrix(references, logits.shape[1], multi_label)
    choices = 2 if multi_label else logits.shape[1]
    target = (truth * len(truth) + 1.0) / (len(truth) + choices)

    # Log-probabilities keep a slope where probabilities round to 1.
    def loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        if multi_label:
            return -float((target * log_expit(scaled) + (1 - target) * log_expit(-scaled)).mean())
        return -float((target * log_softmax(scaled, axis=1)).mean())

    bounds = (np.log(0.05), np.log(20.0))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))


def _truth_matrix(references: np.ndarray, num_labels: int, multi_label: bool) -> np.ndarray:
    references = np.asarray(references)
    return references.astype(int) if multi_label else np.eye(num_labels, dtype=int)[references]
