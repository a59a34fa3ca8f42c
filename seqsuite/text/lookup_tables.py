"""Lookup tables from words to ids, in the graph."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

UNKNOWN_ID = 1


def lookup_table(keys: Sequence, dtype: tf.DType = tf.string) -> tf.lookup.StaticHashTable:
    """Return a table from keys to ids from 2 on; anything else is :data:`UNKNOWN_ID`.

    Args:
        keys: Distinct keys.
        dtype: Their dtype.
    """
    known = tf.constant(keys, dtype), tf.range(2, len(keys) + 2, dtype=tf.int32)
    # TensorFlow has no empty tables; a key that means the same as none stands in.
    pairs = known if keys else (tf.zeros([1], dtype), tf.constant([UNKNOWN_ID]))
    initializer = tf.lookup.KeyValueTensorInitializer(*pairs)
    return tf.lookup.StaticHashTable(initializer, default_value=UNKNOWN_ID)
