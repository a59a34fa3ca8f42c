"""Two models of the same symbols as one: the share of each that validation likes best."""

from __future__ import annotations

import numpy as np


def mixing_weight(log_p: np.ndarray, log_q: np.ndarray) -> float:
    """Return the weight ``w`` in [0, 1] with the lowest mean of ``-log(w p + (1 - w) q)``.

    Args:
        log_p: Log-probability that one model gave to each symbol, float ``(n,)``.
        log_q: The other model's, float ``(n,)``.

    Returns:
        The first model's weight; 0.5 where it makes no difference.

    Raises:
        ValueError: The shapes differ, or there is nothing in them.

    Example:
        >>> mixing_weight(np.log([0.8, 0.2, 0.5]), np.log([0.2, 0.8, 0.5]))
        0.5

    Reference:
        Jelinek and Mercer, "Interpolated Estimation of Markov Source Parameters from Sparse Data",
        1980.
    """
    log_p, log_q = np.asarray(log_p, np.float64), np.asarray(log_q, np.float64)
    if log_p.shape != log_q.shape or not log_p.size:
        raise ValueError(
            "Arguments `log_p` and `log_q` must have one shape and not be empty. Received: "
            f"shapes {log_p.shape} and {log_q.shape}"
        )
    highest = np.maximum(log_p, log_q)
    p, q = np.exp(log_p - highest), np.exp(log_q - highest)
    # The likelihood is concave in the weight, so halving on its slope finds the top.
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        slope = np.mean((p - q) / (middle * p + (1 - middle) * q))
        if slope == 0:
            return middle
        low, high = (middle, high) if slope > 0 else (low, middle)
    return (low + high) / 2


def mixed(log_p: np.ndarray, log_q: np.ndarray, weight: float) -> np.ndarray:
    """Return ``log(weight p + (1 - weight) q)``.

    Args:
        log_p: Log-probabilities of one model, any shape.
        log_q: Log-probabilities of the other, the same shape.
        weight: The first model's weight in [0, 1].

    Returns:
        float64 of the same shape.

    Raises:
        ValueError: ``weight`` is out of range.

    Example:
        >>> np.exp(mixed(np.log([0.8]), np.log([0.2]), 0.5)).round(3).tolist()
        [0.5]
    """
    if not 0 <= weight <= 1:
        raise ValueError(f"Argument `weight` must be in [0, 1]. Received: weight={weight}")
    with np.errstate(divide="ignore"):  # log(0) is meant: that model has no say
        log_weight, log_rest = np.log(weight), np.log1p(-weight)
    return np.logaddexp(np.float64(log_weight) + log_p, np.float64(log_rest) + log_q)
