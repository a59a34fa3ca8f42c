"""Corpus metrics: thin calls to scikit-learn; own code only where it has none."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

LOWER_IS_BETTER = (
    "calibration_error",
    "calibration_error_unscaled",
    "log_loss",
    "nats_per_character",
    "nats_per_character_windowed",
    "nats_per_character_adaptive",
    "nats_per_character_mixed",
    "bits_per_character",
    "perplexity",
    "perplexity_free_running",
    "mse",
    "mae",
    "mase",
    "smape",
    "owa",
    "crps",
    "wql",
    "wer",
    "cer",
)
"""Metrics whose smallest value is best; all others are better when larger.

A number behind a name (``mse_96``) says at which horizon it was measured."""

DESCRIPTIVE = ("coverage", "width")
"""Families of metrics that are neither good nor bad when large: they are not compared."""


def family(metric: str) -> str:
    """Return the name of a metric without the number behind it.

    Example:
        >>> family("mse_96"), family("log_loss")
        ('mse', 'log_loss')
    """
    return re.sub(r"_\d+$", "", metric)


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
    from sklearn.metrics import f1_score, precision_recall_fscore_support

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


def confusion_counts(references: np.ndarray, predicted: np.ndarray, num_labels: int) -> np.ndarray:
    """Count how often each label was answered for each true label.

    Args:
        references: True label ids, int ``(examples,)``.
        predicted: Answered label ids, int ``(examples,)``.
        num_labels: Number of labels.

    Returns:
        int ``(labels, labels)``: rows are true labels, columns answers.

    Example:
        >>> confusion_counts(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
        [[1, 1], [0, 1]]
    """
    pairs = np.asarray(references, int) * num_labels + np.asarray(predicted, int)
    return np.bincount(pairs, minlength=num_labels**2).reshape(num_labels, num_labels)


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

    Returns:
        The interval's lower and upper end.

    Example:
        >>> bootstrap_interval(np.ones(10, bool))
        (1.0, 1.0)

    Reference:
        Efron, "Bootstrap Methods", 1979, https://doi.org/10.1214/aos/1176344552
    """
    count = max(1, len(correct))
    share = float(np.mean(correct)) if len(correct) else 0.0
    shares = np.random.default_rng(seed).binomial(count, share, resamples) / count
    low, high = np.quantile(shares, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def bootstrap_ratio_interval(
    parts: np.ndarray,
    wholes: np.ndarray,
    seed: int = 0,
    resamples: int = 2000,
    level: float = 0.95,
) -> tuple[float, float]:
    """Return the bootstrap interval of a ratio of sums, such as accuracy over words of sentences.

    Words of one sentence are right or wrong together more often than chance would have it, so
    what is resampled are the sentences. Alike ones are exchangeable: how often each kind of
    sentence is drawn is multinomial, and the order of the sentences changes nothing.

    Args:
        parts: What each unit adds to the numerator, ``(units,)``.
        wholes: What it adds to the denominator, ``(units,)``.
        seed: Seed of the resampling.
        resamples: Number of resamples.
        level: Share of resamples inside the interval.

    Returns:
        The interval's lower and upper end; the ratio is 0 where the denominator is.

    Example:
        >>> bootstrap_ratio_interval(np.array([1, 2]), np.array([2, 4]))
        (0.5, 0.5)

    Reference:
        Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 8 (the units of
        dependent data).
    """
    units = np.stack([np.asarray(parts, np.float64), np.asarray(wholes, np.float64)], axis=1)
    kinds, counts = np.unique(units, axis=0, return_counts=True)
    total = counts.sum()
    generator = np.random.default_rng(seed)
    part, whole = (generator.multinomial(total, counts / total, resamples) @ kinds).T
    ratios = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


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
    from scipy.optimize import minimize
    from scipy.special import expit, softmax

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
    from scipy.optimize import minimize_scalar
    from scipy.special import log_expit, log_softmax

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
    from sklearn.metrics import roc_auc_score

    if (truth.all(axis=0) | ~truth.any(axis=0)).any():
        return None
    return float(roc_auc_score(truth, probabilities, average="macro"))
