"""One step of a decoder for all live beams: the symbols that can continue them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from seqsuite.decoding.best_symbols import best_symbols, log_normalizer
from seqsuite.decoding.hypotheses import Step, unless
from seqsuite.decoding.sampling import EXCLUDED
from seqsuite.layers.nested import Nested

Tensor = Any


class Candidates(NamedTuple):
    """Continuations of each live beam; a row is one beam of one example."""

    log_probabilities: Tensor  # float32 (rows, candidates), minus infinity where impossible
    ids: Tensor  # int32 (rows, candidates)
    end: Tensor  # float32 (rows,), the log-probability of the end
    states: Any  # (rows, ...)
    attention: Tensor | None  # float32 (rows, memory_time)


def find_candidates(
    step: Step,
    ids: Tensor,
    states: Nested,
    *,
    end_id: int,
    beam_width: int,
    constrain: Callable[[Tensor], Tensor],
) -> Candidates:
    """Take one step and find the candidates among which the next live beams must be.

    Probabilities are those of the model: the share of an excluded symbol is not redistributed.

    Args:
        step: One step of the decoder.
        ids: int32 ``(rows,)``, the last symbols.
        states: Tensors ``(rows, ...)`` in any nesting.
        end_id: Ends a sequence.
        beam_width: Number of the likeliest symbols of a beam to find: no more can live on.
        constrain: Takes float32 ``(rows, vocabulary)`` and returns it with minus infinity at
            excluded symbols.

    Returns:
        The candidates.
    """
    logits, next_states, *rest = step(ids, states)
    before, after = tf.nest.flatten(states), tf.nest.flatten(next_states)
    if len(before) != len(after):
        raise ValueError(
            "Argument `step` must return as many states as it takes. "
            f"Received: {len(before)} states, and {len(after)} returned."
        )
    kept = [tf.ensure_shape(new, old.shape) for new, old in zip(after, before, strict=True)]
    if logits.shape[-1] is None:
        raise ValueError("Argument `step` must return logits of a known number of symbols.")
    logits = tf.cast(logits, tf.float32)
    largest, log_sum = log_normalizer(logits)
    logits = constrain(logits)
    # One more than can live on, as the end may be among them.
    best, best_ids = best_symbols(logits, min(logits.shape[-1], beam_width + 1))
    end = _possible(logits[:, end_id, None] - largest - log_sum)
    attention = None if not rest or rest[0] is None else tf.cast(rest[0], tf.float32)
    return Candidates(
        unless(best_ids == end_id, _possible(best - largest - log_sum)),
        best_ids,
        end[:, 0],
        tf.nest.pack_sequence_as(states, kept),
        attention,
    )


def _possible(log_probabilities: Tensor) -> Tensor:
    """Make what is next to impossible impossible; not a number, too, is no probability."""
    return unless(~(log_probabilities > EXCLUDED), log_probabilities)
