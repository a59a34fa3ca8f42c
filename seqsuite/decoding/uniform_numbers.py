"""Uniform numbers without a generator: a hash of (seed, position).

Nothing is remembered between two numbers, so a row draws the same ones whichever batch it is in and
wherever its generation is resumed, and an exported graph needs no random op (Salmon et al. 2011,
"Parallel Random Numbers: As Easy as 1, 2, 3"). Two rows of the same seed draw the same numbers:
give every row a seed of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

Tensor = Any

BITS = 24
"""Random bits of a number: as many as float32 holds exactly."""

_MASK = 0xFFFFFFFF
# Any constant: it keeps seed 0 from being hashed to 0.
_OFFSET = 0x3C6EF372


def uniform(seed: Tensor, position: Tensor) -> Tensor:
    """Draw a number from [0, 1) for each (seed, position).

    Integer arithmetic and one exact conversion: every backend and device gives the same bits, those
    of `numpy_uniform`.

    Args:
        seed: Integer ``(batch,)``; its low 32 bits count, so that it may be negative.
        position: Integer ``(batch,)`` or a scalar: the how-manieth number of that seed.

    Returns:
        float32 ``(batch,)``, multiples of 2 ** -24.

    Example:
        >>> numbers = uniform(ops.array([7, 8, 7]), 3).numpy()
        >>> bool(numbers[0] == numbers[2]), bool(numbers[0] == numbers[1])
        (True, False)
    """
    hashed = _hash(ops.cast(seed, "int64"), ops.cast(position, "int64"))
    return ops.cast(hashed // 2 ** (32 - BITS), "float32") * 2.0**-BITS


def numpy_uniform(seed: np.ndarray | int, position: np.ndarray | int) -> np.ndarray:
    """Draw what `uniform` draws, to the bit, in NumPy.

    Args:
        seed: Integers of any shape; their low 32 bits count.
        position: Integers that broadcast with `seed`.

    Returns:
        float32 of the broadcast shape.

    Example:
        >>> numpy_uniform([7, -1], 3).tolist() == uniform(ops.array([7, -1]), 3).numpy().tolist()
        True
    """
    hashed = _hash(np.asarray(seed).astype(np.int64), np.asarray(position).astype(np.int64))
    return (hashed // 2 ** (32 - BITS)).astype(np.float32) * np.float32(2.0**-BITS)


def _hash(seed, position):
    """Hash int64 arrays or tensors to integers below 2 ** 32, with operators that both have.

    The seed enters twice, as two keys: with one, seeds whose keys are near would draw the same
    numbers in another order.
    """
    first_key = _mix((seed + _OFFSET) & _MASK)
    second_key = _mix((first_key + _OFFSET) & _MASK)
    return _mix(_mix((position & _MASK) ^ first_key) ^ second_key)


def _mix(value):
    """Permute the integers below 2 ** 32 so that each bit of the input flips each with odds 1/2.

    Multiply and fold, with constants of low bias from https://github.com/skeeto/hash-prospector.
    Both are below 2 ** 31: no product leaves int64, whose overflow is undefined in C++. Dividing by
    2 ** n is a shift by n bits, which TensorFlow has no operator for.
    """
    value = value ^ (value // 2**16)
    value = (value * 0x21F0AAAD) & _MASK
    value = value ^ (value // 2**15)
    value = (value * 0x735A2D97) & _MASK
    return value ^ (value // 2**15)
