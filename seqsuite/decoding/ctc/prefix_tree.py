"""Tree of the labellings of a prefix search, with the states and gains of scorers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from seqsuite.decoding.ctc.scorers import PrefixScorer

ROOT = 0


class PrefixTree:
    """Tree of labellings: a child extends its parent by one symbol; the root is empty.

    Args:
        num_symbols: Size of the alphabet, including the blank.
        scorers: Scorers of labellings.

    Attributes:
        parents: Parent of each node, int ``(capacity,)``; -1 for the root.
        symbols: Last symbol of each node, int ``(capacity,)``; -1 for the root.
        scores: Sum of the gains of each node, float64 ``(capacity,)``.
        gains: Gain of each next symbol, float64 ``(capacity, symbols)``; without scorers, no rows.

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
        """Return the node that extends a labelling by a symbol.

        Args:
            node: The labelling.
            symbol: The symbol.
        """
        child = self._children.get((node, symbol))
        if child is not None:
            return child
        states = zip(self.scorers, self._states[node], strict=True)
        new = self._append(tuple(scorer.advance(state, symbol) for scorer, state in states))
        self._children[node, symbol] = new
        self.parents[new], self.symbols[new] = node, symbol
        if self.scorers:
            self.scores[new] = self.scores[node] + self.gains[node, symbol]
        return new

    def final(self, node: int) -> float:
        """Return the scorers' total for a labelling that ends at a node.

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
        symbols = []
        while node != ROOT:
            symbols.append(int(self.symbols[node]))
            node = int(self.parents[node])
        return tuple(reversed(symbols))

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
