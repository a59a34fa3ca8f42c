"""How often each symbol followed each context: sorted arrays, one sort for each order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class Counts:
    """How often each symbol followed each context of 0 to ``max_order`` symbols.

    A context and the symbol after it are a pair. Pairs of order ``k`` are numbered, and are the
    contexts of order ``k + 1`` for the next position: no key grows with the order.

    Args:
        ids: Symbols int64 ``(n,)``.
        reach: How many symbols before each may be looked at, int ``(n,)``.
        num_symbols: Number of symbols.
        max_order: Symbols in the longest context.
        known: What was read before: pairs in it are not new here.
    """

    def __init__(
        self,
        ids: np.ndarray,
        reach: np.ndarray,
        num_symbols: int,
        max_order: int,
        known: Sequence[Counts] = (),
    ):
        self.num_symbols, self.max_order = num_symbols, max_order
        self.ids = ids
        self.pairs: list[np.ndarray] = []  # context * num_symbols + symbol, ascending
        self.starts: list[np.ndarray] = []  # where the pairs of each context begin
        self.counts: list[np.ndarray] = []  # of each pair
        self.preceded: list[np.ndarray] = []  # of each pair: different symbols in front of it
        self.contexts: list[np.ndarray] = []  # of each position
        self.first: list[np.ndarray] = []  # of each position: shows its pair for the first time
        elsewhere = [source.find(ids, reach)[1] for source in known]
        contexts = np.where(reach >= 0, 0, -1)
        number_of_contexts = 1
        numbers = []
        for order in range(max_order + 1):
            inside = np.flatnonzero(contexts >= 0)
            pairs, first, inverse, counts = np.unique(
                contexts[inside] * num_symbols + ids[inside],
                return_index=True,
                return_inverse=True,
                return_counts=True,
            )
            is_first = np.zeros(len(ids), bool)
            is_first[inside[first]] = True
            for pairs_elsewhere in elsewhere:
                is_first &= pairs_elsewhere[order] < 0
            if order:  # where a text begins, the longest context there is decides
                is_first = np.where(contexts < 0, self.first[-1], is_first)
            number = np.full(len(ids), -1)
            number[inside] = inverse
            limits = np.arange(number_of_contexts + 1) * num_symbols
            self.pairs.append(pairs)
            self.starts.append(np.searchsorted(pairs, limits))
            self.counts.append(counts)
            self.contexts.append(contexts)
            self.first.append(is_first)
            numbers.append(number)
            contexts, number_of_contexts = _next_contexts(number, reach, order), len(pairs)
        for order in range(max_order):
            number = numbers[order][self.first[order + 1] & (numbers[order] >= 0)]
            self.preceded.append(np.bincount(number, minlength=len(self.pairs[order])))
        self.preceded.append(self.counts[max_order])

    def find(self, ids: np.ndarray, reach: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Number the contexts and the pairs at each position of another text.

        Args:
            ids: Symbols int64 ``(n,)``.
            reach: How many symbols before each may be looked at, int ``(n,)``.

        Returns:
            Contexts of each order int ``(n,)`` and pairs of each order int ``(n,)``; -1 where one
            is unseen or would reach too far.
        """
        contexts, numbers = [np.where(reach >= 0, 0, -1)], []
        for order, pairs in enumerate(self.pairs):
            keys = np.where(contexts[-1] < 0, -1, contexts[-1] * self.num_symbols + ids)
            places = np.minimum(np.searchsorted(pairs, keys), len(pairs) - 1)
            held = pairs[places] == keys if len(pairs) else np.zeros(len(ids), bool)
            numbers.append(np.where(held, places, -1))
            contexts.append(_next_contexts(numbers[-1], reach, order))
        return contexts[:-1], numbers

    def rows(self, order: int, contexts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lay out what followed each of some contexts.

        Args:
            order: Order of the contexts.
            contexts: Their numbers int ``(n,)``; -1 gives zeros.

        Returns:
            ``counts`` and ``preceded`` by symbol, each float64 ``(n, num_symbols)``.
        """
        counts = np.zeros((len(contexts), self.num_symbols))
        preceded = np.zeros_like(counts)
        seen = np.flatnonzero(contexts >= 0)
        starts = self.starts[order][contexts[seen]]
        lengths = self.starts[order][contexts[seen] + 1] - starts
        places = np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
        places += np.arange(len(places))
        where = np.repeat(seen, lengths), self.pairs[order][places] % self.num_symbols
        counts[where] = self.counts[order][places]
        preceded[where] = self.preceded[order][places]
        return counts, preceded

    def running(self, order: int, counted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lay out what followed the context of each position at earlier positions of this text.

        Args:
            order: Order of the contexts.
            counted: Positions that count, bool ``(n,)``.

        Returns:
            ``counts`` and ``preceded`` by symbol, each float64 ``(n, num_symbols)``.
        """
        contexts = self.contexts[order]
        by_context = np.argsort(contexts, kind="stable")
        ascending = contexts[by_context]
        starts = np.searchsorted(ascending, ascending)
        first = self.first[order + 1] if order < self.max_order else True
        tables = []
        for values in (counted, counted & first):
            steps = np.zeros((len(contexts), self.num_symbols))
            steps[np.arange(len(contexts)), self.ids[by_context]] = values[by_context]
            sums = np.cumsum(steps, axis=0) - steps
            sums -= sums[starts]
            sums[ascending < 0] = 0
            table = np.empty_like(sums)
            table[by_context] = sums
            tables.append(table)
        return tables[0], tables[1]


def _next_contexts(pairs: np.ndarray, reach: np.ndarray, order: int) -> np.ndarray:
    """Turn the pairs of an order into the contexts of the next, one position on."""
    contexts = np.full(len(pairs), -1)
    contexts[1:] = pairs[:-1]
    contexts[reach <= order] = -1
    return contexts
