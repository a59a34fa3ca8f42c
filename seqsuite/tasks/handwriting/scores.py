"""Scores of predicted points: likelihood, and what the pen does."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import log_softmax, logsumexp

from seqsuite.data.batching import RaggedColumn
from seqsuite.layers.density.bivariate_mixture import component_log_densities, split_mixture
from seqsuite.tasks.handwriting.model import NUM_PEN_STATES

_POINTS_AT_ONCE = 20_000


def handwriting_scores(predictions: dict[str, Any], references: dict[str, Any]) -> dict[str, float]:
    """Score a model's outputs.

    Args:
        predictions: ``parameters``, ragged float ``(points, 9 * components)``.
        references: ``parameters``, ragged float ``(points, 3)``: offsets and pen states.

    Returns:
        ``nats_per_point``: mean negative log-likelihood; its two parts, ``offset_nats`` and
        ``pen_nats``, of the pen given the offset; ``pen_accuracy``: share of the points whose
        likeliest pen state, given the offset, is right.

    Example:
        >>> parameters = RaggedColumn.from_rows([np.zeros((2, 9), "float32")])
        >>> points = RaggedColumn.from_rows([np.zeros((2, 3), "float32")])
        >>> scores = handwriting_scores({"parameters": parameters}, {"parameters": points})
        >>> round(scores["nats_per_point"], 4)  # log(2 pi) + log(3)
        2.9365
    """
    offsets, pen, right = point_nats(predictions["parameters"], references["parameters"])
    return {
        "nats_per_point": float(np.mean(offsets + pen)),
        "offset_nats": float(offsets.mean()),
        "pen_nats": float(pen.mean()),
        "pen_accuracy": float(right.mean()),
    }


def point_nats(
    parameters: RaggedColumn, points: RaggedColumn
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return negative log-likelihoods of points.

    Args:
        parameters: As for :func:`handwriting_scores`.
        points: As for :func:`handwriting_scores`.

    Returns:
        Of offsets, and of pen states given the offsets, float64 ``(points,)``; and whether the
        likeliest pen state is right, bool.
    """
    parts = [(np.zeros(0), np.zeros(0), np.zeros(0, bool))]
    for start in range(0, len(points.values), _POINTS_AT_ONCE):
        rows = slice(start, start + _POINTS_AT_ONCE)
        target = points.values[rows].astype("float32")
        mixture = split_mixture(parameters.values[rows].astype("float32"), NUM_PEN_STATES)
        densities = np.asarray(component_log_densities(mixture, target[:, :2]), float)
        offset = logsumexp(densities, axis=-1)
        of_states = log_softmax(np.asarray(mixture.category_logits, float), axis=-2)
        joint = logsumexp(densities[:, None] + of_states, axis=-1)
        states = target[:, 2].astype(int)
        likelihood = joint[np.arange(len(states)), states]
        parts.append((-offset, offset - likelihood, joint.argmax(axis=-1) == states))
    offsets, pen, right = zip(*parts, strict=True)
    return np.concatenate(offsets), np.concatenate(pen), np.concatenate(right)
