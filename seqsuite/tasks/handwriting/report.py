"""What a run on strokes shows: drawings of its own, and the test drawings that surprised it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from seqsuite.tasks.handwriting.scores import point_nats

_MAX_MISTAKES = 200


def drawing_nats(predictions: dict[str, Any], references: dict[str, Any]) -> np.ndarray:
    """Return the nats a point of each drawing, float64 ``(drawings,)``."""
    points = references["parameters"]
    nats = np.add(*point_nats(predictions["parameters"], points)[:2])
    counts = np.diff(points.starts)
    row = np.repeat(np.arange(len(points)), counts)
    return np.bincount(row, nats, minlength=len(points)) / np.maximum(1, counts)


def mistakes(nats: np.ndarray, drawings: Sequence[str]) -> list[dict[str, Any]]:
    """Return the drawings that were expected least, as JSON records, worst first.

    Args:
        nats: As from :func:`drawing_nats`.
        drawings: The texts.
    """
    return [
        {"drawing": drawings[row], "nats_per_point": float(nats[row])}
        for row in np.argsort(-nats, kind="stable")[:_MAX_MISTAKES].tolist()
    ]
