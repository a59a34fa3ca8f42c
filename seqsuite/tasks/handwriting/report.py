"""What a run on strokes shows: drawings of its own, and the test drawings that surprised it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seqsuite.plotting import BLUE, blank_figure, save_figure
from seqsuite.tasks.handwriting.scores import point_nats
from seqsuite.tasks.handwriting.strokes import points_of_text, strokes_of_points

_COLUMNS = 8
_MAX_MISTAKES = 200


def draw_sheet(drawings: Sequence[str], path: Path, titles: Sequence[str] = ()) -> Path:
    """Draw many drawings on one sheet.

    Args:
        drawings: Texts of drawings.
        path: PNG file to write.
        titles: A title for each.

    Returns:
        ``path``.
    """
    rows = -(-max(1, len(drawings)) // _COLUMNS)
    figure = blank_figure((1.4 * _COLUMNS, (1.6 if titles else 1.4) * rows))
    axes = np.ravel(figure.subplots(rows, _COLUMNS, squeeze=False))
    for number, axis in enumerate(axes):
        axis.axis("off")
        if number < len(drawings):
            draw_strokes(axis, points_of_text(drawings[number]))
        if number < len(titles):
            axis.set_title(titles[number], fontsize=7)
    return save_figure(figure, path)


def draw_strokes(axis: Any, points: np.ndarray) -> None:
    """Draw the strokes of points ``(points, 3)`` on Matplotlib's axes."""
    for stroke in strokes_of_points(points):
        style = "-" if len(stroke) > 1 else "."
        axis.plot(stroke[:, 0], stroke[:, 1], style, color=BLUE, linewidth=1.1, markersize=2)
    axis.set_aspect("equal")
    if not axis.yaxis_inverted():
        axis.invert_yaxis()


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
