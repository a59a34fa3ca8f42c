"""Several models that decode together: one step made of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from seqsuite.decoding.best_symbols import log_normalizer
from seqsuite.decoding.hypotheses import Step

Tensor = Any


def ensemble(steps: Sequence[Step]) -> Step:
    """Make one step of several, which predicts with the mean of their probabilities.

    The models may differ in everything but the vocabulary.

    Args:
        steps: Steps as in `beam_search`, at least one.

    Returns:
        A step whose states are a list with the states of each. Its logits are the logarithm of the
        mean probabilities, float32 ``(rows, vocabulary)``. Where all steps return attention
        weights, it returns their mean: the models must then read the same memory places.

    Example:
        >>> first = lambda ids, states: (tf.math.log([[0.2, 0.8]]), states)
        >>> second = lambda ids, states: (tf.math.log([[0.6, 0.4]]), states)
        >>> logits, states = ensemble([first, second])([0], [[], []])
        >>> tf.exp(logits).numpy().astype(float).round(4).tolist()
        [[0.4, 0.6]]
    """
    if not steps:
        raise ValueError("Argument `steps` must hold at least one step. Received: steps=[]")

    def step(ids: Tensor, states: Sequence[Any]) -> tuple[Any, ...]:
        results = [one(ids, own) for one, own in zip(steps, states, strict=True)]
        total = tf.add_n([_probabilities(result[0]) for result in results])
        mean = tf.math.log(total / len(results))
        next_states = [result[1] for result in results]
        attention = [result[2] for result in results if len(result) == 3 and result[2] is not None]
        if len(attention) < len(results):
            return mean, next_states
        return mean, next_states, tf.add_n(attention) / len(attention)

    return step


def _probabilities(logits: Tensor) -> Tensor:
    logits = tf.cast(logits, tf.float32)
    best, log_sum = log_normalizer(logits)
    return tf.exp(logits - best - log_sum)
