"""A linear-chain CRF by enumeration: every tag path of one row is formed and scored."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Chain:
    """Scores of a CRF in float64; what is forbidden scores minus infinity.

    Args:
        start: ``(tags,)``.
        transitions: ``(tags, tags)``, from the row's tag to the column's.
        end: ``(tags,)``.
    """

    start: np.ndarray
    transitions: np.ndarray
    end: np.ndarray

    def score(self, potentials: np.ndarray, path: tuple[int, ...]) -> float:
        """Score one path over potentials ``(length, tags)``; 0 for the empty path."""
        if not path:
            return 0.0
        total = self.start[path[0]] + self.end[path[-1]]
        total += sum(potentials[step, tag] for step, tag in enumerate(path))
        return total + sum(self.transitions[a, b] for a, b in itertools.pairwise(path))

    def legal_paths(self, potentials: np.ndarray) -> list[tuple[float, tuple[int, ...]]]:
        """Return ``(score, path)`` of all legal paths, best first."""
        paths = itertools.product(range(len(self.start)), repeat=len(potentials))
        scored = [(self.score(potentials, path), path) for path in paths]
        return sorted((pair for pair in scored if pair[0] > -np.inf), reverse=True)

    def log_partition(self, potentials: np.ndarray) -> float:
        """Return the logarithm of the sum over all paths."""
        return float(np.logaddexp.reduce([score for score, _ in self.legal_paths(potentials)]))

    def log_likelihood(self, potentials: np.ndarray, path: tuple[int, ...]) -> float:
        """Return the log-probability of a path."""
        return self.score(potentials, path) - self.log_partition(potentials)

    def marginals(self, potentials: np.ndarray) -> np.ndarray:
        """Return the probability of each tag at each step, ``(length, tags)``."""
        probabilities = np.zeros(potentials.shape)
        total = self.log_partition(potentials)
        for score, path in self.legal_paths(potentials):
            for step, tag in enumerate(path):
                probabilities[step, tag] += np.exp(score - total)
        return probabilities
