"""Generation: each symbol that is drawn is fed back to draw the next, in one loop in the graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from seqsuite.decoding.sampling import filtered_logits, sample
from seqsuite.decoding.uniform_numbers import uniform
from seqsuite.layers.nested import Nested

Tensor = Any
Step = Callable[[Tensor, Any], tuple[Tensor, Any]]


class Generated(NamedTuple):
    """What `generate` returns; `logits` and `states` are what it takes to go on."""

    ids: Tensor  # int32 (batch, max_length), 0 after a row's own length
    logits: Tensor  # float32 (batch, vocabulary), of the symbol after the last one drawn
    states: Any  # each (batch, ...), after the last one drawn
    lengths: Tensor  # int32 (batch,), the symbols of each row


def generate(
    step: Step,
    logits: Tensor,
    states: Nested,
    max_length: Tensor,
    *,
    lengths: Tensor,
    seed: Tensor,
    temperature: Tensor = 1.0,
    top_k: Tensor = 0,
    top_p: Tensor = 1.0,
    start_position: Tensor = 0,
    end_id: int | None = None,
) -> Generated:
    """Draw symbols one after another, each row its own number of them.

    One `tf.while_loop` for all lengths, which ends when the longest row has. What a row gets
    depends on its own arguments alone, as far as `step` keeps rows apart. The numbers behind the
    draws are those of `uniform` at the positions ``start_position, start_position + 1, ...``: to
    generate 5 symbols and then, from the returned logits and states at position 5, another 7, is to
    generate 12. That is why the last symbol, too, is fed to `step`.

    Args:
        step: Takes the last ids, int32 ``(batch,)``, and the states; returns the logits of the next
            symbols, ``(batch, vocabulary)``, and the states of the same structure, shapes and
            dtypes. A Keras layer in it must have its weights already.
        logits: ``(batch, vocabulary)``: of the first symbol, after the prompt.
        states: Tensors ``(batch, ...)`` in any nesting, after the prompt.
        max_length: Integer scalar, the width of the result. A tensor, so that a `tf.function` is
            not traced for every value.
        lengths: Integer ``(batch,)``: symbols to draw for each row, at most `max_length`.
        seed: Integer ``(batch,)``. Rows of equal seeds draw the same numbers.
        temperature: ``(batch,)`` or a scalar, as in `filtered_logits`; 0 is greedy.
        top_k: ``(batch,)`` or a scalar, as in `filtered_logits`; 0 is off.
        top_p: ``(batch,)`` or a scalar, as in `filtered_logits`; 1 is off.
        start_position: Integer ``(batch,)`` or a scalar: how many numbers of its seed a row has
            used before.
        end_id: The symbol that ends a row before its length is reached: it is neither counted nor
            fed to `step`. None: there is none.

    Returns:
        The ids, the logits and states after each row's last symbol, and its length, which is the
        one asked for unless the row ended or was cut at `max_length`. A row of length 0 keeps the
        logits and states it came with.

    Example:
        A chain that counts to 3 and begins again:

        >>> next_logits = tf.math.log(tf.roll(tf.eye(4), 1, axis=1))
        >>> def step(ids, states):
        ...     return tf.gather(next_logits, ids), states
        >>> begin = tf.gather(next_logits, [0, 2])
        >>> found = generate(step, begin, [], 6, lengths=[6, 3], seed=[1, 2])
        >>> found.ids.numpy().tolist()
        [[1, 2, 3, 0, 1, 2], [3, 0, 1, 0, 0, 0]]
    """
    logits = tf.cast(logits, tf.float32)
    states = tf.nest.map_structure(tf.convert_to_tensor, states)
    lengths, max_length = tf.cast(lengths, tf.int32), tf.cast(max_length, tf.int32)
    start_position = tf.cast(start_position, tf.int32)
    lengths = tf.clip_by_value(lengths, 0, tf.maximum(max_length, 0))
    # The empty batch has the least integer for its maximum.
    num_steps = tf.maximum(tf.reduce_max(lengths), 0)

    def advance(index, written, logits, states, lengths):
        allowed = filtered_logits(logits, temperature, top_k, top_p)
        ids = sample(allowed, uniform(seed, start_position + index))
        if end_id is not None:
            lengths = _where(ids == end_id, tf.minimum(lengths, index), lengths)
        unfinished = index < lengths
        next_logits, next_states = step(ids, states)
        logits = _where(unfinished, tf.cast(next_logits, tf.float32), logits)
        flat = zip(tf.nest.flatten(next_states), tf.nest.flatten(states), strict=True)
        states = tf.nest.pack_sequence_as(states, [_where(unfinished, *pair) for pair in flat])
        written = written.write(index + 1, tf.where(unfinished, ids, 0))
        return index + 1, written, logits, states, lengths

    # A list of no elements has no shape, so one row of zeros goes ahead of the symbols. What is not
    # written, because all rows have ended, is zeros too.
    written = tf.TensorArray(tf.int32, size=num_steps + 1, element_shape=lengths.shape)
    written = written.write(0, tf.zeros_like(lengths))
    _, written, logits, states, lengths = tf.while_loop(
        lambda index, *loop: tf.reduce_any(index < loop[-1]),
        advance,
        (0, written, logits, states, lengths),
    )
    ids = tf.transpose(written.stack()[1:])
    padded = tf.pad(ids, [[0, 0], [0, tf.maximum(max_length, 0) - num_steps]])
    return Generated(padded, logits, states, lengths)


def _where(condition: Tensor, following: Tensor, previous: Tensor) -> Tensor:
    """Choose by row; what comes out has the static shape of `previous`, as a loop demands."""
    column = tf.reshape(condition, [-1] + [1] * (len(previous.shape) - 1))
    return tf.ensure_shape(tf.where(column, following, previous), previous.shape)
