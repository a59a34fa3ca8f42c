"""Inputs of served signatures as `tf.TensorSpec`s."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf


def signature(**inputs: list[Any]) -> dict[str, tf.TensorSpec]:
    """Return the specifications of a signature's inputs.

    Args:
        **inputs: Input name -> its dtype, then its axes behind the batch axis, None for any size.

    Example:
        >>> signature(tokens=[tf.string, None])
        {'tokens': TensorSpec(shape=(None, None), dtype=tf.string, name='tokens')}
    """
    return {
        name: tf.TensorSpec([None, *axes], dtype, name) for name, (dtype, *axes) in inputs.items()
    }


def zeros(specification: tf.TensorSpec, rows: int, time: int = 0) -> np.ndarray:
    """Return zeros, or empty texts, for an input.

    Args:
        specification: Its specification.
        rows: Size of the batch axis.
        time: Size of every other axis that has none of its own.
    """
    shape = [time if size is None else size for size in specification.shape]
    dtype = "S1" if specification.dtype == tf.string else specification.dtype.as_numpy_dtype
    return np.zeros([rows, *shape[1:]], dtype)
