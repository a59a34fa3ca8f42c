"""Input specifications of served signatures."""

from __future__ import annotations

import numpy as np
import tensorflow as tf


def signature(**inputs: list[tf.DType | int | None]) -> dict[str, tf.TensorSpec]:
    """Return the input specifications of a signature.

    Args:
        **inputs: Input name -> dtype, then the sizes of the axes after the batch, None for any.

    Example:
        >>> signature(tokens=[tf.string, None])
        {'tokens': TensorSpec(shape=(None, None), dtype=tf.string, name='tokens')}
    """
    return {
        name: tf.TensorSpec([None, *axes], dtype, name) for name, (dtype, *axes) in inputs.items()
    }


def zeros(specification: tf.TensorSpec, rows: int, time: int = 0) -> np.ndarray:
    """Return an array of zeros or empty texts for an input.

    Args:
        specification: The specification of the input.
        rows: Size of the batch axis.
        time: Size of other axes without a static size.
    """
    shape = [time if size is None else size for size in specification.shape]
    dtype = "S1" if specification.dtype == tf.string else specification.dtype.as_numpy_dtype
    return np.zeros([rows, *shape[1:]], dtype)
