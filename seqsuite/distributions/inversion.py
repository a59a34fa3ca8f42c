"""Inverse cumulative distribution functions that have no closed form, by bisection."""

from __future__ import annotations

from typing import Any

import tensorflow as tf  # keras.ops has no incomplete beta function
from keras import ops

Tensor = Any

# Half an interval this often, and nothing of a float64 is left of it.
_NUM_HALVINGS = 52


def student_t_quantile(degrees_of_freedom: Tensor, probability: Tensor) -> Tensor:
    """Return quantiles of the standard Student-t distribution.

    Args:
        degrees_of_freedom: float64, of any shape.
        probability: float64 in (0, 1), broadcast against the other.

    Returns:
        float64.

    Example:
        >>> one = ops.ones((1,), "float64")  # Cauchy's distribution
        >>> student_t_quantile(one, 0.75 * one).numpy().round(6).tolist()
        [1.0]
    """
    nu = degrees_of_freedom + ops.zeros_like(probability)
    probability = probability + ops.zeros_like(nu)
    # By symmetry the upper half will do. What is bisected is t / sqrt(nu + t^2), in [0, 1).
    upper = ops.abs(2.0 * probability - 1.0)
    halves = 0.5 * ops.ones_like(nu)

    def halve(_, bounds):
        low, high = bounds
        middle = 0.5 * (low + high)
        below = tf.math.betainc(halves, 0.5 * nu, ops.square(middle)) < upper
        return ops.where(below, middle, low), ops.where(below, high, middle)

    bounds = (ops.zeros_like(nu), ops.ones_like(nu))
    low, high = ops.fori_loop(0, _NUM_HALVINGS, halve, bounds)
    ratio = 0.5 * (low + high)
    t = ratio * ops.sqrt(nu / ops.maximum(1.0 - ops.square(ratio), 1e-18))
    return ops.where(probability < 0.5, -t, t)


def negative_binomial_quantile(mean: Tensor, dispersion: Tensor, probability: Tensor) -> Tensor:
    """Return the smallest counts whose cumulative probability reaches those given.

    Args:
        mean: float64, of any shape, positive.
        dispersion: float64, positive, of the same shape.
        probability: float64 in (0, 1), broadcast against the others.

    Returns:
        float64 whole numbers, exact below a million.

    Example:
        >>> one = ops.ones((1,), "float64")  # geometric: 1/2, 1/4, 1/8, ...
        >>> negative_binomial_quantile(one, one, ops.array([0.4, 0.7], "float64")).numpy().tolist()
        [0.0, 1.0]
    """
    nothing = ops.zeros_like(mean * probability)
    mean, dispersion, probability = (x + nothing for x in (mean, dispersion, probability))
    shape, success = 1.0 / dispersion, 1.0 / (1.0 + dispersion * mean)
    # The tail falls at least as fast as that of an exponential of this scale.
    spread = ops.sqrt(mean + dispersion * ops.square(mean)) + dispersion * mean + 1.0
    low, high = nothing - 1.0, ops.ceil(mean + 25.0 * spread)

    def is_wide(low, high):
        return ops.any(high - low > ops.maximum(1.0, 1e-6 * high))

    def halve(low, high):
        middle = ops.floor(0.5 * (low + high))
        at_least = ops.maximum(middle, 0.0)
        reached = tf.math.betainc(shape, at_least + 1.0, success) >= probability
        reached = ops.logical_and(reached, middle >= 0)
        return ops.where(reached, low, middle), ops.where(reached, middle, high)

    _, high = ops.while_loop(is_wide, halve, (low, high))
    return high
