"""Scores of memory problems: whether what was asked is remembered, and from how far back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from seqsuite.data.batching import RaggedColumn
from seqsuite.tasks.memory.problems import MemoryProblem

SOLVED_ACCURACY, SOLVED_MSE = 0.99, 0.01


def memory_scores(
    problem: MemoryProblem, predictions: dict[str, Any], references: dict[str, Any]
) -> dict[str, float]:
    """Score a model's outputs.

    Args:
        problem: What they answer.
        predictions: ``logits``, ragged ``(steps, answers)``; or of numbers ``value`` ``(rows, 1)``.
        references: As the preprocessor encodes targets.

    Returns:
        ``accuracy`` (share of recalled symbols that are right) and ``log_loss`` (mean over all
        steps where an answer is due), or ``mse``; ``solved``: 1 where accuracy is at least 0.99 or
        the error below 0.01, else 0; and the first of them for each range of distances.

    Example:
        >>> from seqsuite.tasks.memory.problems import ADDING
        >>> references = {"value": np.array([[1.0], [0.5]]), "distance": np.array([1, 4])}
        >>> memory_scores(ADDING, {"value": np.array([[1.0], [1.0]])}, references)
        {'mse': 0.125, 'solved': 0.0, 'mse/distance 1': 0.0, 'mse/distance 3-4': 0.25}
    """
    if problem.numeric:
        errors = squared_errors(predictions, references)
        mse = float(errors.mean())
        scores = {"mse": mse, "solved": float(mse < SOLVED_MSE)}
        return scores | by_distance("mse", errors, references["distance"])
    right = recalled_right(problem, predictions, references).mean(axis=1)
    accuracy = float(right.mean())
    scores = {
        "accuracy": accuracy,
        "log_loss": _log_loss(predictions["logits"], references["logits"]),
        "solved": float(accuracy >= SOLVED_ACCURACY),
    }
    return scores | by_distance("accuracy", right, references["distance"])


def squared_errors(predictions: dict[str, Any], references: dict[str, Any]) -> np.ndarray:
    """Return the squared error of each number, float ``(rows,)``."""
    differences = np.asarray(predictions["value"], float) - references["value"]
    return np.square(differences[:, 0])


def recalled(problem: MemoryProblem, column: RaggedColumn) -> np.ndarray:
    """Return what stands at the steps that recall, ``(rows, recalled, ...)``."""
    return np.stack([row[-problem.num_recalled :] for row in column.rows()])


def recalled_right(
    problem: MemoryProblem, predictions: dict[str, Any], references: dict[str, Any]
) -> np.ndarray:
    """Return whether each recalled symbol is right, bool ``(rows, recalled)``."""
    answers = recalled(problem, predictions["logits"]).argmax(axis=-1)
    return answers == recalled(problem, references["logits"])


def distance_ranges(distances: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the ranges 1, 2, 3-4, 5-8, ... that have a distance, and which rows lie in each.

    Args:
        distances: Steps from what is remembered to its answer, int ``(rows,)``.

    Example:
        >>> [(name, rows.tolist()) for name, rows in distance_ranges(np.array([3, 9, 4]))]
        [('3-4', [True, False, True]), ('9-16', [False, True, False])]
    """
    powers = np.ceil(np.log2(np.maximum(1, distances))).astype(int)
    for power in np.unique(powers):
        low, high = 2**power // 2 + 1 if power else 1, 2**power
        yield f"{low}-{high}" if low < high else f"{high}", powers == power


def by_distance(name: str, values: np.ndarray, distances: np.ndarray) -> dict[str, float]:
    """Return the mean of the rows' values for each range of distances, by metric name."""
    return {
        f"{name}/distance {span}": float(values[rows].mean())
        for span, rows in distance_ranges(distances)
    }


def _log_loss(logits: RaggedColumn, due: RaggedColumn) -> float:
    at = due.values >= 0
    chosen = logits.values[at].astype(float)
    chosen = chosen - chosen.max(axis=-1, keepdims=True)
    log_probabilities = chosen - np.log(np.exp(chosen).sum(axis=-1, keepdims=True))
    return -float(log_probabilities[np.arange(len(chosen)), due.values[at]].mean())
