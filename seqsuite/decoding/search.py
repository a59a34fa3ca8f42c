"""Search for the best output of a decoder: greedy and beam search, in one loop in the graph.

A decoder is a step, as in `generate`: any callable that takes the last symbol of each row and its
states and returns the logits of the next symbol, the next states and, optionally, its attention
weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from seqsuite.decoding.beam_loop import BeamLoop
from seqsuite.decoding.constraints import Constraint
from seqsuite.decoding.hypotheses import Hypotheses, Step, read_out
from seqsuite.decoding.scorers import Scorer
from seqsuite.layers.nested import Nested

Tensor = Any


def greedy_search(
    step: Step,
    states: Nested,
    *,
    begin_id: Tensor,
    end_id: int,
    max_length: Tensor,
    constraints: Sequence[Constraint] = (),
) -> Hypotheses:
    """Take the likeliest symbol at every step: `beam_search` with a single beam.

    Args:
        step: As in `beam_search`.
        states: As in `beam_search`.
        begin_id: As in `beam_search`.
        end_id: As in `beam_search`.
        max_length: As in `beam_search`.
        constraints: As in `beam_search`.

    Returns:
        Hypotheses with one alternative; its score is its log-probability.

    Example:
        A chain that counts to 3 and ends with 0:

        >>> next_logits = tf.math.log(tf.roll(tf.eye(4), 1, axis=1))
        >>> def step(ids, states):
        ...     return tf.gather(next_logits, ids), states
        >>> hypotheses = greedy_search(step, [], begin_id=[0, 2], end_id=0, max_length=5)
        >>> hypotheses.ids.numpy().tolist(), hypotheses.lengths.numpy().tolist()
        ([[[1, 2, 3, 0, 0]], [[3, 0, 0, 0, 0]]], [[3], [1]])
    """
    return beam_search(
        step,
        states,
        begin_id=begin_id,
        end_id=end_id,
        beam_width=1,
        max_length=max_length,
        constraints=constraints,
    )


def beam_search(
    step: Step,
    states: Nested,
    *,
    begin_id: Tensor,
    end_id: int,
    beam_width: int,
    max_length: Tensor,
    num_alternatives: int = 1,
    constraints: Sequence[Constraint] = (),
    scorers: Sequence[Scorer] = (),
) -> Hypotheses:
    """Find the sequences of the best scores among those that a beam can reach.

    At every step the `beam_width` likeliest continuations of the live beams live on. A live beam
    ends when fewer than `beam_width` candidates are likelier than its end; it then goes to a pool
    of finished hypotheses, and no live beam loses its place to it. A row is done when no
    continuation of its live beams can beat the worst hypothesis of its full pool; the loop ends
    with the last row.

    The score of a hypothesis is its log-probability, its end included, after all `scorers` in
    turn. With ``[LengthPenalty(a), CoveragePenalty(b)]`` it is

        log-probability / length divisor(n) + coverage score

    for n symbols, the end among them (Wu et al. 2016). Sequences of `max_length` symbols must end
    there, with the probability that the model gives to it: all scores are those of whole sequences.
    Among equal scores, ends come first, then the earlier beam, then the lower id. Log-probabilities
    are float32, their sums float64.

    What a row gets depends on its own arguments alone, as far as `step` keeps rows apart.

    Args:
        step: Takes the last ids, int32 ``(rows,)``, and the states; returns the logits of the next
            symbols, ``(rows, vocabulary)``, the states in the same structure, shapes and dtypes
            and, as an optional third value, the attention weights ``(rows, memory_time)``. There
            are ``batch * beam_width`` rows, the beams of one example next to each other. A memory,
            which does not change, belongs in the closure of `step`, once through `repeat_beams`:
            states are put into a new order at every step.
        states: Tensors ``(batch, ...)`` in any nesting, before the first symbol.
        begin_id: Integer scalar or ``(batch,)``: what comes before the first symbol.
        end_id: The symbol that ends a sequence.
        beam_width: Live beams of an example; may be more than there are symbols.
        max_length: Integer scalar or ``(batch,)``: maximal number of symbols before the end. 0
            leaves the empty sequence, which is scored like any other. The smaller it is, the sooner
            a search with a length penalty can stop. A tensor, so that a `tf.function` is not traced
            for every value.
        num_alternatives: Hypotheses to return for each example; may be more than `beam_width`.
        constraints: Exclude symbols, such as :class:`ForbiddenSymbols`, :class:`MinLength` and
            :class:`NoRepeatNgram`: each is a function of the logits and the :class:`Prefixes`. The
            probability of an excluded symbol is not shared out among the others.
        scorers: Turn log-probabilities into scores, such as :class:`LengthPenalty` and
            :class:`CoveragePenalty`, in this order.

    Returns:
        The hypotheses, best first, without their ends. Where fewer are found, as with few symbols
        or many constraints, the rest have length 0 and a score of minus infinity.

    References:
        Wu et al. 2016, "Google's Neural Machine Translation System", section 7.

    Example:
        The likeliest first symbol is 1, but the likeliest sequence is 2:

        >>> probabilities = [[0.0, 0.6, 0.4], [0.5, 0.25, 0.25], [0.9, 0.1, 0.0]]
        >>> def step(ids, states):
        ...     return tf.math.log(tf.gather(probabilities, ids)), states
        >>> hypotheses = beam_search(
        ...     step, [], begin_id=[0], end_id=0, beam_width=2, max_length=3, num_alternatives=2
        ... )
        >>> hypotheses.ids.numpy().tolist()
        [[[2, 0, 0], [1, 0, 0]]]
        >>> tf.exp(hypotheses.scores).numpy().astype(float).round(4).tolist()
        [[0.36, 0.3]]
    """
    for name, value in {"beam_width": beam_width, "num_alternatives": num_alternatives}.items():
        if value < 1:
            raise ValueError(f"Argument `{name}` must be at least 1. Received: {name}={value}")
    states = tf.nest.map_structure(tf.convert_to_tensor, states)
    batch = _batch_size(states, begin_id)
    max_lengths = tf.maximum(tf.reshape(tf.cast(max_length, tf.int32), [-1, 1]), 0)
    # The empty batch has the least integer for its maximum.
    width = tf.maximum(tf.reduce_max(max_lengths), 0)
    loop = BeamLoop(
        step=step,
        batch=batch,
        end_id=end_id,
        beam_width=beam_width,
        num_alternatives=num_alternatives,
        width=width,
        max_lengths=max_lengths,
        constraints=tuple(constraints),
        scorers=tuple(scorers),
    )
    begin = tf.broadcast_to(tf.cast(begin_id, tf.int32), [batch])
    final = loop.run(*repeat_beams((begin, states), beam_width))
    return read_out(final.pool, final.pointers, width)


def repeat_beams(values: Nested, beam_width: int) -> Any:
    """Repeat each row for the beams of its example, as the rows of a step in `beam_search` are.

    Args:
        values: Tensors ``(batch, ...)`` in any nesting: a memory and its lengths, for instance.
        beam_width: How often.

    Returns:
        The same nesting of tensors ``(batch * beam_width, ...)``.

    Example:
        >>> repeat_beams(tf.constant([5, 6]), 2).numpy().tolist()
        [5, 5, 6, 6]
    """
    if beam_width == 1:
        return tf.nest.map_structure(tf.convert_to_tensor, values)
    return tf.nest.map_structure(lambda value: tf.repeat(value, beam_width, axis=0), values)


def _batch_size(states: Nested, begin_id: Tensor) -> Tensor:
    flat = tf.nest.flatten(states)
    rows = flat[0] if flat else tf.convert_to_tensor(begin_id)
    if rows.shape.rank == 0:
        raise ValueError(
            "Argument `begin_id` must be given for each row where there are no states. "
            f"Received: begin_id={begin_id}"
        )
    return tf.shape(rows)[0]
