"""Which tokens a decoder is fed when some of the true ones give way to its own predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tensorflow as tf
from keras import ops

from seqsuite.layers.decoder.steps import DecoderSteps
from seqsuite.layers.decoder.unroll import unroll
from seqsuite.layers.recurrent.step_loop import Tensors, same_shapes

if TYPE_CHECKING:
    from seqsuite.layers.decoder.cell import DecoderCell

Tensor = Any


def choose(logits: Tensor, numbers: Tensor | None) -> Tensor:
    """Choose tokens by their logits.

    Args:
        logits: ``(..., vocabulary)``.
        numbers: ``(...)`` in [0, 1), to draw with; ``None`` takes the best.

    Returns:
        int32 ids ``(...)``.

    Example:
        >>> logits = ops.log(ops.array([[0.5, 0.3, 0.2]] * 3))
        >>> choose(logits, ops.array([0.1, 0.6, 0.9])).numpy().tolist()
        [0, 1, 2]
    """
    if numbers is None:
        return ops.cast(ops.argmax(logits, axis=-1), "int32")
    logits = ops.cast(logits, "float32")
    largest = ops.max(logits, axis=-1, keepdims=True, initial=-1e30)
    cumulative = ops.cumsum(ops.exp(logits - largest), axis=-1)
    # The last sum is not below itself, so the count is a valid id.
    below = cumulative[..., :-1] <= numbers[..., None] * cumulative[..., -1:]
    return ops.sum(ops.cast(below, "int32"), axis=-1)


def draw_in_parallel(
    cell: DecoderCell,
    token_ids: Tensor,
    states: list[Tensor],
    memory: Tensors | None,
    lengths: Tensor | None,
    coins: Tensor,
    numbers: Tensor | None,
) -> Tensor:
    """Replace tokens by what the cell predicts after the true tokens before them.

    Args:
        cell: A built cell; nothing is dropped in it.
        token_ids: The true tokens, integer ``(batch, time)``.
        states: The cell's states before the first step.
        memory: From the cell's `prepare_memory`.
        lengths: Integer ``(batch,)``, or ``None``.
        coins: Boolean ``(batch, time)``: which tokens to replace; never the first.
        numbers: ``(batch, time)`` in [0, 1) to draw with, or ``None`` for the best.

    Returns:
        int32 ``(batch, time)``, without a gradient.
    """
    features, _, _ = unroll(cell, token_ids, states, memory, lengths, training=False)
    chosen = choose(ops.stop_gradient(cell.project(features)), numbers)
    previous = ops.concatenate([chosen[:, :1], chosen[:, :-1]], axis=1)
    return ops.where(coins, previous, ops.cast(token_ids, "int32"))


def draw_in_turn(
    cell: DecoderCell,
    token_ids: Tensor,
    states: list[Tensor],
    memory: Tensors | None,
    lengths: Tensor | None,
    coins: Tensor,
    numbers: Tensor | None,
) -> Tensor:
    """Replace tokens by what the cell predicts after all that it was fed before them.

    Args:
        cell: A built cell; nothing is dropped in it.
        token_ids: The true tokens, integer ``(batch, time)``.
        states: The cell's states before the first step.
        memory: From the cell's `prepare_memory`.
        lengths: Not used: the coins end the loop.
        coins: Boolean ``(batch, time)``: which tokens to replace; never the first.
        numbers: ``(batch, time)`` in [0, 1) to draw with, or ``None`` for the best.

    Returns:
        int32 ``(batch, time)``, without a gradient.
    """
    batch, num_steps = ops.shape(token_ids)
    # Nothing after the last coin needs to be predicted. The loop's arrays must not be empty, so
    # there is a first token even where there is none.
    true = tf.pad(ops.cast(token_ids, "int32"), [[0, 0], [0, 1]])
    some = tf.cast(tf.reduce_any(coins, axis=0), "int32")
    last = tf.reduce_max(tf.concat([[0], some * tf.range(num_steps)], axis=0))
    steps = DecoderSteps(cell, memory, batch, num_steps)

    def one_step(step, fed, states, found):
        features, following, _ = steps.step(cell.embed(fed), states, {})
        number = None if numbers is None else tf.gather(numbers, step, axis=1)
        chosen = choose(cell.project(features), number)
        coin, other = (tf.gather(x, step + 1, axis=1) for x in (coins, true))
        fed = tf.ensure_shape(tf.where(coin, chosen, other), fed.shape)
        return step + 1, fed, same_shapes(following, states), found.write(step + 1, fed)

    fed = true[:, 0]
    states = [tf.stop_gradient(state) for state in states]
    found = tf.TensorArray(tf.int32, last + 1, element_shape=fed.shape).write(0, fed)
    *_, found = tf.while_loop(
        lambda step, *_: step < last, one_step, (tf.constant(0), fed, states, found)
    )
    fed = tf.concat([tf.transpose(found.stack()), true[:, last + 1 :]], axis=1)
    return tf.ensure_shape(fed[:, :num_steps], token_ids.shape)
