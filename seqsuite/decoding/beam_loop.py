"""The loop of a beam search: look one symbol ahead, choose, go on until no row can improve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import tensorflow as tf

from seqsuite.decoding.hypotheses import NEVER, Pool, Step, Written, empty_pool, offer, unless
from seqsuite.decoding.hypothesis_scores import HypothesisScores
from seqsuite.decoding.look_ahead import Ahead, look_ahead
from seqsuite.decoding.ngram_constraint import (
    empty_history,
    extend_history,
    without_repeated_ngrams,
)
from seqsuite.layers.nested import Nested

Tensor = Any


class Progress(NamedTuple):
    """All that goes from one step to the next; rows are ``batch * beam_width``."""

    position: Tensor  # int32 scalar, symbols chosen so far
    log_probabilities: Tensor  # float64 (batch, beam_width) of the live beams, best first
    ids: Tensor  # int32 (rows,), the last symbols
    states: Any  # (rows, ...)
    coverage: Tensor  # float32 (batch, beam_width, memory_time), or ()
    history: Tensor  # int32 (rows, ...) of `extend_history`, or ()
    pool: Pool
    done: Tensor  # bool (batch, 1)
    written: Written


@dataclass(frozen=True)
class BeamLoop:
    """A beam search with its settings, as `beam_search` describes them.

    Args:
        step: One step of the decoder.
        batch: Integer scalar.
        end_id: Ends a sequence.
        excluded_ids: Symbols that do not continue a sequence, the end among them.
        beam_width: Live beams of an example.
        num_alternatives: Size of the pool.
        width: Integer scalar: the largest of `max_lengths`, or 0.
        max_lengths: int32 ``(batch, 1)`` or ``(1, 1)``, at least 0.
        min_lengths: int32 ``(batch, 1)`` or ``(1, 1)``, at most `max_lengths`.
        ngram: As `no_repeat_ngram`.
        scores: What makes scores of log-probabilities.
    """

    step: Step
    batch: Tensor
    end_id: int
    excluded_ids: list[int]
    beam_width: int
    num_alternatives: int
    width: Tensor
    max_lengths: Tensor
    min_lengths: Tensor
    ngram: int
    scores: HypothesisScores

    def run(self, ids: Tensor, states: Nested) -> Progress:
        """Search until every row is done.

        Args:
            ids: int32 ``(rows,)``: what comes before the first symbol.
            states: Tensors ``(rows, ...)`` in any nesting.

        Returns:
            What is known after the last step.
        """
        progress = self._begin(ids, states)
        # The first step stands before the loop, which must know whether there is attention. It is
        # never one too many: even the empty sequence needs the probability of its end.
        ahead = self._look_ahead(progress)
        progress = self._choose(self._prepare(progress, ahead), ahead)

        def advance(progress):
            following = self._choose(progress, self._look_ahead(progress))
            return (tf.nest.map_structure(_keep_shape, following, progress),)

        (progress,) = tf.while_loop(
            lambda progress: tf.reduce_any(~progress.done), advance, (progress,)
        )
        return progress

    def _begin(self, ids: Tensor, states: Nested) -> Progress:
        # All beams are equal at first, so only one of them may live.
        alone = unless(tf.range(self.beam_width) > 0, tf.zeros(self.beam_width, tf.float64))
        history: Tensor = ()
        if self.ngram:
            history = empty_history(tf.shape(ids)[0], self.width, self.ngram)
        choices = {"size": 0, "dynamic_size": True, "element_shape": (None, self.beam_width)}
        return Progress(
            position=tf.constant(0),
            log_probabilities=tf.tile(alone[None, :], tf.stack([self.batch, 1])),
            ids=ids,
            states=states,
            coverage=(),
            history=history,
            pool=empty_pool(self.batch, self.num_alternatives),
            done=tf.zeros(tf.stack([self.batch, 1]), tf.bool),
            written=Written(
                tf.TensorArray(tf.int32, **choices), tf.TensorArray(tf.int32, **choices), ()
            ),
        )

    def _prepare(self, progress: Progress, ahead: Ahead) -> Progress:
        """Make room for the attention, if there is any."""
        if ahead.attention is None:
            if self.scores.need_coverage:
                raise ValueError(
                    "Argument `coverage_penalty` must be 0 where `step` returns no attention "
                    f"weights. Received: coverage_penalty={self.scores.coverage_penalty}"
                )
            return progress
        weights = self._by_example(ahead.attention)
        room = tf.TensorArray(tf.float32, 0, dynamic_size=True, element_shape=weights.shape)
        progress = progress._replace(written=progress.written._replace(attention=room))
        if self.scores.need_coverage:
            progress = progress._replace(coverage=tf.zeros_like(weights))
        return progress

    def _look_ahead(self, progress: Progress) -> Ahead:
        def restrict(logits):
            if not self.ngram:
                return logits
            return without_repeated_ngrams(logits, progress.history, progress.position, self.ngram)

        return look_ahead(
            self.step,
            progress.ids,
            progress.states,
            end_id=self.end_id,
            excluded_ids=self.excluded_ids,
            beam_width=self.beam_width,
            restrict=restrict,
        )

    def _choose(self, progress: Progress, ahead: Ahead) -> Progress:
        """Let the best candidates live on, and the beams that end go to the pool."""
        position, width, totals = progress.position, self.beam_width, progress.log_probabilities
        count = ahead.ids.shape[1]
        following = tf.cast(self._by_example(ahead.log_probabilities), tf.float64)
        flat = tf.stack([self.batch, width * count])
        candidates = tf.reshape(totals[:, :, None] + following, flat)
        candidates = unless(position >= self.max_lengths, candidates)
        live, order = tf.math.top_k(candidates, width)
        ids, parents = tf.gather(tf.reshape(ahead.ids, flat), order, batch_dims=1), order // count
        written = progress.written
        coverage = progress.coverage
        if written.attention != ():
            weights = self._by_example(ahead.attention)
            attention = written.attention.write(position, weights)
            written = written._replace(attention=attention)
            coverage = coverage + weights if self.scores.need_coverage else ()
        ends = totals + tf.cast(tf.reshape(ahead.end, tf.shape(totals)), tf.float64)
        pool = self._finish(progress, ends, live, coverage)
        if self.scores.need_coverage:
            coverage = tf.gather(coverage, parents, batch_dims=1)
        rows = tf.reshape(tf.range(self.batch)[:, None] * width + parents, [-1])
        last_ids, history = tf.reshape(ids, [-1]), progress.history
        if self.ngram:
            history = extend_history(tf.gather(history, rows), position, last_ids, self.ngram)
        return Progress(
            position=position + 1,
            log_probabilities=live,
            ids=last_ids,
            # A single beam follows itself.
            states=ahead.states if width == 1 else _gather(ahead.states, rows),
            coverage=coverage,
            history=history,
            pool=pool,
            done=progress.done | self._cannot_improve(position + 1, live, coverage, pool),
            written=written._replace(
                ids=written.ids.write(position, ids),
                parents=written.parents.write(position, parents),
            ),
        )

    def _finish(self, progress: Progress, ends: Tensor, live: Tensor, coverage: Tensor) -> Pool:
        """Offer to the pool the beams whose end is among the best candidates."""
        position = progress.position
        ends = unless(position < self.min_lengths, ends)
        best, _ = tf.math.top_k(tf.concat([ends, live], axis=1), self.beam_width)
        # A row that is done stays as it is, whatever the rows next to it still need.
        ending = (ends >= best[:, -1:]) & (ends > NEVER) & ~progress.done
        scores = self.scores.score(ends, tf.reshape(position + 1, [1, 1]), coverage)
        return offer(progress.pool, unless(~ending, scores), ends, position)

    def _cannot_improve(self, length: Tensor, live: Tensor, coverage: Tensor, pool: Pool) -> Tensor:
        soonest, latest = tf.reshape(length + 1, [1, 1]), self.max_lengths + 1
        bound = self.scores.bound(live, soonest, latest, coverage)
        return pool.scores[:, -1:] >= tf.reduce_max(bound, axis=1, keepdims=True)

    def _by_example(self, values: Tensor) -> Tensor:
        """Turn ``(rows, places)`` into ``(batch, beam_width, places)``."""
        return tf.reshape(values, tf.stack([self.batch, self.beam_width, tf.shape(values)[1]]))


def _gather(values: Nested, rows: Tensor) -> Any:
    return tf.nest.map_structure(lambda value: tf.gather(value, rows), values)


def _keep_shape(following: Nested, previous: Nested) -> Any:
    """Give a tensor the static shape that it had before, as a loop demands."""
    if isinstance(following, tf.TensorArray):
        return following
    return tf.ensure_shape(following, previous.shape)
