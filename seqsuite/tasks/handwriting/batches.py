"""Encoded drawings that are stretched anew in each epoch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seqsuite.data.batching import EncodedExamples


@dataclass(frozen=True)
class StretchedDrawings(EncodedExamples):
    """Drawings of training, stretched along each axis by factors that are drawn in each epoch.

    An index counts the drawings, and from there on those of each epoch in turn, so that a plan says
    all that an epoch draws, and a resumed run draws it again.

    Args:
        stretch: Factors lie between one minus this and one plus it.
    """

    stretch: float = 0.0

    def plan(self, training, epoch=0):
        """Plan one epoch; see :meth:`EncodedExamples.plan`."""
        # The first entry of a generator's seed: other epochs and other seeds draw other factors.
        offset = len(self) * (1 + epoch + 100_003 * (training.seed % 1000))
        return [batch + offset for batch in super().plan(training, epoch)]

    def count(self, indices):
        """Return the number of points of the drawings."""
        return super().count(indices % len(self))

    def summary(self, plan):
        """Return one line on the batches of an epoch."""
        return super().summary([indices % len(self) for indices in plan])

    def batch(self, indices):
        """Return padded features, stretched."""
        features = super().batch(indices % len(self))
        return features | {"points": self._stretched(features["points"], indices)}

    def target_batch(self, indices):
        """Return padded targets, stretched."""
        targets = super().target_batch(indices % len(self))
        return {name: self._stretched(points, indices) for name, points in targets.items()}

    def _stretched(self, points: np.ndarray, indices: np.ndarray) -> np.ndarray:
        factors = np.ones((len(indices), 1, 3), np.float32)
        for row, index in enumerate(indices):
            if index >= len(self):
                generator = np.random.default_rng(int(index))
                factors[row, 0, :2] += generator.uniform(-self.stretch, self.stretch, 2)
        return points * factors
