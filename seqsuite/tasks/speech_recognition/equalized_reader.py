"""Files of one speaker, heard together before the first of them is transcribed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from seqsuite.errors import UserError
from seqsuite.tasks.speech_recognition.equalization import apply_gains, gains, log_spectra


class EqualizedReader:
    """Reads recordings, filtered by what they and those beside them have in common.

    Files are read twice, first for their average spectrum. Only spectra are kept, so neither the
    length of a file nor the number of files takes memory that counts.

    Args:
        read: A file -> its parts, float32 ``(time,)`` in [-1, 1].
        target: The spectrum of training, from `average_spectrum`.
        sample_rate: In hertz.
    """

    def __init__(
        self,
        read: Callable[[Path], Iterator[np.ndarray]],
        target: Sequence[float],
        sample_rate: int,
    ):
        self.read = read
        self.target = tf.convert_to_tensor(target, tf.float32)
        self.sample_rate = sample_rate
        # File -> all that are heard with it; and the filter of each such list, by its first file.
        self._groups: dict[Path, list[Path]] = {}
        self._gains: dict[Path, Any] = {}

    def together(self, paths: Sequence[str]) -> None:
        """Take files for one speaker's, unless they are known already.

        Args:
            paths: The files.
        """
        new = [path for path in map(_full, paths) if path not in self._groups]
        self._groups |= dict.fromkeys(new, new)

    def __call__(self, path: Path) -> Iterator[np.ndarray]:
        """Yield the parts of a file; one that was not named before is alone.

        Args:
            path: The file.

        Yields:
            float32 ``(time,)`` in [-1, 1].

        Raises:
            UserError: The file cannot be read.
        """
        path = _full(path)
        if path not in self._groups:
            self.together([str(path)])
        group = self._groups[path]
        if group[0] not in self._gains:
            self._gains[group[0]] = self._measure(group)
        for part in self.read(path):
            filtered = apply_gains(part[None], self._gains[group[0]])[0]
            yield np.clip(filtered.numpy(), -1.0, 1.0)

    def _measure(self, paths: Sequence[Path]) -> Any:
        size = 2 * (self.target.shape[0] - 1)
        spectra = [tf.zeros((0, self.target.shape[0]))]
        lengths: list[int] = []
        for path in paths:
            try:
                for part in self.read(path):
                    length = np.array([len(part)], np.int32)
                    spectra.append(log_spectra(part[None], length, size))
                    lengths += [len(part)]
            except UserError:
                continue  # it is told when it is to be transcribed
        heard = tf.constant(lengths, tf.int32)
        return gains(tf.concat(spectra, axis=0), heard, self.target, self.sample_rate)


def _full(path: str | Path) -> Path:
    return Path(path).expanduser()
