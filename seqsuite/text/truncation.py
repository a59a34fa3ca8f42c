"""Truncation of long sequences that keeps both ends."""

from __future__ import annotations

import tensorflow as tf


def head_and_tail(rows: tf.RaggedTensor, longest: int, head: int) -> tf.RaggedTensor:
    """Keep the first and the last values of rows that are too long.

    Args:
        rows: Values of any dtype, ragged ``(batch, (time))``.
        longest: Values kept of a row; shorter rows stay whole.
        head: How many of them are from the row's beginning.

    Returns:
        Ragged ``(batch, (time))`` with at most ``longest`` values in a row.

    Example:
        >>> head_and_tail(tf.ragged.constant([[1, 2, 3, 4, 5], [6]]), 3, 1).to_list()
        [[1, 4, 5], [6]]
    """
    # On flat values: each operator between ragged tensors would put hundreds of ops for
    # broadcasting into the graph, which is traced, saved and loaded with every model.
    row = rows.value_rowids()
    lengths = tf.gather(rows.row_lengths(), row)
    position = tf.range(tf.size(row, tf.int64)) - tf.gather(rows.row_starts(), row)
    tail_start = lengths - (longest - head)
    kept = (lengths <= longest) | (position < head) | (position >= tail_start)
    return tf.RaggedTensor.from_value_rowids(
        tf.boolean_mask(rows.values, kept), tf.boolean_mask(row, kept), rows.nrows(), validate=False
    )
