"""Logistic regression on features weighted by naive Bayes log-count ratios."""

from __future__ import annotations

import numpy as np
import scipy.sparse
from sklearn.linear_model import LogisticRegression


def fit_naive_bayes_logistic(
    features: scipy.sparse.csr_matrix,
    targets: np.ndarray,
    num_labels: int,
    inverse_regularization: float = 1.0,
    smoothing: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Fit one linear scorer per label, each against the rest.

    Args:
        features: Binary occurrence, ``(examples, features)``.
        targets: Label ids int ``(examples,)``, or a 0/1 matrix ``(examples, labels)``.
        num_labels: Number of labels.
        inverse_regularization: ``C`` of the logistic regressions.
        smoothing: Added to every count before ratios are taken.

    Returns:
        Weights float32 ``(features, labels)`` and intercepts float32 ``(labels,)``; the score of
        a label is its log-odds. A label without positive (or negative) examples has weights 0.

    Example:
        >>> features = scipy.sparse.csr_matrix(np.eye(4, dtype=np.float32))
        >>> weights, _ = fit_naive_bayes_logistic(features, np.array([0, 0, 1, 1]), 2)
        >>> (weights[0] > 0).tolist()
        [True, False]

    Reference:
        Wang and Manning, "Baselines and Bigrams", ACL 2012, https://aclanthology.org/P12-2018/
    """
    matrix = np.eye(num_labels)[targets] if targets.ndim == 1 else np.asarray(targets)
    weights = np.zeros((features.shape[1], num_labels), np.float32)
    intercepts = np.zeros(num_labels, np.float32)
    # With two exclusive labels the second scorer is the first one's mirror image.
    mirrored = targets.ndim == 1 and num_labels == 2
    # What never occurs weighs nothing, but would be optimized all the same: a hashed table may have
    # millions of rows. One column there must be.
    present = np.union1d(np.flatnonzero(features.getnnz(axis=0)), [0])
    occurring = features[:, present]
    for label in range(1 if mirrored else num_labels):
        positive = matrix[:, label] > 0
        if positive.all() or not positive.any():
            odds = -10.0 if not positive.any() else 10.0
            intercepts[label] = odds
            continue
        ratio = _log_ratio(features, positive, smoothing) - _log_ratio(
            features, ~positive, smoothing
        )
        ratio = ratio[present]
        model = LogisticRegression(C=inverse_regularization, solver="liblinear", max_iter=200)
        model.fit(occurring.multiply(ratio).tocsr(), positive)
        weights[present, label] = model.coef_[0] * ratio
        intercepts[label] = model.intercept_[0]
    if mirrored:
        weights[:, 1], intercepts[1] = -weights[:, 0], -intercepts[0]
    return weights, intercepts


def _log_ratio(features, rows: np.ndarray, smoothing: float) -> np.ndarray:
    counts = smoothing + np.asarray(features[rows].sum(axis=0), np.float64).ravel()
    return np.log(counts / counts.sum())
