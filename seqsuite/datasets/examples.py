"""Raw examples, and how a validation set is cut from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Examples:
    """Raw, unbatched examples of one split.

    Args:
        features: Column name -> one raw value per example.
        labels: One label per example (a tuple of names when multi-label), or None.
        groups: Examples of one group are related and never split apart; None: all independent.
    """

    features: dict[str, Sequence[Any]]
    labels: Sequence[Any] | None = None
    groups: Sequence[int] | None = None

    def __len__(self) -> int:
        return len(next(iter(self.features.values())))

    def select(self, indices: Sequence[int]) -> Examples:
        """Return the examples at ``indices``, in that order."""

        def pick(column):
            return None if column is None else [column[i] for i in indices]

        features = {name: pick(column) for name, column in self.features.items()}
        return Examples(features, pick(self.labels), pick(self.groups))
