"""The loop of a beam search: find candidates, choose, until no row can improve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import tensorflow as tf

from seqsuite.decoding.candidates import Candidates, find_candidates
from seqsuite.decoding.constraints import NO_SYMBOL, Constraint, Prefixes
from seqsuite.decoding.hypotheses import (
    NEVER,
    BackPointers,
    Pool,
    Step,
    empty_pool,
    offer,
    unless,
)
from seqsuite.decoding.scorers import Scorer
from seqsuite.layers.nested import Nested

Tensor = Any


class SearchState(NamedTuple):
    """Everything that one step passes to the next; rows are ``batch * beam_width``."""

    position: Tensor  # int32 scalar, symbols chosen so far
    log_probabilities: Tensor  # float64 (batch, beam_width) of the live beams, best first
    ids: Tensor  # int32 (rows,), the last symbols
    states: Any  # (rows, ...)
    coverage: Tensor  # float32 (batch, beam_width, memory_time), for scorers; or ()
    prefixes: Tensor  # int32 (batch, beam_width, width), for constraints; or ()
    pool: Pool
    done: Tensor  # bool (batch, 1)
    pointers: BackPointers


@dataclass(frozen=True)
class BeamLoop:
    """A beam search with its settings, as `beam_search` describes them.

    Args:
        step: One step of the decoder.
        batch: Integer scalar.
        end_id: Ends a sequence.
        beam_width: Live beams of an example.
        num_alternatives: Size of the pool.
        width: Integer scalar: the largest of `max_lengths`, or 0.
        max_lengths: int32 ``(batch, 1)`` or ``(1, 1)``, at least 0.
        constraints: Exclude symbols.
        scorers: Turn log-probabilities into scores.
    """

    step: Step
    batch: Tensor
    end_id: int
    beam_width: int
    num_alternatives: int
    width: Tensor
    max_lengths: Tensor
    constraints: Sequence[Constraint]
    scorers: Sequence[Scorer]

    def run(self, ids: Tensor, states: Nested) -> SearchState:
        """Search until every row is done.

        Args:
            ids: int32 ``(rows,)``: what comes before the first symbol.
            states: Tensors ``(rows, ...)`` in any nesting.

        Returns:
            The state after the last step.
        """
        state = self._begin(ids, states)
        # The first step stands before the loop, which must know whether there is attention. It is
        # never one too many: even the empty sequence needs the probability of its end.
        candidates = self._candidates(state)
        state = self._choose(self._prepare(state, candidates), candidates)

        def advance(state):
            following = self._choose(state, self._candidates(state))
            return (tf.nest.map_structure(_keep_shape, following, state),)

        (state,) = tf.while_loop(lambda state: tf.reduce_any(~state.done), advance, (state,))
        return state

    @property
    def _needs_prefixes(self) -> bool:
        return any(getattr(constraint, "needs_prefixes", True) for constraint in self.constraints)

    @property
    def _needs_coverage(self) -> bool:
        return any(getattr(scorer, "needs_coverage", True) for scorer in self.scorers)

    def _begin(self, ids: Tensor, states: Nested) -> SearchState:
        # All beams are equal at first, so only one of them may live.
        alone = unless(tf.range(self.beam_width) > 0, tf.zeros(self.beam_width, tf.float64))
        prefixes: Tensor = ()
        if self._needs_prefixes:
            prefixes = tf.fill(tf.stack([self.batch, self.beam_width, self.width]), NO_SYMBOL)
        choices = {"size": 0, "dynamic_size": True, "element_shape": (None, self.beam_width)}
        return SearchState(
            position=tf.constant(0),
            log_probabilities=tf.tile(alone[None, :], tf.stack([self.batch, 1])),
            ids=ids,
            states=states,
            coverage=(),
            prefixes=prefixes,
            pool=empty_pool(self.batch, self.num_alternatives),
            done=tf.zeros(tf.stack([self.batch, 1]), tf.bool),
            pointers=BackPointers(
                tf.TensorArray(tf.int32, **choices), tf.TensorArray(tf.int32, **choices), ()
            ),
        )

    def _prepare(self, state: SearchState, candidates: Candidates) -> SearchState:
        """Make room for the attention, if there is any."""
        if candidates.attention is None:
            return state
        weights = self._by_example(candidates.attention)
        room = tf.TensorArray(tf.float32, 0, dynamic_size=True, element_shape=weights.shape)
        return state._replace(
            coverage=tf.zeros_like(weights) if self._needs_coverage else (),
            pointers=state.pointers._replace(attention=room),
        )

    def _candidates(self, state: SearchState) -> Candidates:
        def constrain(logits):
            if not self.constraints:
                return logits
            prefixes = Prefixes(state.prefixes, state.position, self.max_lengths, self.end_id)
            constrained = self._by_example(logits)
            for constraint in self.constraints:
                constrained = tf.ensure_shape(
                    constraint(constrained, prefixes), (None, self.beam_width, logits.shape[-1])
                )
            return tf.reshape(constrained, tf.shape(logits))

        return find_candidates(
            self.step,
            state.ids,
            state.states,
            end_id=self.end_id,
            beam_width=self.beam_width,
            constrain=constrain,
        )

    def _choose(self, state: SearchState, candidates: Candidates) -> SearchState:
        """Let the best candidates live on, and add the beams that end to the pool."""
        position, width, totals = state.position, self.beam_width, state.log_probabilities
        count = candidates.ids.shape[1]
        following = tf.cast(self._by_example(candidates.log_probabilities), tf.float64)
        flat = tf.stack([self.batch, width * count])
        continued = tf.reshape(totals[:, :, None] + following, flat)
        continued = unless(position >= self.max_lengths, continued)
        live, order = tf.math.top_k(continued, width)
        parents = order // count
        ids = tf.gather(tf.reshape(candidates.ids, flat), order, batch_dims=1)
        pointers, coverage = state.pointers, state.coverage
        if candidates.attention is not None:
            weights = self._by_example(candidates.attention)
            attention = pointers.attention.write(position, weights)
            pointers = pointers._replace(attention=attention)
            coverage = coverage + weights if self._needs_coverage else ()
        ends = totals + tf.cast(tf.reshape(candidates.end, tf.shape(totals)), tf.float64)
        pool = self._finish(state, ends, live, coverage)
        if not isinstance(coverage, tuple):
            coverage = tf.gather(coverage, parents, batch_dims=1)
        prefixes = state.prefixes
        if self._needs_prefixes:
            here = tf.range(self.width) == position
            prefixes = tf.gather(prefixes, parents, batch_dims=1)
            prefixes = tf.where(here, ids[:, :, None], prefixes)
        rows = tf.reshape(tf.range(self.batch)[:, None] * width + parents, [-1])
        return SearchState(
            position=position + 1,
            log_probabilities=live,
            ids=tf.reshape(ids, [-1]),
            # A single beam follows itself.
            states=candidates.states if width == 1 else _gather(candidates.states, rows),
            coverage=coverage,
            prefixes=prefixes,
            pool=pool,
            done=state.done | self._cannot_improve(position + 1, live, coverage, pool),
            pointers=pointers._replace(
                ids=pointers.ids.write(position, ids),
                parents=pointers.parents.write(position, parents),
            ),
        )

    def _finish(self, state: SearchState, ends: Tensor, live: Tensor, coverage: Tensor) -> Pool:
        """Offer to the pool the beams whose end is among the best candidates."""
        best, _ = tf.math.top_k(tf.concat([ends, live], axis=1), self.beam_width)
        # A row that is done stays as it is, whatever the rows next to it still need.
        ending = (ends >= best[:, -1:]) & (ends > NEVER) & ~state.done
        scores, num_symbols = ends, tf.reshape(state.position + 1, [1, 1])
        for scorer in self.scorers:
            scores = scorer.score(scores, num_symbols, coverage)
        return offer(state.pool, unless(~ending, scores), ends, state.position)

    def _cannot_improve(self, length: Tensor, live: Tensor, coverage: Tensor, pool: Pool) -> Tensor:
        bound, soonest, latest = live, tf.reshape(length + 1, [1, 1]), self.max_lengths + 1
        for scorer in self.scorers:
            bound = scorer.bound(bound, soonest, latest, coverage)
        return pool.scores[:, -1:] >= tf.reduce_max(bound, axis=1, keepdims=True)

    def _by_example(self, values: Tensor) -> Tensor:
        """Turn ``(rows, places)`` into ``(batch, beam_width, places)``."""
        places = values.shape[1] or tf.shape(values)[1]
        return tf.reshape(values, tf.stack([self.batch, self.beam_width, places]))


def _gather(values: Nested, rows: Tensor) -> Any:
    return tf.nest.map_structure(lambda value: tf.gather(value, rows), values)


def _keep_shape(following: Nested, previous: Nested) -> Any:
    """Give a tensor the static shape that it had before, as a loop demands."""
    if isinstance(following, tf.TensorArray):
        return following
    return tf.ensure_shape(following, previous.shape)
