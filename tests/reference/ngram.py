"""The n-gram mixture in dictionaries, one symbol at a time, as its papers define it."""

from __future__ import annotations

import numpy as np


class SlowCounts:
    """Counts of symbols after contexts, kept as `{context: {symbol: count}}`."""

    def __init__(self, max_order):
        self.max_order = max_order
        self.counts = {}
        self.preceded = {}

    def add(self, context, symbol):
        """Count `symbol` after every suffix of `context`, a tuple of at most `max_order`.

        A pair of context and symbol counts as preceded by another symbol when the pair with one
        more symbol in front is new, or, where there is none in front, when it is new itself.
        """
        context = tuple(context)[max(0, len(context) - self.max_order) :]
        new = False
        for length in range(len(context), -1, -1):
            suffix = context[len(context) - length :]
            after = self.counts.setdefault(suffix, {})
            is_new = symbol not in after
            after[symbol] = after.get(symbol, 0) + 1
            if length == self.max_order or (new if length < len(context) else is_new):
                before = self.preceded.setdefault(suffix, {})
                before[symbol] = before.get(symbol, 0) + 1
            new = is_new

    def row(self, table, suffix, num_symbols):
        found = np.zeros(num_symbols)
        for symbol, value in getattr(self, table).get(suffix, {}).items():
            found[symbol] = value
        return found


def count(ids, max_order, window=None, known=None):
    counts = known or SlowCounts(max_order)
    for place, symbol in enumerate(ids):
        reach = place if window is None else place % window
        counts.add(tuple(ids[max(0, place - min(reach, max_order)) : place]), symbol)
    return counts


def kneser_ney(counts, context, num_symbols, discounts):
    """Interpolated Kneser-Ney, modified: `discounts[order]` is taken off counts of 0, 1, 2, 3+."""
    found = np.full(num_symbols, 1 / num_symbols)
    for order in range(len(context) + 1):
        row = counts.row("preceded", context[len(context) - order :], num_symbols)
        if row.sum():
            taken = discounts[order][np.minimum(row, 3).astype(int)]
            found = (row - taken + taken.sum() * found) / row.sum()
    return found


def witten_bell(counts, context, num_symbols, escape):
    """The Witten-Bell estimates of every order up to the context's, shortest first."""
    found, estimates = np.full(num_symbols, 1 / num_symbols), []
    for order in range(counts.max_order + 1):
        if order <= len(context):
            row = counts.row("counts", context[len(context) - order :], num_symbols)
            share = escape * np.count_nonzero(row)
            if row.sum():
                found = (row + share * found) / (row.sum() + share)
        estimates.append(found)
    return estimates
