"""Language modelling as an auxiliary objective."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.contracts import check_shape
from seqsuite.layers.masking import real_lengths, sequence_mask, zero_padding
from seqsuite.layers.text.sampled_softmax import sampled_softmax_crossentropy

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class LanguageModelObjective(keras.layers.Layer):
    """Identity that adds a language-modelling loss on the states of a bidirectional encoder.

    In training, the loss of the model gains `weight` times the cross-entropy of the next token
    under the forward states and of the previous one under the backward states: every token is a
    target, where tags alone carry few bits. Nothing is computed in inference.

    The directions must not have read each other: use one layer of a :class:`RecurrentStack`.

    Args:
        vocabulary_size: Number of token ids.
        embedding_size: Width of the output embedding.
        weight: Weight of the objective in the loss; 0 adds none.
        num_sampled: Negative samples of the sampled softmax.
        seed: Integer seed of the sampling.
        **kwargs: Keras layer arguments.

    Call arguments:
        inputs: States ``(batch, time, 2 * units)``, forward then backward.
        token_ids: int ``(batch, time)``, right-padded, ids by decreasing frequency.
        lengths: int ``(batch,)``.
        training: Whether to add the loss.

    Returns:
        `inputs`.

    Raises:
        ValueError: For a negative weight, or token ids or lengths of another shape.

    Masking:
        By `lengths`; padded tokens are not predicted.

    Example:
        >>> layer = LanguageModelObjective(9, 4, weight=0.1)
        >>> states, ids = keras.ops.zeros((1, 3, 6)), keras.ops.array([[2, 5, 0]])
        >>> outputs = layer(states, ids, keras.ops.array([2]), training=True)
        >>> len(layer.losses)
        1

    Reference:
        Rei, "Semi-supervised Multitask Learning for Sequence Labeling", ACL 2017,
        https://aclanthology.org/P17-1194/
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_size: int,
        weight: float = 0.1,
        num_sampled: int = 1024,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if weight < 0:
            raise ValueError(f"Argument `weight` must not be negative. Received: weight={weight}")
        self.vocabulary_size = vocabulary_size
        self.embedding_size = embedding_size
        self.weight = weight
        self.num_sampled = num_sampled
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, inputs_shape, token_ids_shape=None, lengths_shape=None):
        """Create the projection and the output embedding."""
        self.projection = self.add_weight(
            shape=(inputs_shape[-1] // 2, self.embedding_size), name="projection"
        )
        # As small as the initial embeddings of an encoder.
        self.embeddings = self.add_weight(
            shape=(self.vocabulary_size, self.embedding_size),
            initializer="random_uniform",
            name="embeddings",
        )
        self.biases = self.add_weight(
            shape=(self.vocabulary_size,), initializer="zeros", name="biases"
        )
        self.built = True

    def call(self, inputs: Tensor, token_ids: Tensor, lengths: Tensor, training: bool = False):
        """Return `inputs`, and add the loss in training."""
        if training and self.weight:
            check_shape("token_ids", token_ids, tuple(inputs.shape[:2]))
            lengths = real_lengths(lengths, inputs)
            crossentropy = neighbor_crossentropy(
                inputs,
                token_ids,
                lengths,
                projection=self.projection,
                embeddings=self.embeddings,
                biases=self.biases,
                num_sampled=self.num_sampled,
                seed=self.seed_generator,
            )
            self.add_loss(self.weight * crossentropy)
        return inputs

    def compute_output_shape(self, inputs_shape, token_ids_shape=None, lengths_shape=None):
        """Return the shape of the inputs."""
        return inputs_shape

    def get_config(self) -> dict:
        """Return the constructor arguments."""
        names = ("vocabulary_size", "embedding_size", "weight", "num_sampled", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def neighbor_crossentropy(
    states: Tensor,
    token_ids: Tensor,
    lengths: Tensor,
    *,
    projection: Tensor,
    embeddings: Tensor,
    biases: Tensor,
    num_sampled: int,
    seed: keras.random.SeedGenerator,
) -> Tensor:
    """Return the cross-entropy of the next token and of the previous one.

    Args:
        states: ``(batch, time, 2 * units)``: forward, then backward.
        token_ids: int ``(batch, time)``, right-padded, ids by decreasing frequency.
        lengths: int ``(batch,)``.
        projection: ``(units, features)``, from states to embeddings.
        embeddings: ``(vocabulary, features)``.
        biases: ``(vocabulary,)``.
        num_sampled: Negative samples.
        seed: Generator of the draws.

    Returns:
        Cross-entropy per predicted token in nats, mean of both directions, scalar.

    Example:
        >>> round(float(neighbor_crossentropy(
        ...     ops.zeros((1, 3, 4)), ops.array([[1, 2, 0]]), ops.array([2]),
        ...     projection=ops.zeros((2, 5)), embeddings=ops.zeros((9, 5)), biases=ops.zeros((9,)),
        ...     num_sampled=50, seed=keras.random.SeedGenerator(0))))
        2
    """
    mask = sequence_mask(lengths, ops.shape(token_ids)[1])
    # The logarithms of a softmax need float32.
    states = zero_padding(ops.cast(states, "float32"), mask)
    forward, backward = ops.split(states, 2, axis=-1)
    # The pair (t, t + 1) exists for t + 1 < length, and is predicted in both directions.
    real = ops.reshape(ops.cast(mask[:, 1:], "float32"), (-1,))
    projection, embeddings, biases = (
        ops.cast(weight, "float32") for weight in (projection, embeddings, biases)
    )

    def mean(states, targets):
        hidden = ops.matmul(ops.reshape(states, (-1, projection.shape[0])), projection)
        targets = ops.reshape(targets, (-1,))
        losses = sampled_softmax_crossentropy(
            hidden, targets, embeddings, biases, num_sampled, seed
        )
        return ops.sum(losses * real) / ops.maximum(ops.sum(real), 1.0)

    after = mean(forward[:, :-1], token_ids[:, 1:])
    before = mean(backward[:, 1:], token_ids[:, :-1])
    return 0.5 * (after + before)
