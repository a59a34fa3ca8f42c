"""What is shown of a text classifier's answers: scores, plots, and the worst mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit, softmax

from seqsuite import plotting
from seqsuite.metrics import calibration


def probabilities(logits: np.ndarray, multi_label: bool = False) -> np.ndarray:
    """Return the probabilities of logits, float ``(examples, labels)``.

    Example:
        >>> probabilities(np.zeros((1, 2))).tolist()
        [[0.5, 0.5]]
    """
    return expit(logits) if multi_label else softmax(logits, axis=-1)


def accuracy(answers: np.ndarray, references: np.ndarray, multi_label: bool = False) -> float:
    """Return the share of examples answered rightly, with every label right if several.

    Args:
        answers: Probabilities or logits ``(examples, labels)``; logits only if exclusive.
        references: Label ids int ``(examples,)``, or a 0/1 matrix.
        multi_label: Each label is decided on its own at 0.5.

    Example:
        >>> accuracy(np.array([[0.9, 0.1], [0.8, 0.2]]), np.array([0, 1]))
        0.5
    """
    return float(is_right(answers, references, multi_label).mean())


def is_right(answers: np.ndarray, references: np.ndarray, multi_label: bool = False) -> np.ndarray:
    """Return whether each example is answered rightly, bool ``(examples,)``; see `accuracy`."""
    if multi_label:
        return ((answers >= 0.5) == (np.asarray(references) > 0)).all(axis=1)
    return answers.argmax(axis=-1) == references


def plots(
    directory: Path,
    texts: Sequence[str],
    before: np.ndarray,
    after: np.ndarray,
    references: np.ndarray,
    labels: Sequence[str],
    multi_label: bool = False,
) -> list[Path]:
    """Draw accuracy by length, reliability before and after scaling, and confusions.

    Args:
        directory: Where the files go.
        texts: Raw texts.
        before: Probabilities before calibration, float ``(examples, labels)``.
        after: Probabilities after it.
        references: Label ids int ``(examples,)``, or a 0/1 matrix.
        labels: Label names.
        multi_label: Texts may have several labels; then there is no confusion matrix.

    Returns:
        The files.
    """
    lengths = [len(text.split()) for text in texts]
    right = is_right(after, references, multi_label)
    files = [plotting.length_accuracy(lengths, right, directory / "length_accuracy.png")]
    confidences = {}
    for name, values in {"before scaling": before, "after scaling": after}.items():
        confidences[name], right = calibration.answer_confidence(values, references, multi_label)
    path = directory / "reliability_diagram.png"
    files.append(plotting.reliability_diagram(confidences, right, path))
    if not multi_label:
        path = directory / "confusion_matrix.png"
        files.append(plotting.confusion_matrix(references, after.argmax(axis=-1), labels, path))
    return files


def mistakes(
    texts: Sequence[str],
    true_labels: Sequence[Any],
    answers: np.ndarray,
    references: np.ndarray,
    labels: Sequence[str],
    multi_label: bool = False,
) -> list[dict[str, Any]]:
    """Return wrong answers as JSON records, most confident errors first.

    Args:
        texts: Raw texts.
        true_labels: Their raw labels.
        answers: Probabilities, float ``(examples, labels)``.
        references: Encoded labels.
        labels: Label names.
        multi_label: Texts may have several labels.
    """
    surest = abs(answers - references).max(axis=1) if multi_label else answers.max(axis=1)
    wrong = np.flatnonzero(~is_right(answers, references, multi_label))
    return [
        {
            "text": texts[index],
            "label": true_labels[index],
            "answer": labels[answers[index].argmax()],
            "probability": round(float(surest[index]), 4),
        }
        for index in wrong[np.argsort(-surest[wrong], kind="stable")].tolist()
    ]
