"""Encoded pieces that are transposed anew in each epoch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seqsuite.data.batching import EncodedExamples, RaggedColumn
from seqsuite.tasks.music.notes import transposed


@dataclass(frozen=True)
class TransposedPieces(EncodedExamples):
    """Pieces of training, each moved by some semitones that are drawn anew in each epoch.

    An index counts the pieces, and from there on the pieces by each transposition in turn, so that
    a plan says all that an epoch draws, and a resumed run draws it again.

    Args:
        transpose: Semitones up or down at most.
    """

    transpose: int = 0

    def plan(self, training, epoch=0):
        """Plan one epoch; see :meth:`EncodedExamples.plan`."""
        generator = np.random.default_rng([training.seed, epoch, 1])
        shifts = generator.integers(2 * self.transpose + 1, size=len(self))
        return [batch + len(self) * shifts[batch] for batch in super().plan(training, epoch)]

    def count(self, indices):
        """Return the number of steps of the pieces."""
        return super().count(indices % len(self))

    def summary(self, plan):
        """Return one line on the batches of an epoch."""
        return super().summary([indices % len(self) for indices in plan])

    def batch(self, indices):
        """Return padded features, transposed."""
        return {
            name: self._transposed(column, indices)
            if name == "roll"
            else np.asarray(column)[indices % len(self)]
            for name, column in self.features.items()
        }

    def target_batch(self, indices):
        """Return padded targets, transposed."""
        assert isinstance(self.targets, dict)
        return {name: self._transposed(column, indices) for name, column in self.targets.items()}

    def _transposed(self, column, indices: np.ndarray) -> np.ndarray:
        pieces = indices % len(self)
        rows = [
            transposed(column.row(piece), self._semitones(index // len(self)))
            for piece, index in zip(pieces, indices, strict=True)
        ]
        return RaggedColumn.from_rows(rows, column.padding).pad(np.arange(len(rows)))

    def _semitones(self, number: int) -> int:
        """Return the transposition of a number: 0, 1, -1, 2, -2, ..."""
        return (number + 1) // 2 * (1 if number % 2 else -1)
