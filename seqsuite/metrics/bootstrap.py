"""Bootstrap intervals of metrics."""

from __future__ import annotations

import numpy as np


def bootstrap_interval(
    correct: np.ndarray, seed: int = 0, resamples: int = 2000, level: float = 0.95
) -> tuple[float, float]:
    """Return the bootstrap interval of a share of correct answers.

    Resampling 0/1 values with replacement makes the number of ones binomial, so it is drawn
    directly.

    Args:
        correct: bool ``(examples,)``.
        seed: Seed of the resampling.
        resamples: Number of resamples.
        level: Share of resamples inside the interval.

    Returns:
        The interval's lower and upper end.

    Example:
        >>> bootstrap_interval(np.ones(10, bool))
        (1.0, 1.0)

    Reference:
        Efron, "Bootstrap Methods", 1979, https://doi.org/10.1214/aos/1176344552
    """
    count = max(1, len(correct))
    share = float(np.mean(correct)) if len(correct) else 0.0
    shares = np.random.default_rng(seed).binomial(count, share, resamples) / count
    low, high = np.quantile(shares, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def bootstrap_ratio_interval(
    parts: np.ndarray,
    wholes: np.ndarray,
    seed: int = 0,
    resamples: int = 2000,
    level: float = 0.95,
) -> tuple[float, float]:
    """Return the bootstrap interval of a ratio of sums, such as accuracy over words of sentences.

    Words of one sentence are right or wrong together more often than chance would have it, so
    what is resampled are the sentences. Alike ones are exchangeable: how often each kind of
    sentence is drawn is multinomial, and the order of the sentences changes nothing.

    Args:
        parts: What each unit adds to the numerator, ``(units,)``.
        wholes: What it adds to the denominator, ``(units,)``.
        seed: Seed of the resampling.
        resamples: Number of resamples.
        level: Share of resamples inside the interval.

    Returns:
        The interval's lower and upper end; the ratio is 0 where the denominator is.

    Example:
        >>> bootstrap_ratio_interval(np.array([1, 2]), np.array([2, 4]))
        (0.5, 0.5)

    Reference:
        Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 8 (the units of
        dependent data).
    """
    units = np.stack([np.asarray(parts, np.float64), np.asarray(wholes, np.float64)], axis=1)
    kinds, counts = np.unique(units, axis=0, return_counts=True)
    total = counts.sum()
    generator = np.random.default_rng(seed)
    part, whole = (generator.multinomial(total, counts / total, resamples) @ kinds).T
    ratios = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
