"""Pictures of drawings: sheets, and files of single ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seqsuite.plotting import BLUE, blank_figure, save_figure
from seqsuite.tasks.handwriting.strokes import points_of_text, strokes_of_points

_COLUMNS = 8


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


def svg(points: np.ndarray) -> str:
    """Return a drawing as an SVG document.

    Args:
        points: ``(points, 3)``.

    Example:
        >>> print(svg(np.array([[0, 0, 0], [3, 4, 1]])))
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="-0.25 -0.25 3.5 4.5">
        <path d="M0,0 3,4" fill="none" stroke="black" stroke-width="0.05" \
stroke-linecap="round" stroke-linejoin="round"/>
        </svg>
        <BLANKLINE>
    """
    strokes = strokes_of_points(points)
    places = np.concatenate([np.zeros((0, 2)), *strokes])
    low, high = (places.min(axis=0), places.max(axis=0)) if len(places) else (0.0, 1.0)
    size = float(np.hypot(*np.broadcast_to(np.subtract(high, low), 2))) or 1.0
    margin = 0.05 * size
    (left, top), (width, height) = (
        np.broadcast_to(np.subtract(low, margin), 2),
        np.broadcast_to(np.subtract(high, low) + 2 * margin, 2),
    )
    # A stroke of one point is a dot: a line to itself, with round ends.
    path = " ".join(
        "M"
        + " ".join(f"{x:.6g},{y:.6g}" for x, y in (stroke if len(stroke) > 1 else stroke[[0, 0]]))
        for stroke in strokes
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{left:.6g} {top:.6g} {width:.6g} '
        f'{height:.6g}">\n<path d="{path}" fill="none" stroke="black" '
        f'stroke-width="{0.01 * size:.3g}" stroke-linecap="round" stroke-linejoin="round"/>\n'
        "</svg>\n"
    )


def save_png(points: np.ndarray, path: Path) -> Path:
    """Draw a drawing into a PNG file."""
    figure = blank_figure((4.0, 4.0))
    axis = figure.subplots()
    axis.axis("off")
    draw_strokes(axis, points)
    return save_figure(figure, path)
