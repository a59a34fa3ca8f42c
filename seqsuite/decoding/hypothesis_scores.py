"""The score of a hypothesis, and what the score of a live beam may still become."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from seqsuite.decoding.penalties import coverage_score, length_divisor

Tensor = Any


@dataclass(frozen=True)
class HypothesisScores:
    """Log-probabilities by length and coverage, float64 ``(batch, beam_width)``.

    Args:
        length_penalty: As in `length_divisor`.
        coverage_penalty: As in `coverage_score`; the number 0 is off.
        memory_lengths: As in `coverage_score`.
    """

    length_penalty: Tensor | str
    coverage_penalty: Tensor
    memory_lengths: Tensor | None

    @property
    def need_coverage(self) -> bool:
        """Whether the attention must be summed up; a tensor may hold anything."""
        number = isinstance(self.coverage_penalty, int | float)
        return not (number and self.coverage_penalty == 0)

    def score(self, log_probabilities: Tensor, num_symbols: Tensor, coverage: Tensor) -> Tensor:
        """Score hypotheses that have ended.

        Args:
            log_probabilities: float64 ``(batch, beam_width)``.
            num_symbols: int32 ``(batch, 1)`` or ``(1, 1)``, ends included.
            coverage: float32 ``(batch, beam_width, memory_time)``, used when it is needed.

        Returns:
            float64 ``(batch, beam_width)``.
        """
        scores = log_probabilities / length_divisor(num_symbols, self.length_penalty)
        if self.need_coverage:
            scores += coverage_score(coverage, self.coverage_penalty, self.memory_lengths)
        return scores

    def bound(
        self, log_probabilities: Tensor, soonest: Tensor, latest: Tensor, coverage: Tensor
    ) -> Tensor:
        """Return what no continuation of a live beam can exceed.

        A log-probability only falls, and its divisor changes in one direction with the length, so
        that the best quotient is that of the soonest end or that of the latest. Coverage only
        grows: a penalty vanishes at best, and a reward is never above what it is now.

        Args:
            log_probabilities: float64 ``(batch, beam_width)``.
            soonest: int32 ``(batch, 1)`` or ``(1, 1)``: least symbols at the end, included.
            latest: int32 ``(batch, 1)`` or ``(1, 1)``: most symbols at the end, included.
            coverage: float32 ``(batch, beam_width, memory_time)``, used when it is needed.

        Returns:
            float64 ``(batch, beam_width)``.
        """
        first, last = (length_divisor(end, self.length_penalty) for end in (soonest, latest))
        bound = tf.maximum(log_probabilities / first, log_probabilities / last)
        if self.need_coverage:
            now = coverage_score(coverage, self.coverage_penalty, self.memory_lengths)
            bound += tf.maximum(now, tf.zeros_like(now))
        return bound
