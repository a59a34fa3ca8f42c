"""Drawings as text, and as arrays of points.

The text is relative SVG path data, one token a point: ``m2,-4 9,-9 16,-7 m10,0 14,7`` are two
strokes, of three points and of two. A point is the offset from the point before it; ``m`` moves the
pen in the air. A lone ``m`` at the end says that the pen is lifted there.

The array has a row for each point: offsets ``dx`` and ``dy`` (down is positive), and 1 where the
pen is lifted after the point, else 0 ("stroke-3"; Ha and Eck 2017, https://arxiv.org/abs/1704.03477).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from seqsuite.errors import UserError

MOVE = "m"
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?"
"""A regular expression, of Python and of TensorFlow alike."""

_TOKEN = re.compile(rf"m?({NUMBER}),({NUMBER})", re.ASCII)
_LARGEST = 1e6


def text_of_points(points: np.ndarray, lifted: bool = False) -> str:
    """Return the text of a drawing.

    Args:
        points: ``(points, 3)``.
        lifted: Whether to tell that the pen is lifted after the last point, which is left open
            otherwise.

    Example:
        >>> text_of_points(np.array([[2, -4, 0], [9, -9, 1], [10, 0.5, 1]]))
        'm2,-4 9,-9 m10,0.5'
    """
    up, tokens = True, []
    for dx, dy, pen in np.asarray(points, float).tolist():
        tokens.append(f"{MOVE if up else ''}{_number(dx)},{_number(dy)}")
        up = pen > 0
    return " ".join([*tokens, MOVE] if lifted and tokens and up else tokens)


def points_of_text(text: str) -> np.ndarray:
    """Return the points of a drawing, float32 ``(points, 3)``.

    The pen stays down after the last point, unless the text ends with ``m``.

    Raises:
        UserError: A token is no point.

    Example:
        >>> points_of_text("m2,-4 9,-9 m10,0").tolist()
        [[2.0, -4.0, 0.0], [9.0, -9.0, 1.0], [10.0, 0.0, 0.0]]
    """
    tokens = text.split()
    lifted = tokens[-1:] == [MOVE]
    tokens = tokens[:-1] if lifted else tokens
    points = np.zeros((len(tokens), 3), np.float32)
    for row, token in enumerate(tokens):
        match = _TOKEN.fullmatch(token)
        values = [float(part) for part in match.groups()] if match else [math.inf]
        if max(map(abs, values)) > _LARGEST:
            raise UserError(
                f"Point {row + 1} of the drawing ({token[:40]!r}) is no offset. A drawing is "
                "written as relative path data of SVG: 'm2,-4 9,-9 m10,0' are two strokes."
            )
        points[row, :2] = values
        points[row - 1, 2] = row > 0 and token.startswith(MOVE)
    if len(points):
        points[-1, 2] = lifted
    return points


def points_of_strokes(strokes: Iterable[Iterable[Any]]) -> np.ndarray:
    """Return the points of strokes with absolute coordinates, float32 ``(points, 3)``.

    The drawing is moved so that its first point is the origin.

    Args:
        strokes: Strokes of points ``(x, y, ...)``, numbers or their texts; empty strokes are passed
            over.

    Raises:
        UserError: A point has no two finite coordinates.

    Example:
        >>> points_of_strokes([[(1, 1), (2, 3)], [(2, 0)]]).tolist()
        [[0.0, 0.0, 0.0], [1.0, 2.0, 1.0], [0.0, -3.0, 1.0]]
    """
    places, ends = [], []
    for stroke in strokes:
        for point in stroke:
            try:
                x, y = float(point[0]), float(point[1])
            except (TypeError, ValueError, IndexError, KeyError):
                x = y = math.nan
            if not abs(x) + abs(y) <= 1e9:
                raise UserError(f"A point of the drawing is no pair of numbers: {str(point)[:60]}.")
            places.append((x, y))
            ends.append(0)
        if ends:
            ends[-1] = 1
    if not places:
        return np.zeros((0, 3), np.float32)
    offsets = np.diff(np.array(places), axis=0, prepend=[places[0]])
    return np.column_stack([offsets, ends]).astype(np.float32)


def strokes_of_points(points: np.ndarray) -> list[np.ndarray]:
    """Return the strokes of a drawing with absolute coordinates, each ``(points, 2)``."""
    places = np.cumsum(np.asarray(points, float)[:, :2], axis=0)
    ends = np.flatnonzero(points[:, 2] > 0) + 1
    return [stroke for stroke in np.split(places, ends) if len(stroke)]


def rescaled(points: np.ndarray) -> np.ndarray:
    """Return a drawing divided by the root mean square of its offsets' coordinates."""
    size = math.sqrt(float(np.mean(np.square(points[:, :2], dtype=float)))) if len(points) else 0.0
    if not size:
        return points
    return np.column_stack([points[:, :2] / size, points[:, 2]]).astype(np.float32)


def simplified(points: np.ndarray, tolerance: float) -> np.ndarray:
    """Return a drawing without the points that lie on straight lines (Ramer 1972, Douglas-Peucker).

    Args:
        points: ``(points, 3)``.
        tolerance: Greatest distance of a point that is left out from the line that replaces it.

    Example:
        >>> line = np.array([[0, 0, 0], [1, 0, 0], [1, 0.25, 0], [0, 2, 1]])
        >>> simplified(line, 0.5).tolist()
        [[0.0, 0.0, 0.0], [2.0, 0.25, 0.0], [0.0, 2.0, 1.0]]
    """
    if not tolerance or not len(points):
        return points
    places = np.cumsum(points[:, :2], axis=0, dtype=float)
    ends = np.flatnonzero(points[:, 2] > 0)
    kept = np.zeros(len(points), bool)
    kept[[*ends, len(points) - 1]] = True
    first = 0
    for last in sorted({*ends.tolist(), len(points) - 1}):
        kept[first] = True
        parts = [(first, last)]
        while parts:
            low, high = parts.pop()
            if high - low < 2:
                continue
            distances = _distances(places[low + 1 : high], places[low], places[high])
            farthest = int(distances.argmax())
            if distances[farthest] > tolerance:
                middle = low + 1 + farthest
                kept[middle] = True
                parts += [(low, middle), (middle, high)]
        first = last + 1
    offsets = np.diff(places[kept], axis=0, prepend=[(0.0, 0.0)])
    return np.column_stack([offsets, points[kept, 2]]).astype(np.float32)


def _distances(places: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the distances of points from a segment."""
    direction, offsets = end - start, places - start
    length = float(direction @ direction)
    share = np.clip(offsets @ direction / length, 0, 1) if length else np.zeros(len(places))
    return np.linalg.norm(offsets - share[:, None] * direction, axis=1)


def _number(value: float) -> str:
    return f"{value:.6g}" if value else "0"
