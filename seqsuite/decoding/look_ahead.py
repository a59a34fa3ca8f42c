"""One step of a decoder for all live beams: what may follow them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from seqsuite.decoding.best_symbols import best_symbols, log_normalizer
from seqsuite.decoding.hypotheses import Step, unless
from seqsuite.decoding.sampling import EXCLUDED
from seqsuite.layers.nested import Nested

Tensor = Any


class Ahead(NamedTuple):
    """What may follow each live beam; a row is one beam of one example."""

    log_probabilities: Tensor  # float32 (rows, candidates), minus infinity where impossible
    ids: Tensor  # int32 (rows, candidates), none of them the end
    end: Tensor  # float32 (rows,), the log-probability of the end
    states: Any  # (rows, ...)
    attention: Tensor | None  # float32 (rows, memory_time)


def look_ahead(
    step: Step,
    ids: Tensor,
    states: Nested,
    *,
    end_id: int,
    excluded_ids: Sequence[int],
    beam_width: int,
    restrict: Callable[[Tensor], Tensor],
) -> Ahead:
    """Take one step and find the candidates among which the next live beams must be.

    Probabilities are those of the model: nothing that is excluded shares its own out.

    Args:
        step: One step of the decoder.
        ids: int32 ``(rows,)``, the last symbols.
        states: Tensors ``(rows, ...)`` in any nesting.
        end_id: Ends a sequence.
        excluded_ids: Symbols that do not continue a sequence, the end among them.
        beam_width: So many of the likeliest symbols of a beam are found: more cannot live on.
        restrict: Takes float32 ``(rows, vocabulary)`` and gives it with minus infinity at further
            symbols that do not continue a sequence.

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
    count = min(logits.shape[-1], beam_width + len(excluded_ids))
    best, best_ids = best_symbols(restrict(logits), count)
    excluded = tf.reduce_any(best_ids[..., None] == tf.constant(excluded_ids), axis=-1)
    end = _possible(logits[:, end_id, None] - largest - log_sum)
    attention = None if not rest or rest[0] is None else tf.cast(rest[0], tf.float32)
    return Ahead(
        unless(excluded, _possible(best - largest - log_sum)),
        best_ids,
        end[:, 0],
        tf.nest.pack_sequence_as(states, kept),
        attention,
    )


def _possible(log_probabilities: Tensor) -> Tensor:
    """Make what is next to impossible impossible; not a number, too, is no probability."""
    return unless(~(log_probabilities > EXCLUDED), log_probabilities)
