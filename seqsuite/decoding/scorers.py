"""Scores of hypotheses: penalties on length and on parts of the memory that were not read.

A sum of log-probabilities favours short outputs, as every symbol makes it smaller, and does not
depend on whether the whole source was read. Both corrections are computed in float64.
"""

from __future__ import annotations

from typing import Any, Protocol

import tensorflow as tf

Tensor = Any

AVERAGE = "average"
"""The length penalty that makes a score the mean log-probability of a symbol."""

LEAST_COVERAGE = 1e-10
"""A place that was read less than this counts as read this much: the logarithm of 0 would leave a
hypothesis without any score."""

_LARGEST = 1e30


class Scorer(Protocol):
    """One term of the score of a hypothesis.

    A search applies its scorers one after the other: the first is given log-probabilities, each
    further one the scores of the one before. All scores are float64 ``(batch, beam_width)``.
    Coverage is the sum of the attention weights of all symbols, float32
    ``(batch, beam_width, memory_time)``, or ``()`` where the step returns no weights. A scorer that
    does not read it may have ``needs_coverage = False``, which spares the search the sum.
    """

    def score(self, scores: Tensor, num_symbols: Tensor, coverage: Tensor) -> Tensor:
        """Score hypotheses that have ended.

        Args:
            scores: The scores so far.
            num_symbols: int32 ``(batch, 1)`` or ``(1, 1)``, ends included.
            coverage: Of the whole hypothesis.

        Returns:
            The scores.
        """

    def bound(self, scores: Tensor, soonest: Tensor, latest: Tensor, coverage: Tensor) -> Tensor:
        """Return an upper bound on the score of every continuation of a live beam.

        Args:
            scores: An upper bound on the scores so far.
            soonest: int32 ``(batch, 1)`` or ``(1, 1)``: minimal number of symbols at the end,
                included.
            latest: int32 ``(batch, 1)`` or ``(1, 1)``: maximal number of symbols at the end,
                included.
            coverage: Of the live beam.

        Returns:
            The bounds.
        """


class LengthPenalty:
    """A scorer: divide by the `length_divisor`.

    Args:
        length_penalty: As in `length_divisor`.

    Example:
        >>> LengthPenalty(1.0).score([[-4.0]], [[7]], ()).numpy().tolist()
        [[-2.0]]

    Reference:
        Wu et al. (2016), section 7, https://arxiv.org/abs/1609.08144
    """

    needs_coverage = False

    def __init__(self, length_penalty: Tensor | str):
        self.length_penalty = length_penalty

    def score(self, scores: Tensor, num_symbols: Tensor, coverage: Tensor) -> Tensor:
        """Score hypotheses that have ended."""
        return scores / length_divisor(num_symbols, self.length_penalty)

    def bound(self, scores: Tensor, soonest: Tensor, latest: Tensor, coverage: Tensor) -> Tensor:
        """Return the better quotient of the soonest and the latest end.

        A log-probability only falls, and its divisor changes in one direction with the length.
        """
        return tf.maximum(
            self.score(scores, soonest, coverage), self.score(scores, latest, coverage)
        )


class CoveragePenalty:
    """A scorer: add the `coverage_score`; for a step that returns attention weights.

    Args:
        coverage_penalty: As in `coverage_score`.
        memory_lengths: As in `coverage_score`; the same memory, padded more, scores the same.

    Example:
        >>> coverage = [[[1.5, 0.5, 0.0]]]
        >>> CoveragePenalty(2.0, [2]).score([[-1.0]], [[7]], coverage).numpy().round(4).tolist()
        [[-2.3863]]

    Reference:
        Wu et al. (2016), section 7, https://arxiv.org/abs/1609.08144
    """

    def __init__(self, coverage_penalty: Tensor, memory_lengths: Tensor | None = None):
        self.coverage_penalty = coverage_penalty
        self.memory_lengths = memory_lengths

    def score(self, scores: Tensor, num_symbols: Tensor, coverage: Tensor) -> Tensor:
        """Score hypotheses that have ended."""
        return scores + self._term(coverage)

    def bound(self, scores: Tensor, soonest: Tensor, latest: Tensor, coverage: Tensor) -> Tensor:
        """Return the scores with the best term possible.

        Coverage only grows: a penalty vanishes at best, and a reward is never above what it is now.
        """
        term = self._term(coverage)
        return scores + tf.maximum(term, tf.zeros_like(term))

    def _term(self, coverage: Tensor) -> Tensor:
        if isinstance(coverage, tuple):
            raise ValueError(
                "Argument `scorers` must hold no CoveragePenalty where `step` returns no attention "
                "weights."
            )
        return coverage_score(coverage, self.coverage_penalty, self.memory_lengths)


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
