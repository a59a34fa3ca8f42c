"""Drawings in the arrays of sketch-RNN: sheep, and Chinese characters."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from seqsuite.data import upstream
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.tasks.handwriting.config import HandwritingDataConfig
from seqsuite.tasks.handwriting.data.cleaning import examples_of
from seqsuite.tasks.handwriting.data.unpickling import read_object_arrays

URL = "https://raw.githubusercontent.com/hardmaru/sketch-rnn-datasets/master/"
_FOLDERS = ("handwriting/sketch_rnn/", "sketch_rnn/", "")
_KEYS = {"train": "train", "validation": "valid", "test": "test"}


class SketchReader:
    """One of the files.

    Args:
        name: What ``data.source`` says.
        file: Upstream's file, below its repository.
        sha256: Its checksum.
        description: One line.
    """

    def __init__(self, name: str, file: str, sha256: str, description: str):
        self.NAME = name
        self.DESCRIPTION = description
        self._file, self._sha256 = file, sha256

    def load(self, split: str, options: HandwritingDataConfig) -> Examples:
        """Read a split, or fetch the file when that was asked for.

        Args:
            split: ``train``, ``validation`` or ``test``.
            options: The data section.

        Returns:
            ``drawing`` and ``label`` (empty) of each drawing.

        Raises:
            UserError: The file is missing or damaged.
        """
        name = Path(self._file).name
        places = [folder + name for folder in _FOLDERS]
        path = upstream.find(options, places)
        if path is None and not options.download:
            raise upstream.missing(self.NAME, options, places[:2])
        if path is None:
            path = upstream.fetch(URL + self._file, name=name, sha256=self._sha256)
        points = points_of_file(path, _KEYS[split])
        return examples_of(((one, "") for one in points), options, str(path))


def points_of_file(path: Path, name: str) -> list[np.ndarray]:
    """Return the drawings of an array of an ``.npz`` file, each float32 ``(points, 3)``.

    Raises:
        UserError: The file is damaged, or its arrays are no drawings.
    """
    drawings = [one.astype(np.float32) for one in read_object_arrays(path, name)]
    for number, one in enumerate(drawings, start=1):
        if one.ndim != 2 or one.shape[1] != 3 or not np.isfinite(one).all():
            raise UserError(
                f"{path}: drawing {number} of {name} is no array of points (dx, dy, pen lifted)."
            )
    return drawings


READERS = (
    SketchReader(
        "aaron_sheep",
        "aaron_sheep/aaron_sheep.npz",
        "65f8e51e43587661798ac137a204c9e049e0d11dcd50cba372ae3ca32de8b54c",
        "sheep of A. Koblin's Sheep Market, 7,400/300/300 drawings (sketch-RNN)",
    ),
    SketchReader(
        "kanji",
        "kanji/kanji.rdp200.npz",
        "64d6775231d7868be190efba7886129d41d15e77d5a86751de0613a01623478c",
        "Chinese characters of KanjiVG, 10,358/600/500 drawings (sketch-RNN)",
    ),
)
