"""Word vectors from characters, also for unknown words."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.contracts import freeze_parts
from seqsuite.layers.masked_pooling import MaskedPooling
from seqsuite.layers.masking import at_least_one_step
from seqsuite.layers.recurrent.stack import RecurrentStack

Tensor = Any

KINDS = ("cnn", "bilstm")


@keras.saving.register_keras_serializable(package="seqsuite")
class CharacterEncoder(keras.layers.Layer):
    """Vector of each word of a sequence from its characters.

    Args:
        num_characters: Number of character ids, including 0 for padding.
        units: Features per word; an even number for ``"bilstm"``.
        embedding_size: Features per character.
        kind: ``"cnn"`` (convolutions of several widths and max pooling), or
            ``"bilstm"`` (the final states of an LSTM in each direction).
        widths: Kernel size of each convolution, in characters; they share `units`.
        dropout: Dropout rate of character embeddings.
        **kwargs: Keras layer arguments.

    Call arguments:
        character_ids: int ``(batch, time, characters)``, 0 after the last character of a word.

    Returns:
        ``(batch, time, units)``; zeros for words without characters.

    Raises:
        ValueError: For an unknown kind, or units that cannot be shared equally.

    Masking:
        By the id 0; a mask that Keras attached to the inputs is not read.

    Example:
        >>> CharacterEncoder(30, units=8)(keras.ops.array([[[3, 4, 0], [0, 0, 0]]])).shape
        TensorShape([1, 2, 8])

    Reference:
        Convolutions: Ma and Hovy, ACL 2016, https://aclanthology.org/P16-1101/; LSTM: Ling et al.,
        EMNLP 2015, https://aclanthology.org/D15-1176/
    """

    def __init__(
        self,
        num_characters: int,
        units: int = 100,
        embedding_size: int = 32,
        kind: str = "cnn",
        widths: tuple[int, ...] = (3,),
        dropout: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        parts = len(widths) if kind == "cnn" else 2
        if kind not in KINDS:
            raise ValueError(f"Argument `kind` must be one of {KINDS}. Received: kind={kind!r}")
        if units < 1 or parts < 1 or units % parts:
            raise ValueError(
                f"Argument `units` must be a positive multiple of {parts}, the number of "
                f"convolutions or directions. Received: units={units}"
            )
        self.num_characters = num_characters
        self.units = units
        self.embedding_size = embedding_size
        self.kind = kind
        self.widths = tuple(widths)
        self.dropout = dropout
        policy = self.dtype_policy
        self._embedding = keras.layers.Embedding(
            num_characters, embedding_size, name="embedding", dtype=policy
        )
        self._dropout = keras.layers.Dropout(dropout, dtype=policy)
        if kind == "cnn":
            self._convolutions = [
                keras.layers.Conv1D(
                    units // parts, width, padding="same", name=f"width_{width}", dtype=policy
                )
                for width in self.widths
            ]
            self._pooling = MaskedPooling("max", dtype=policy)
        else:
            self._recurrent = RecurrentStack(
                units // 2, bidirectional=True, return_state=True, name="recurrent", dtype=policy
            )

    def build(self, character_ids_shape):
        """Create the weights."""
        flat = (None, character_ids_shape[2])
        self._embedding.build(flat)
        embedded = (*flat, self.embedding_size)
        if self.kind == "cnn":
            for convolution in self._convolutions:
                convolution.build(embedded)
        else:
            self._recurrent.build(embedded)
        freeze_parts(self)
        self.built = True

    def call(self, character_ids: Tensor, training: bool = False) -> Tensor:
        """Encode each word of `character_ids`."""
        batch, time, _ = ops.shape(character_ids)
        width = character_ids.shape[2]
        # Convolutions and recurrent loops are not defined on batches without words.
        ids = at_least_one_step(ops.reshape(character_ids, (1, -1, width)))[0]
        ids, index = _distinct(ids)
        lengths = ops.sum(ops.cast(ids != 0, "int32"), axis=1)
        x = self._dropout(self._embedding(ids), training=training)
        x = x * ops.cast(ids != 0, x.dtype)[:, :, None]
        if self.kind == "cnn":
            # Pooling before the nonlinearity: the same result with less work.
            parts = [self._pooling(layer(x), lengths=lengths) for layer in self._convolutions]
            words = ops.tanh(ops.concatenate(parts, axis=-1))
        else:
            _, forward, _, backward, _ = self._recurrent(x, lengths=lengths, training=training)
            words = ops.concatenate([forward, backward], axis=-1)
        if index is not None:
            words = ops.take(words, index, axis=0)
        return ops.reshape(words[: batch * time], (batch, time, self.units))

    def compute_output_shape(self, character_ids_shape):
        """Return ``(batch, time, units)``."""
        return (*character_ids_shape[:2], self.units)

    def compute_output_spec(self, character_ids, training=False):
        """Return the output's shape, of the compute dtype rather than that of the ids."""
        shape = self.compute_output_shape(character_ids.shape)
        return keras.KerasTensor(shape, dtype=self.compute_dtype)

    def get_config(self) -> dict:
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "num_characters": self.num_characters,
            "units": self.units,
            "embedding_size": self.embedding_size,
            "kind": self.kind,
            "widths": self.widths,
            "dropout": self.dropout,
        }


def _distinct(ids: Tensor) -> tuple[Tensor, Tensor | None]:
    """Return the distinct rows and the index of each row among them; on TensorFlow only.

    More than half of the words of a batch, and all padding, are repetitions.
    """
    if keras.backend.backend() != "tensorflow":
        return ids, None
    # Not at the top: on other backends TensorFlow may be missing.
    import tensorflow as tf

    distinct, index = tf.raw_ops.UniqueV2(x=ids, axis=[0])
    distinct.set_shape((None, ids.shape[1]))
    return distinct, index
