"""Generated drawings: polygons, spirals, waves and ladders, each with its own size and slant."""

from __future__ import annotations

import math
import random
from functools import cache

import numpy as np

from seqsuite.data.examples import Examples
from seqsuite.tasks.handwriting.config import HandwritingDataConfig
from seqsuite.tasks.handwriting.strokes import points_of_strokes, text_of_points

NAME = "sample"
DESCRIPTION = "built-in sample, no network: generated polygons, spirals, waves and ladders"
SIZES = {"train": 1200, "validation": 150, "test": 200}

_NOISE = 0.02


def load(split: str, options: HandwritingDataConfig) -> Examples:
    """Generate a split; the same every time.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section, of which the sample reads nothing.

    Returns:
        ``drawing`` and ``label`` of each drawing.

    Example:
        >>> load("test", HandwritingDataConfig()).features["label"][:4]
        ['polygon', 'spiral', 'wave', 'ladder']
    """
    drawings, labels = _drawings(split)
    return Examples({"drawing": list(drawings), "label": list(labels)})


@cache
def _drawings(split: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    generator = random.Random(f"drawings {split}")
    names = [list(_SHAPES)[number % len(_SHAPES)] for number in range(SIZES[split])]
    return tuple(_drawing(name, generator) for name in names), tuple(names)


def _drawing(name: str, generator: random.Random) -> str:
    size, slant = generator.uniform(0.6, 1.6), generator.uniform(-0.4, 0.4)
    strokes = [
        [
            (
                size * (x + slant * y) + generator.gauss(0, _NOISE),
                size * y + generator.gauss(0, _NOISE),
            )
            for x, y in stroke
        ]
        for stroke in _SHAPES[name](generator)
    ]
    return text_of_points(np.round(points_of_strokes(strokes), 3))


def _polygon(generator: random.Random) -> list[list[tuple[float, float]]]:
    corners, turn = generator.randrange(3, 8), generator.uniform(0, 1)
    angles = [2 * math.pi * (corner / corners + turn) for corner in range(corners + 1)]
    return [[(2 * math.cos(angle), 2 * math.sin(angle)) for angle in angles]]


def _spiral(generator: random.Random) -> list[list[tuple[float, float]]]:
    direction, step = generator.choice((-1, 1)), generator.uniform(0.5, 0.8)
    return [
        [
            (0.15 * i * math.cos(direction * step * i), 0.15 * i * math.sin(direction * step * i))
            for i in range(generator.randrange(14, 26))
        ]
    ]


def _wave(generator: random.Random) -> list[list[tuple[float, float]]]:
    height = generator.uniform(0.4, 1.2)
    return [[(0.5 * i, height * (-1) ** i) for i in range(2 * generator.randrange(4, 9))]]


def _ladder(generator: random.Random) -> list[list[tuple[float, float]]]:
    rungs = generator.randrange(2, 7)
    rails = [[(x, 0.0), (x, rungs + 1.0)] for x in (0.0, 1.5)]
    return rails + [[(0.0, rung + 1.0), (1.5, rung + 1.0)] for rung in range(rungs)]


_SHAPES = {"polygon": _polygon, "spiral": _spiral, "wave": _wave, "ladder": _ladder}
