"""Pre-training of an encoder as two language models, one in each direction of reading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from seqsuite.layers.nested import Nested
from seqsuite.layers.text.language_model_objective import neighbor_crossentropy

if TYPE_CHECKING:
    from tensorflow import Tensor


Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class BidirectionalLanguageModel(keras.Model):
    """Train an encoder to predict each token from those before it and from those after it.

    The encoder must keep the directions apart: the first half of its features at a step may depend
    on tokens up to that step, the second half on tokens from that step on, as a one-layer
    bidirectional :class:`RecurrentStack` does. The output embedding is tied to the input's.

    Args:
        encoder: Model of ``{"token_ids", "length"}`` -> ``(batch, time, 2 * units)``.
        embedding: The embedding layer inside ``encoder`` whose table is shared.
        num_sampled: Tokens that compete with the true one (sampled softmax).
        seed: Integer seed of the sampling.
        **kwargs: Keras model arguments.

    Call arguments:
        inputs: ``{"token_ids": int (batch, time), "length": int (batch,)}``, right-padded, ids by
            falling frequency.

    Returns:
        Cross-entropy per predicted token in nats, mean of both directions, scalar. ``fit`` needs no
        targets.

    Example:
        >>> from seqsuite.layers import RecurrentStack
        >>> ids = keras.Input((None,), dtype="int32", name="token_ids")
        >>> length = keras.Input((), dtype="int32", name="length")
        >>> table = keras.layers.Embedding(20, 8)
        >>> states = RecurrentStack(6, bidirectional=True)(table(ids), lengths=length)
        >>> encoder = keras.Model({"token_ids": ids, "length": length}, states)
        >>> model = BidirectionalLanguageModel(encoder, table, num_sampled=4)
        >>> length = keras.ops.array([5, 3])
        >>> bool(model({"token_ids": keras.ops.ones((2, 5), "int32"), "length": length}) > 0)
        True

    Reference:
        Dai and Le, "Semi-supervised Sequence Learning", 2015; Peters et al., "Deep Contextualized
        Word Representations", 2018.
    """

    def __init__(
        self,
        encoder: keras.Model,
        embedding: keras.layers.Embedding,
        num_sampled: int = 1024,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.encoder = encoder
        self.embedding = embedding
        self.num_sampled = num_sampled
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.output_bias = self.add_weight(
            shape=(embedding.input_dim,), initializer="zeros", name="output_bias"
        )
        units = encoder.output.shape[-1] // 2
        self.projection = self.add_weight(
            shape=(units, embedding.output_dim), initializer="glorot_uniform", name="projection"
        )
        self.built = True

    def call(self, inputs, training=None):
        token_ids, lengths = inputs["token_ids"], inputs["length"]
        encoder_inputs = {"token_ids": token_ids, "length": lengths}
        states = self.encoder(encoder_inputs, training=training)
        return neighbor_crossentropy(
            states,
            token_ids,
            lengths,
            projection=self.projection,
            embeddings=self.embedding.embeddings,
            biases=self.output_bias,
            num_sampled=self.num_sampled,
            seed=self.seed_generator,
        )

    def compute_loss(
        self,
        x: Tensor = None,
        y: Nested = None,
        y_pred: Nested = None,
        sample_weight: Nested = None,
        **kwargs,
    ):
        """Return the model's output, which is the loss."""
        return y_pred

    def compute_metrics(self, x, y, y_pred, sample_weight=None) -> dict[str, Any]:
        """Return the running mean of the loss."""
        return {"loss": self._loss_tracker.result()}

    def get_config(self) -> dict:
        """Return the constructor arguments."""
        return {
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "embedding": self.embedding.name,
            "num_sampled": self.num_sampled,
            "seed": self.seed,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None):
        """Rebuild the encoder and find its embedding again."""
        encoder = keras.saving.deserialize_keras_object(config["encoder"], custom_objects)
        embedding = encoder.get_layer(config["embedding"])
        return cls(**{**config, "encoder": encoder, "embedding": embedding})
