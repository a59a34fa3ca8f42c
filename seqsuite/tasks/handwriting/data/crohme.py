"""Formulas of the CROHME competitions, written by hand: InkML files in upstream's archives."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np

from seqsuite.data import raw_files, upstream
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.tasks.handwriting.config import HandwritingDataConfig
from seqsuite.tasks.handwriting.data.cleaning import examples_of
from seqsuite.tasks.handwriting.data.ink import points_of_inkml

NAME = "crohme"
DESCRIPTION = "handwritten formulas, 8,836 to learn and 986 to test on (CROHME 2014); set rescale"

_FOLDERS = ("captioning/crohme/", "crohme/", "")
_FILES = {"train": "TrainINKML.tar.xz", "test": "TestEM2014GT.tar.xz"}


def load(split: str, options: HandwritingDataConfig) -> Examples | None:
    """Read a split.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section (``dir``, and what cleans drawings).

    Returns:
        ``drawing`` and ``label``, the formula in LaTeX, of each formula; None for validation,
        which is cut from training.

    Raises:
        UserError: The archive is missing or damaged.
    """
    if split not in _FILES:
        return None
    places = [folder + _FILES[split] for folder in _FOLDERS]
    path = upstream.find(options, places)
    if path is None:
        raise upstream.not_fetched(
            NAME, options, places[:2], "Take the folders from the CROHME package of TC-11"
        )
    members = raw_files.members(path, lambda name: name.endswith(".inkml"))
    return examples_of(_drawings(members, str(path)), options, str(path))


def _drawings(members: list[tuple[str, bytes]], where: str) -> Iterator[tuple[np.ndarray, str]]:
    damaged = []
    for name, data in members:
        try:
            yield points_of_inkml(data, f"{where}:{name}")
        except UserError as error:
            damaged.append(error)
    if damaged:
        print(
            f"warning: {len(damaged):,} of {len(members):,} files of {where} are left out: "
            f"{damaged[0]}",
            file=sys.stderr,
        )
