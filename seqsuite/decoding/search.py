"""Search for the best output of a decoder: greedy and beam search, in one loop in the graph.

A decoder is a step, as in `generate`: any callable that takes the last symbol of each row and its
states and gives the logits of the next symbol and the next states; here it may give its attention
weights as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from seqsuite.decoding.beam_loop import BeamLoop
from seqsuite.decoding.hypotheses import Hypotheses, Step, read_out
from seqsuite.decoding.hypothesis_scores import HypothesisScores
from seqsuite.layers.nested import Nested

Tensor = Any


def greedy_search(
    step: Step,
    states: Nested,
    *,
    begin_id: Tensor,
    end_id: int,
    max_length: Tensor,
    min_length: Tensor = 0,
    no_repeat_ngram: int = 0,
    forbidden_ids: Sequence[int] = (),
) -> Hypotheses:
    """Take the likeliest symbol at every step: `beam_search` with a single beam.

    Args:
        step: As in `beam_search`.
        states: As in `beam_search`.
        begin_id: As in `beam_search`.
        end_id: As in `beam_search`.
        max_length: As in `beam_search`.
        min_length: As in `beam_search`.
        no_repeat_ngram: As in `beam_search`.
        forbidden_ids: As in `beam_search`.

    Returns:
        Hypotheses with one alternative; its score is its log-probability.

    Example:
        A chain that counts to 3 and ends with 0:

        >>> next_logits = tf.math.log(tf.roll(tf.eye(4), 1, axis=1))
        >>> def step(ids, states):
        ...     return tf.gather(next_logits, ids), states
        >>> found = greedy_search(step, [], begin_id=[0, 2], end_id=0, max_length=5)
        >>> found.ids.numpy().tolist(), found.lengths.numpy().tolist()
        ([[[1, 2, 3, 0, 0]], [[3, 0, 0, 0, 0]]], [[3], [1]])
    """
    return beam_search(
        step,
        states,
        begin_id=begin_id,
        end_id=end_id,
        beam_width=1,
        max_length=max_length,
        min_length=min_length,
        no_repeat_ngram=no_repeat_ngram,
        forbidden_ids=forbidden_ids,
    )


def beam_search(
    step: Step,
    states: Nested,
    *,
    begin_id: Tensor,
    end_id: int,
    beam_width: int,
    max_length: Tensor,
    min_length: Tensor = 0,
    num_alternatives: int = 1,
    length_penalty: Tensor | str = 0.0,
    coverage_penalty: Tensor = 0.0,
    memory_lengths: Tensor | None = None,
    no_repeat_ngram: int = 0,
    forbidden_ids: Sequence[int] = (),
) -> Hypotheses:
    """Find the sequences of the best scores among those that a beam can reach.

    At every step the `beam_width` likeliest continuations of the live beams live on. A live beam
    ends when fewer than `beam_width` candidates are likelier than its end; it then goes to a pool
    of finished hypotheses, and no live beam loses its place to it. A row is done when not even a
    certain continuation of its likeliest beam could beat the worst hypothesis of its full pool; the
    loop ends with the last row. The score of a hypothesis of n symbols, its end among them, is

        log-probability / length divisor(n) + coverage score,

    the two as in `length_divisor` and `coverage_score`; without penalties, the log-probability.
    Sequences of `max_length` symbols must end there, with the probability that the model gives to
    it: all scores are those of whole sequences. Among equal scores, ends come first, then the
    earlier beam, then the lower id. Log-probabilities are float32, their sums float64.

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
        max_length: Integer scalar or ``(batch,)``: most symbols before the end. 0 leaves the empty
            sequence, which is scored like any other. The sooner it comes, the sooner a search with
            a length penalty can stop. A tensor, so that a `tf.function` is not traced for every
            value.
        min_length: Integer scalar or ``(batch,)``: least symbols before the end; at most
            `max_length` counts.
        num_alternatives: Hypotheses to return for each example; may be more than `beam_width`.
        length_penalty: As in `length_divisor`.
        coverage_penalty: As in `coverage_score`; the number 0 is off.
        memory_lengths: As in `coverage_score`; the same memory, padded more, scores the same.
        no_repeat_ngram: No sequence of so many symbols may occur twice in an output. 0 is off.
        forbidden_ids: Symbols that are never chosen, such as padding and the beginning. Their
            probability is not shared out among the others.

    Returns:
        The hypotheses, best first, without their ends. Where fewer were found, as with few symbols
        or many rules, the rest have length 0 and a score of minus infinity.

    References:
        Wu et al. 2016, "Google's Neural Machine Translation System", section 7.

    Example:
        The likeliest first symbol is 1, but the likeliest sequence is 2:

        >>> probabilities = [[0.0, 0.6, 0.4], [0.5, 0.25, 0.25], [0.9, 0.1, 0.0]]
        >>> def step(ids, states):
        ...     return tf.math.log(tf.gather(probabilities, ids)), states
        >>> found = beam_search(
        ...     step, [], begin_id=[0], end_id=0, beam_width=2, max_length=3, num_alternatives=2
        ... )
        >>> found.ids.numpy().tolist()
        [[[2, 0, 0], [1, 0, 0]]]
        >>> tf.exp(found.scores).numpy().astype(float).round(4).tolist()
        [[0.36, 0.3]]
    """
    counts = {"beam_width": (beam_width, 1), "num_alternatives": (num_alternatives, 1)}
    for name, (value, least) in {**counts, "no_repeat_ngram": (no_repeat_ngram, 0)}.items():
        if value < least:
            raise ValueError(
                f"Argument `{name}` must be at least {least}. Received: {name}={value}"
            )
    states = tf.nest.map_structure(tf.convert_to_tensor, states)
    batch = _batch_size(states, begin_id)
    max_lengths, min_lengths = _column(max_length), _column(min_length)
    # The empty batch has the least integer for its maximum.
    width = tf.maximum(tf.reduce_max(max_lengths), 0)
    loop = BeamLoop(
        step=step,
        batch=batch,
        end_id=end_id,
        excluded_ids=sorted({*forbidden_ids, end_id}),
        beam_width=beam_width,
        num_alternatives=num_alternatives,
        width=width,
        max_lengths=max_lengths,
        min_lengths=tf.minimum(min_lengths, max_lengths),
        ngram=no_repeat_ngram,
        scores=HypothesisScores(length_penalty, coverage_penalty, memory_lengths),
    )
    begin = tf.broadcast_to(tf.cast(begin_id, tf.int32), [batch])
    progress = loop.run(*repeat_beams((begin, states), beam_width))
    return read_out(progress.pool, progress.written, width)


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


def _column(lengths: Tensor) -> Tensor:
    """Return int32 ``(batch, 1)``, or ``(1, 1)`` of a scalar, without negative lengths."""
    return tf.maximum(tf.reshape(tf.cast(lengths, tf.int32), [-1, 1]), 0)
