"""Counts of true and answered labels."""

from __future__ import annotations

import numpy as np


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
