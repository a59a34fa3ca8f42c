"""Probabilities, quantiles and samples.

All is computed in float64, where the log-gamma functions of large counts do not cancel, and
returned in float32.
"""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf  # keras.ops has no log-gamma function
from keras import ops

from seqsuite.distributions.inversion import negative_binomial_quantile, student_t_quantile
from seqsuite.distributions.parameters import PARAMETERS, Parameters, mean

Tensor = Any

# Probabilities stay this far from 0 and 1, where quantiles are infinite.
_MARGIN = 1e-9


def log_prob(distribution: str, values: Tensor, parameters: Parameters) -> Tensor:
    """Return the logarithm of the density, or for counts of the probability.

    Args:
        distribution: Its name.
        values: Broadcast against the parameters. Counts below 0 are taken for 0.
        parameters: Each ``(...)``.

    Returns:
        float32 ``(...)``.

    Example:
        >>> unit = {"loc": ops.array([0.0]), "scale": ops.array([1.0])}
        >>> log_prob("normal", ops.array([0.0]), unit).numpy().astype(float).round(4).tolist()
        [-0.9189]
    """
    x, *own = _in_float64(distribution, values, parameters)
    if distribution == "negative_binomial":
        mu, dispersion = own
        x, shape, odds = ops.maximum(x, 0.0), 1.0 / dispersion, dispersion * mu
        orders = _lgamma(x + shape) - _lgamma(shape) - _lgamma(x + 1.0)
        found = orders + x * ops.log(odds) - (x + shape) * ops.log1p(odds)
    else:
        z = (x - own[0]) / own[1]
        found = -ops.log(own[1])
        if distribution == "normal":
            found = found - 0.5 * (ops.square(z) + math.log(2 * math.pi))
        else:
            nu = own[2]
            half = 0.5 * (nu + 1.0)
            found = found + _lgamma(half) - _lgamma(0.5 * nu) - 0.5 * ops.log(math.pi * nu)
            found = found - half * ops.log1p(ops.square(z) / nu)
    return ops.cast(found, "float32")


def quantile(distribution: str, parameters: Parameters, probability: Tensor) -> Tensor:
    """Return quantiles: the inverse of the cumulative distribution function. It has no gradient.

    Args:
        distribution: Its name.
        parameters: Each ``(...)``.
        probability: Broadcast against the parameters.

    Returns:
        float32 ``(...)``; for counts, the smallest whose cumulative probability reaches that given.

    Example:
        >>> unit = {"loc": ops.array([0.0]), "scale": ops.array([1.0])}
        >>> quantile("normal", unit, ops.array([0.9])).numpy().astype(float).round(4).tolist()
        [1.2816]
    """
    p, *own = _in_float64(distribution, probability, parameters)
    p = ops.clip(p, _MARGIN, 1.0 - _MARGIN)
    if distribution == "normal":
        found = own[0] + own[1] * math.sqrt(2.0) * ops.erfinv(2.0 * p - 1.0)
    elif distribution == "student_t":
        found = own[0] + own[1] * student_t_quantile(own[2], p)
    else:
        found = negative_binomial_quantile(own[0], own[1], p)
    return ops.stop_gradient(ops.cast(found, "float32"))


def draw(distribution: str, parameters: Parameters, uniforms: Tensor) -> Tensor:
    """Turn uniform numbers into samples, without a random op.

    The normal and the negative binomial distribution use the inverse of their cumulative function
    on the first number, the Student-t Bailey's polar formula on both.

    Args:
        distribution: Its name.
        parameters: Each ``(...)``.
        uniforms: ``(..., 2)`` in [0, 1]; ``(...)`` is broadcast against the parameters.

    Returns:
        float32 ``(...)``.

    Example:
        >>> unit = {"loc": ops.array([0.0]), "scale": ops.array([1.0])}
        >>> drawn = draw("normal", unit, ops.array([[0.5, 0.1], [0.9, 0.4]]))
        >>> drawn.numpy().astype(float).round(4).tolist()
        [0.0, 1.2816]

    Reference:
        Bailey (1994), https://doi.org/10.1090/S0025-5718-1994-1203726-1
    """
    if distribution != "student_t":
        return quantile(distribution, parameters, uniforms[..., 0])
    radius, loc, scale, nu = _in_float64(distribution, uniforms[..., 0], parameters)
    angle = (2 * math.pi) * ops.cast(uniforms[..., 1], "float64")
    squared = nu * ops.expm1(-2.0 / nu * ops.log(ops.clip(radius, _MARGIN, 1.0)))
    found = loc + scale * ops.sqrt(squared) * ops.cos(angle)
    return ops.stop_gradient(ops.cast(found, "float32"))


def sample(
    distribution: str, parameters: Parameters, seed: int | None, num_samples: int | None = None
) -> Tensor:
    """Draw samples. They have no gradient.

    Args:
        distribution: Its name.
        parameters: Each ``(...)``, of one shape.
        seed: Integer, or a ``keras.random.SeedGenerator``, which moves on.
        num_samples: How many; ``None`` draws one, without an axis of its own.

    Returns:
        float32 ``(...)``, or ``(..., num_samples)``.

    Example:
        >>> unit = {"loc": ops.zeros((4,)), "scale": ops.ones((4,))}
        >>> tuple(sample("normal", unit, seed=1, num_samples=100).shape)
        (4, 100)
    """
    shape: tuple = tuple(ops.shape(mean(distribution, parameters)))
    if num_samples is not None:
        shape = (*shape, num_samples)
        parameters = {name: value[..., None] for name, value in parameters.items()}
    uniforms = keras.random.uniform((*shape, 2), dtype="float32", seed=seed)
    return draw(distribution, parameters, uniforms)


def uniform_table(num_steps: int, num_paths: int, seed: int = 0) -> np.ndarray:
    """Draw the uniform numbers of sample paths beforehand, so that serving needs no random op.

    At every step the paths divide the interval evenly among them, in random order (a Latin
    hypercube), which makes quantiles over the paths more exact than independent numbers would.

    Args:
        num_steps: Length of a path.
        num_paths: How many.
        seed: Of the order, and of the place within each part.

    Returns:
        float32 ``(num_steps, num_paths, 2)`` in (0, 1), for `draw`.

    Example:
        >>> table = uniform_table(3, 10)
        >>> sorted((table[0, :, 0] * 10).astype(int).tolist())
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]

    Reference:
        McKay, Beckman and Conover (1979), https://doi.org/10.2307/1268522
    """
    rng = np.random.default_rng(seed)
    parts = rng.permuted(np.tile(np.arange(num_paths), (num_steps, 2, 1)), axis=-1)
    # Away from the ends of a part, lest rounding leaves it.
    places = rng.uniform(1e-3, 1 - 1e-3, parts.shape)
    return np.moveaxis((parts + places) / num_paths, 1, 2).astype("float32")


def _in_float64(distribution: str, values: Tensor, parameters: Parameters) -> list[Tensor]:
    tensors = [values, *(parameters[name] for name in PARAMETERS[distribution])]
    return [ops.cast(tensor, "float64") for tensor in tensors]


def _lgamma(x: Tensor) -> Tensor:
    return tf.math.lgamma(x)
