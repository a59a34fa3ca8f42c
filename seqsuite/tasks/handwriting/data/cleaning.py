"""Drawings as the data section wants them."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import numpy as np

from seqsuite.data.examples import Examples
from seqsuite.tasks.handwriting.config import HandwritingDataConfig
from seqsuite.tasks.handwriting.strokes import rescaled, simplified, text_of_points


def examples_of(
    drawings: Iterable[tuple[np.ndarray, str]], options: HandwritingDataConfig, where: str
) -> Examples:
    """Return drawings and labels as examples; those that cannot be used are left out, with a note.

    Args:
        drawings: Points ``(points, 3)`` and label of each.
        options: The data section.
        where: What they were read from.
    """
    texts, labels, empty, long = [], [], 0, 0
    for points, label in drawings:
        if options.rescale:
            points = rescaled(points)
        points = simplified(points, options.tolerance)
        if not len(points):
            empty += 1
        elif options.max_points and len(points) > options.max_points:
            long += 1
        else:
            texts.append(text_of_points(points))
            labels.append(label)
    for count, what in ((empty, "without points"), (long, "longer than data.max_points")):
        if count:
            print(f"note: {where}: {count:,} drawings {what} are left out", file=sys.stderr)
    return Examples({"drawing": texts, "label": labels})
