"""The labellings that a prefix search has met, with what scorers say of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from seqsuite.decoding.ctc.scorers import PrefixScorer

ROOT = 0


class PrefixTree:
    """Labellings as nodes: each is its parent and one symbol more. The root is the empty one.

    Args:
        num_symbols: Symbols of the alphabet, the blank included.
        scorers: What is added to the score of a labelling.

    Attributes:
        parents: Parent of each node, int ``(room,)``; -1 for the root.
        symbols: Last symbol of each node, int ``(room,)``; -1 for the root.
        scores: What the scorers say of each node so far, float64 ``(room,)``.
        gains: What each symbol would add, float64 ``(room, symbols)``; without scorers, no rows.

    Example:
        >>> tree = PrefixTree(3, ())
        >>> tree.child(tree.child(ROOT, 2), 1)
        2
        >>> tree.labelling(2)
        (2, 1)
    """

    def __init__(self, num_symbols: int, scorers: Sequence[PrefixScorer]):
        self.scorers = tuple(scorers)
        self.parents = np.full(64, -1)
        self.symbols = np.full(64, -1)
        self.scores = np.zeros(64)
        self.gains = np.zeros((64 if self.scorers else 0, num_symbols))
        self._children: dict[tuple[int, int], int] = {}
        self._states: list[tuple[Any, ...]] = []
        self._append(tuple(scorer.initial() for scorer in self.scorers))

    def __len__(self) -> int:
        return len(self._states)

    def child(self, node: int, symbol: int) -> int:
        """Return the node of a labelling with one symbol more.

        Args:
            node: The labelling.
            symbol: The symbol.
        """
        found = self._children.get((node, symbol))
        if found is not None:
            return found
        states = zip(self.scorers, self._states[node], strict=True)
        new = self._append(tuple(scorer.advance(state, symbol) for scorer, state in states))
        self._children[node, symbol] = new
        self.parents[new], self.symbols[new] = node, symbol
        if self.scorers:
            self.scores[new] = self.scores[node] + self.gains[node, symbol]
        return new

    def final(self, node: int) -> float:
        """Return what the scorers say of a labelling that ends here.

        Args:
            node: The labelling.
        """
        states = zip(self.scorers, self._states[node], strict=True)
        return float(self.scores[node]) + sum(scorer.final(state) for scorer, state in states)

    def labelling(self, node: int) -> tuple[int, ...]:
        """Return the symbols of a labelling.

        Args:
            node: The labelling.
        """
        found = []
        while node != ROOT:
            found.append(int(self.symbols[node]))
            node = int(self.parents[node])
        return tuple(reversed(found))

    def _append(self, states: tuple[Any, ...]) -> int:
        new = len(self._states)
        self._states.append(states)
        if new == len(self.parents):
            self.parents, self.symbols, self.scores, self.gains = (
                np.concatenate([table, np.full_like(table, filling)])
                for table, filling in (
                    (self.parents, -1),
                    (self.symbols, -1),
                    (self.scores, 0),
                    (self.gains, 0),
                )
            )
        for scorer, state in zip(self.scorers, states, strict=True):
            self.gains[new] += scorer.gains(state)
        return new
