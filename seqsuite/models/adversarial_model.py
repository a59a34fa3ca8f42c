"""Adversarial and virtual adversarial training on word embeddings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import keras
import tensorflow as tf

from seqsuite.layers.nested import Nested
from seqsuite.layers.text.perturbable_embedding import PerturbableEmbedding


@keras.saving.register_keras_serializable(package="seqsuite")
class AdversarialModel(keras.Model):
    """Wrap a model so that ``fit`` also trains on embeddings moved in the worst direction.

    Each step computes the loss, its gradient with respect to the embedded tokens, and the loss once
    more with the embeddings moved by ``epsilon`` along that gradient (``adversarial``), or along
    the direction in which the prediction itself changes most (``virtual``, needs no label). It
    regularises text models whose inputs are discrete, at twice (three times) the cost of a step.

    The perturbation's norm is relative: it is scaled by the spread of the embedding table, so
    that a model cannot escape it by growing its embeddings. Where a model has several, as an
    ensemble in one graph does, each is moved by a perturbation of that norm.

    Args:
        model: The model to train; must contain a :class:`PerturbableEmbedding`, or several.
        kind: ``"adversarial"`` or ``"virtual"``.
        epsilon: Norm of the perturbation of a whole sequence, in standard deviations of the table.
        weight: Weight of the second loss.
        **kwargs: Keras model arguments.

    Call arguments:
        inputs: What ``model`` takes.

    Returns:
        What ``model`` returns.

    Example:
        >>> ids = keras.Input((None,), dtype="int32")
        >>> x = keras.layers.GlobalMaxPooling1D()(PerturbableEmbedding(9, 4)(ids))
        >>> model = AdversarialModel(keras.Model(ids, keras.layers.Dense(1)(x)))
        >>> model.compile("adam", "mse")
        >>> history = model.fit(tf.ones((8, 3)), tf.zeros((8, 1)), verbose=0)

    Reference:
        Miyato, Dai and Goodfellow, "Adversarial Training Methods for Semi-Supervised Text
        Classification", ICLR 2017, https://arxiv.org/abs/1605.07725
    """

    def __init__(
        self,
        model: keras.Model,
        kind: str = "adversarial",
        epsilon: float = 5.0,
        weight: float = 1.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if kind not in ("adversarial", "virtual"):
            raise ValueError(
                f"Argument `kind` must be 'adversarial' or 'virtual'. Received: kind={kind}"
            )
        self.model = model
        self.kind = kind
        self.epsilon = epsilon
        self.weight = weight
        found = [layer for layer in model.layers if isinstance(layer, PerturbableEmbedding)]
        if not found:
            raise ValueError(
                "Argument `model` must contain a PerturbableEmbedding. "
                f"Received: none in model={model.name}"
            )
        self._embeddings = found
        self.seed_generator = keras.random.SeedGenerator()
        self.built = True

    def call(self, inputs, training=None):
        return self.model(inputs, training=training)

    def get_config(self) -> dict:
        """Return the constructor arguments."""
        return {
            "model": keras.saving.serialize_keras_object(self.model),
            "kind": self.kind,
            "epsilon": self.epsilon,
            "weight": self.weight,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> AdversarialModel:
        """Rebuild the wrapper and the model inside it."""
        model = keras.saving.deserialize_keras_object(config["model"], custom_objects)
        return cls(**{**config, "model": model})

    def train_step(self, data: Nested) -> dict[str, Any]:
        """Run one step on clean and perturbed embeddings; called by ``fit``."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        weights = self.trainable_weights
        # Two tapes one after the other, not nested: the backward pass through the clean embeddings
        # gives the weights' gradients and the direction of the perturbation at once.
        with tf.GradientTape() as tape:
            predictions = self(x, training=True)
            embedded = [embedding.recorded for embedding in self._embeddings]
            loss = self.compute_loss(x, y, predictions, sample_weight)
            scaled = self.optimizer.scale_loss(loss)
        clean, directions = tape.gradient(scaled, [weights, embedded])
        if self.kind == "virtual":
            target = tf.nest.map_structure(tf.stop_gradient, predictions)
            directions = self._divergence_directions(x, target, [tf.shape(e) for e in embedded])
        with tf.GradientTape() as tape:
            with self._perturbed(self._noise(directions)):
                moved = self(x, training=True)
            if self.kind == "virtual":
                second = _divergence(target, moved)
            else:
                second = self.compute_loss(x, y, moved, sample_weight)
            second = self.optimizer.scale_loss(self.weight * second)
        gradients = [
            _add(first, other)
            for first, other in zip(clean, tape.gradient(second, weights), strict=True)
        ]
        self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        self._loss_tracker.update_state(loss, sample_weight=tf.shape(embedded[0])[0])
        return self.compute_metrics(x, y, predictions, sample_weight)

    def _divergence_directions(self, x, target, shapes):
        drawn = [keras.random.normal(shape, seed=self.seed_generator) for shape in shapes]
        small = [0.1 * noise for noise in self._noise(drawn, norm=1.0)]
        with tf.GradientTape() as tape:
            tape.watch(small)
            with self._perturbed(small):
                divergence = _divergence(target, self(x, training=True))
        return tape.gradient(divergence, small)

    def _noise(self, directions, norm=None):
        """Scale a direction for each embedding to a norm in standard deviations of its table."""
        norm = self.epsilon if norm is None else norm
        return [
            tf.stop_gradient(norm * tf.math.reduce_std(layer.embeddings.value) * _unit(direction))
            for layer, direction in zip(self._embeddings, directions, strict=True)
        ]

    @contextmanager
    def _perturbed(self, noise) -> Iterator[None]:
        with ExitStack() as stack:
            for layer, moved in zip(self._embeddings, noise, strict=True):
                stack.enter_context(layer.perturbed(moved))
            yield


def _add(first, second):
    """Sum two gradients, either of which may be missing or sparse."""
    if first is None or second is None:
        return second if first is None else first
    return tf.convert_to_tensor(first) + tf.convert_to_tensor(second)


def _unit(x):
    """Scale each example's whole sequence to norm 1."""
    return x / (tf.sqrt(tf.reduce_sum(tf.square(x), axis=[1, 2], keepdims=True)) + 1e-12)


def _divergence(target, moved):
    """Mean Kullback-Leibler divergence between two sets of logits (a tensor or a dict of them)."""
    pairs = zip(tf.nest.flatten(target), tf.nest.flatten(moved), strict=True)
    terms = []
    for p, q in pairs:
        log_p, log_q = tf.nn.log_softmax(p), tf.nn.log_softmax(q)
        terms.append(tf.reduce_mean(tf.reduce_sum(tf.exp(log_p) * (log_p - log_q), axis=-1)))
    return tf.add_n(terms)
