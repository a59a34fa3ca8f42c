"""Scores of predicted frames: likelihood, and accuracy of notes."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqsuite.data.batching import RaggedColumn


def music_scores(predictions: dict[str, Any], references: dict[str, Any]) -> dict[str, float]:
    """Score a model's outputs.

    Args:
        predictions: ``logits``, ragged float ``(steps, keys)``; optional ``frames``, ragged bool of
            the same shape: the predicted chord of each step, given the steps before it.
        references: ``logits``, ragged 0/1 ``(steps, keys)``.

    Returns:
        ``nats_per_step``: mean negative log-likelihood of the steps after the first of each piece;
        ``nats_per_step_with_first``: of all steps; with frames ``frame_accuracy``: notes that are
        predicted rightly over those predicted or played (Bay et al. 2009).

    Example:
        >>> column = RaggedColumn.from_rows([np.zeros((3, 2))])
        >>> round(music_scores({"logits": column}, {"logits": column})["nats_per_step"], 4)
        1.3863
    """
    played = references["logits"]
    nats = nats_of_steps(predictions["logits"], played)
    first = np.zeros(len(nats), bool)
    first[played.starts[:-1][np.diff(played.starts) > 0]] = True
    scores = {
        "nats_per_step": float(nats[~first].mean()) if (~first).any() else float(nats.mean()),
        "nats_per_step_with_first": float(nats.mean()),
    }
    if "frames" in predictions:
        scores["frame_accuracy"] = frame_accuracy(predictions["frames"].values, played.values)
    return scores


def nats_of_steps(logits: RaggedColumn, played: RaggedColumn) -> np.ndarray:
    """Return the negative log-likelihood of each step, float64 ``(steps,)``."""
    values, targets = logits.values.astype(float), played.values.astype(float)
    return (np.logaddexp(0, values) - targets * values).sum(axis=-1)


def frame_accuracy(predicted: np.ndarray, played: np.ndarray) -> float:
    """Return true positives over true and false positives and misses; bools ``(steps, keys)``.

    Example:
        >>> frame_accuracy(np.array([[1, 1, 0]]) > 0, np.array([[0, 1, 1]]) > 0)
        0.3333333333333333
    """
    predicted, played = predicted.astype(bool), played.astype(bool)
    union = (predicted | played).sum()
    return float((predicted & played).sum() / union) if union else 1.0
