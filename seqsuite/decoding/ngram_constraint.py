"""No n-gram twice: which symbols would repeat one that a hypothesis already has."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

Tensor = Any

_NOTHING = -1  # before the first symbol and after the last: equal to no id


def empty_history(num_rows: Tensor, max_length: Tensor, ngram: int) -> Tensor:
    """Return the history of rows without symbols.

    Args:
        num_rows: Integer scalar.
        max_length: Integer scalar: so many symbols there may be.
        ngram: The n of the n-grams, at least 1.

    Returns:
        int32 ``(rows, n - 1 + max_length)``: what comes before the first symbol has a place too.

    Example:
        >>> empty_history(1, 2, ngram=2).numpy().tolist()
        [[-1, -1, -1]]
    """
    return tf.fill(tf.stack([num_rows, ngram - 1 + max_length]), _NOTHING)


def extend_history(history: Tensor, position: Tensor, ids: Tensor, ngram: int) -> Tensor:
    """Write one more symbol into each row.

    Args:
        history: int32 ``(rows, n - 1 + max_length)``.
        position: Integer scalar: how many symbols there are.
        ids: int32 ``(rows,)``; they are dropped when the history is full.
        ngram: The n of the n-grams.

    Returns:
        The history, of the same shape.

    Example:
        >>> extend_history(empty_history(1, 2, ngram=2), 0, [7], ngram=2).numpy().tolist()
        [[-1, 7, -1]]
    """
    here = tf.range(tf.shape(history)[1]) == position + ngram - 1
    return tf.where(here, tf.cast(ids, tf.int32)[:, None], history)


def without_repeated_ngrams(
    log_probabilities: Tensor, history: Tensor, position: Tensor, ngram: int
) -> Tensor:
    """Exclude every symbol that would complete an n-gram which its row already has.

    Args:
        log_probabilities: Floating ``(rows, vocabulary)``.
        history: int32 ``(rows, n - 1 + max_length)`` of `extend_history`.
        position: Integer scalar: how many symbols there are.
        ngram: The n of the n-grams.

    Returns:
        The log-probabilities, minus infinity at excluded symbols.

    Example:
        After 5, 6, 5 comes no second 6 when no bigram may occur twice:

        >>> history = tf.constant([[-1, 5, 6, 5, -1]])
        >>> found = without_repeated_ngrams(tf.zeros((1, 8)), history, 3, ngram=2)
        >>> tf.where(found[0] < 0)[:, 0].numpy().tolist()
        [6]
    """
    places = tf.shape(history)[1] - (ngram - 1)
    # Window i holds the n - 1 symbols before symbol i; the last n - 1 stand at `position`.
    following = tf.maximum(history[:, ngram - 1 :], 0)
    repeated = tf.broadcast_to(tf.range(places)[None, :] < position, tf.shape(following))
    for offset in range(ngram - 1):
        last = history[:, position + offset, None]
        repeated &= history[:, offset : offset + places] == last
    rows = tf.broadcast_to(tf.range(tf.shape(history)[0])[:, None], tf.shape(following))
    infinity = tf.constant(float("inf"), log_probabilities.dtype)
    return tf.tensor_scatter_nd_min(
        log_probabilities,
        tf.stack([rows, following], axis=-1),
        tf.where(repeated, -infinity, infinity),
    )
