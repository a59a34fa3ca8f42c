"""The discounts of modified Kneser-Ney smoothing."""

from __future__ import annotations

import numpy as np


def kneser_ney_discounts(counts: np.ndarray) -> np.ndarray:
    """Return what Chen and Goodman take off counts of 0, 1, 2 and more, float64 ``(4,)``.

    Args:
        counts: Counts of the n-grams of one order, or of how many symbols precede them, ``(n,)``.

    Example:
        Of eight n-grams four are there once, two twice, one three and one four times. With one
        added to each of these: Y = 5 / (5 + 2 * 3); D1 = 1 - 2 Y 3/5; D2 = 2 - 3 Y 2/3;
        D3 = 3 - 4 Y 2/2.

        >>> kneser_ney_discounts(np.array([1, 1, 1, 1, 2, 2, 3, 4])).round(3).tolist()
        [0.0, 0.455, 1.091, 1.182]

    Reference:
        Chen and Goodman, "An Empirical Study of Smoothing Techniques for Language Modeling", 1998.
    """
    # One is added so that a text without such counts has discounts too.
    ones, twos, threes, fours = (1.0 + np.sum(counts == count) for count in (1, 2, 3, 4))
    share = ones / (ones + 2 * twos)
    one = 1 - 2 * share * twos / ones
    two = 2 - 3 * share * threes / twos
    more = 3 - 4 * share * fours / threes
    return np.array([0.0, *np.clip([one, two, more], [0.05, 0.1, 0.1], [0.95, 1.9, 2.9])])
