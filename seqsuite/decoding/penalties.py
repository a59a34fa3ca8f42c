"""Scores of finished hypotheses: log-probability by length, and how much of the memory was read.

A sum of log-probabilities favours short outputs, as every symbol makes it smaller; and nothing in
it notices a part of the source that was left out. Both corrections are computed in float64.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

Tensor = Any

AVERAGE = "average"
"""The length penalty that makes a score the mean log-probability of a symbol."""

LEAST_COVERAGE = 1e-10
"""A place that was read less than this counts as read this much: the logarithm of 0 would leave a
hypothesis without any score."""

_LARGEST = 1e30


def length_divisor(num_symbols: Tensor, length_penalty: Tensor | str) -> Tensor:
    """Return what a log-probability is divided by; it rises or falls with the length throughout.

    Args:
        num_symbols: Integers that broadcast with ``(batch, 1)``: the symbols of a hypothesis, its
            end among them.
        length_penalty: The exponent a of ((5 + n) / 6) ** a, a scalar or ``(batch,)``: 0 divides by
            1, and the more, the longer the outputs. Or `AVERAGE`, which divides by n.

    Returns:
        float64, ``num_symbols`` broadcast with ``(batch, 1)`` or ``(1, 1)``.

    References:
        Wu et al. 2016, "Google's Neural Machine Translation System", equation 14.

    Example:
        >>> length_divisor([[1], [7]], 1.0).numpy().tolist()
        [[1.0], [2.0]]
    """
    count = tf.cast(num_symbols, tf.float64)
    if isinstance(length_penalty, str):
        if length_penalty != AVERAGE:
            raise ValueError(
                f'Argument `length_penalty` must be a number or "{AVERAGE}". '
                f"Received: length_penalty={length_penalty!r}"
            )
        return tf.reshape(count, [-1, 1])
    divisor = ((5.0 + count) / 6.0) ** _column(length_penalty)
    return tf.clip_by_value(divisor, 1.0 / _LARGEST, _LARGEST)


def coverage_score(
    coverage: Tensor, coverage_penalty: Tensor, memory_lengths: Tensor | None = None
) -> Tensor:
    """Return what is added to a score for the places of the memory that were hardly read.

    Args:
        coverage: ``(batch, hypotheses, memory_time)``: for each place of the memory, the attention
            weights of all symbols summed.
        coverage_penalty: The weight b of b * sum(log(min(coverage, 1))), a scalar or ``(batch,)``.
        memory_lengths: Integer ``(batch,)``: only so many places count. None: all.

    Returns:
        float64 ``(batch, hypotheses)``, 0 where every place was read at least once in total.

    References:
        Wu et al. 2016, "Google's Neural Machine Translation System", equation 14.

    Example:
        >>> coverage_score([[[1.5, 0.5, 0.0]]], 2.0, [2]).numpy().round(4).tolist()
        [[-1.3863]]
    """
    covered = tf.clip_by_value(tf.cast(coverage, tf.float64), LEAST_COVERAGE, 1.0)
    missed = tf.math.log(covered)
    if memory_lengths is not None:
        inside = tf.sequence_mask(memory_lengths, tf.shape(missed)[-1])[:, None, :]
        missed = tf.where(inside, missed, tf.zeros_like(missed))
    # The last cumulative sum: a reduction may add up in another order when a longer memory in the
    # batch has added zeros. There is none in an empty memory.
    total = tf.reduce_sum(tf.cumsum(missed, axis=-1)[..., -1:], axis=-1)
    return _column(coverage_penalty) * total


def _column(value: Tensor) -> Tensor:
    """Return float64 ``(batch, 1)``, or ``(1, 1)`` of a scalar."""
    return tf.reshape(tf.cast(value, tf.float64), [-1, 1])
