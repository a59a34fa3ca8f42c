"""Hypotheses of a beam search: the pool of finished ones, and their symbols by back-pointers.

Each step records the symbol that every beam chose and the beam that it came from. A hypothesis is
the place where it ended, and its symbols are read at the very end, from the last to the first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

Tensor = Any
Step = Callable[[Tensor, Any], tuple[Any, ...]]

NEVER = -float("inf")


class Hypotheses(NamedTuple):
    """What a search returns, best first; where a row has fewer, scores are minus infinity."""

    ids: Tensor  # int32 (batch, num_alternatives, max_length), 0 after a hypothesis' own length
    lengths: Tensor  # int32 (batch, num_alternatives), without the end
    scores: Tensor  # float32 (batch, num_alternatives), with the penalties
    log_probabilities: Tensor  # float32 (batch, num_alternatives), with the end's
    attention: Tensor | None  # float32 (batch, num_alternatives, max_length, memory_time)


class Pool(NamedTuple):
    """The best finished hypotheses of each row, best first; each ``(batch, num_alternatives)``."""

    scores: Tensor  # float64, minus infinity where there is none
    log_probabilities: Tensor  # float64
    lengths: Tensor  # int32, the symbols before the end
    beams: Tensor  # int32, the live beam that ended


class BackPointers(NamedTuple):
    """Arrays over the steps: how the live beams of each came from those of the step before."""

    ids: Any  # int32 (batch, beam_width), the symbol that was added
    parents: Any  # int32 (batch, beam_width), the beam to which it was added
    attention: Any  # float32 (batch, beam_width, memory_time), of the parents; or ()


def unless(condition: Tensor, values: Tensor) -> Tensor:
    """Return the values, minus infinity where the condition holds."""
    return tf.where(condition, tf.constant(NEVER, values.dtype), values)


def empty_pool(batch: Tensor, num_alternatives: int) -> Pool:
    """Return a pool without hypotheses."""
    shape = tf.stack([batch, num_alternatives])
    nothing, zeros = tf.fill(shape, tf.constant(NEVER, tf.float64)), tf.zeros(shape, tf.int32)
    return Pool(nothing, nothing, zeros, zeros)


def offer(pool: Pool, scores: Tensor, log_probabilities: Tensor, length: Tensor) -> Pool:
    """Add the live beams that end to the pool, which keeps the best.

    Among equals, older hypotheses come first, then the earlier beam.

    Args:
        pool: The pool.
        scores: float64 ``(batch, beam_width)``, minus infinity where a beam does not end.
        log_probabilities: float64 ``(batch, beam_width)``.
        length: Integer scalar: symbols before the end.

    Returns:
        The pool, of the same size.
    """
    num_alternatives = pool.scores.shape[1]
    beams = tf.broadcast_to(tf.range(tf.shape(scores)[1])[None, :], tf.shape(scores))
    newcomers = Pool(scores, log_probabilities, tf.fill(tf.shape(scores), length), beams)
    joined = Pool(*(tf.concat(pair, axis=1) for pair in zip(pool, newcomers, strict=True)))
    _, order = tf.math.top_k(joined.scores, num_alternatives)
    return Pool(*(tf.gather(values, order, batch_dims=1) for values in joined))


def read_out(pool: Pool, pointers: BackPointers, max_length: Tensor) -> Hypotheses:
    """Follow the hypotheses of the pool back to their first symbols.

    Args:
        pool: The pool.
        pointers: Those of at least one step.
        max_length: Integer scalar: the width of the result.

    Returns:
        The hypotheses.
    """
    ids, parents = pointers.ids.stack(), pointers.parents.stack()
    num_steps = tf.shape(ids)[0]

    def step_back(following, index):
        beams, _, _ = following
        inside = index < pool.lengths
        parent = tf.gather(parents[index], beams, batch_dims=1)
        symbol = tf.where(inside, tf.gather(ids[index], beams, batch_dims=1), 0)
        return tf.where(inside, parent, beams), symbol, inside

    start = (pool.beams, tf.zeros_like(pool.beams), tf.zeros_like(pool.beams, tf.bool))
    path, symbols, inside = tf.scan(step_back, tf.range(num_steps), start, reverse=True)
    attention = None
    if pointers.attention != ():
        weights = tf.gather(pointers.attention.stack(), path, batch_dims=2)
        attention = _fit(tf.where(inside[..., None], weights, 0.0), max_length)
    return Hypotheses(
        _fit(symbols, max_length),
        pool.lengths,
        tf.cast(pool.scores, tf.float32),
        tf.cast(pool.log_probabilities, tf.float32),
        attention,
    )


def _fit(values: Tensor, max_length: Tensor) -> Tensor:
    """Turn ``(steps, batch, places, ...)`` into ``(batch, places, max_length, ...)``."""
    others = list(range(3, len(values.shape)))
    values = tf.transpose(values, [1, 2, 0, *others])[:, :, :max_length]
    missing = max_length - tf.shape(values)[2]
    return tf.pad(values, [[0, 0], [0, 0], [0, missing], *([0, 0] for _ in others)])
