"""Dynamic evaluation: a language model whose weights adapt to the text that it has read."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from seqsuite.models.truncated_backpropagation import zero_states
from seqsuite.tasks.char_lm.batches import EncodedStream, target_log_probabilities

# Of the running mean of squared gradients, by which each weight's step is scaled.
_MEMORY = 0.999
_EPSILON = 1e-8
_CLIP_NORM = 1.0


def adaptive_log_probabilities(
    model: keras.Model,
    encoded: EncodedStream,
    learning_rate: float,
    decay: float = 0.0,
    steps: int = 32,
) -> np.ndarray:
    """Score a sequence while learning from it, and leave the model as it was.

    The sequence is read in segments. Each is scored first, with weights that only segments before
    it have changed; then one gradient step on it is taken. No character is scored by weights that
    have seen it.

    Args:
        model: As for :class:`seqsuite.models.TruncatedBackpropagation`.
        encoded: The sequence.
        learning_rate: Step size, relative to the root of each weight's mean squared gradient.
        decay: Share of the way back to the trained weights at every step, in [0, 1].
        steps: Ids of a segment.

    Returns:
        Natural logarithm of the probability of each id but the first, float32 ``(total - 1,)``.

    Reference:
        Krause et al., "Dynamic Evaluation of Neural Sequence Models", ICML 2018,
        https://arxiv.org/abs/1709.07432
    """
    adapting = _Adapting(model, learning_rate, decay)
    ids = encoded.ids
    try:
        starts = range(0, len(ids) - 1, steps)
        scores = [adapting(ids[start : start + steps + 1]) for start in starts]
    finally:
        for weight, value in zip(adapting.weights, adapting.trained, strict=True):
            weight.assign(value)
    return np.concatenate([np.zeros(0, np.float32), *scores])


class _Adapting:
    """A model, its states, and what adapts it.

    Args:
        model: The model.
        learning_rate: Step size.
        decay: Share of the way back.
    """

    def __init__(self, model: keras.Model, learning_rate: float, decay: float):
        self.model = model
        self.weights = model.trainable_weights
        self.learning_rate = learning_rate
        self.decay = decay
        self.trained = [tf.identity(weight.value) for weight in self.weights]
        self.squares = [tf.Variable(tf.zeros_like(value)) for value in self.trained]
        self.count = tf.Variable(0.0)
        self.states: dict[str, Any] = zero_states(model, 1)
        states = {name: tf.TensorSpec(s.shape, s.dtype) for name, s in self.states.items()}
        self._run = tf.function(
            self._segment,
            input_signature=[tf.TensorSpec((1, None), tf.int32), states],
            autograph=False,
        )

    def __call__(self, ids: np.ndarray) -> np.ndarray:
        """Score all ids but the first, then learn from them."""
        scores, self.states = self._run(tf.constant(ids[None, :]), self.states)
        return scores.numpy()

    def _segment(self, ids, states):
        inputs, targets = ids[:, :-1], ids[:, 1:]
        with tf.GradientTape() as tape:
            outputs = self.model({"token_ids": inputs, **states}, training=False)
            scores = target_log_probabilities(outputs["logits"], targets)[0]
            loss = -tf.reduce_mean(scores)
        gradients = [tf.convert_to_tensor(g) for g in tape.gradient(loss, self.weights)]
        gradients, _ = tf.clip_by_global_norm(gradients, _CLIP_NORM)
        self.count.assign_add(1.0)
        correction = 1.0 - tf.pow(_MEMORY, self.count)
        rest = zip(self.weights, gradients, self.squares, self.trained, strict=True)
        for weight, gradient, square, trained in rest:
            square.assign(_MEMORY * square + (1.0 - _MEMORY) * tf.square(gradient))
            scaled = gradient / (tf.sqrt(square / correction) + _EPSILON)
            weight.assign(
                weight.value - self.learning_rate * scaled + self.decay * (trained - weight.value)
            )
        return scores, {name: outputs[name] for name in states}
