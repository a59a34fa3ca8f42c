"""Attention from the last steps of a sequence to all earlier ones."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.attention.base import MemoryAttention
from seqsuite.layers.masking import real_lengths, sequence_mask, zero_padding

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class AnswerAttention(keras.layers.Layer):
    """Attention of the last real steps of each row to all states before them.

    Attention from every step would take ``time * time`` scores for each row. Other steps have
    zeros.

    Args:
        attention: A `LuongAttention` or `BahdanauAttention`.
        num_answers: Number of last steps with attention.
        **kwargs: Keras layer arguments.

    Call arguments:
        inputs: States ``(batch, time, features)``, right-padded.
        lengths: Integer ``(batch,)``.

    Returns:
        The context of each step, ``(batch, time, features)``.

    Raises:
        ValueError: For another layer, an attention that needs its previous weights, as
            `LocationAttention` does, a number that is not a positive integer, or lengths of another
            batch size.

    Masking:
        By `lengths` only. A row without earlier steps has zeros.

    Example:
        >>> from seqsuite.layers import LuongAttention
        >>> layer = AnswerAttention(LuongAttention("dot"), num_answers=1)
        >>> context = layer(keras.ops.ones((1, 4, 2)), lengths=keras.ops.array([3]))
        >>> context.numpy().round(3).tolist()
        [[[0.0, 0.0], [0.0, 0.0], [1.0, 1.0], [0.0, 0.0]]]

    Reference:
        Bahdanau, Cho and Bengio (2015), https://arxiv.org/abs/1409.0473
    """

    def __init__(self, attention: MemoryAttention, num_answers: int = 1, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(attention, MemoryAttention):
            raise ValueError(
                "Argument `attention` must be a LuongAttention or BahdanauAttention. "
                f"Received: attention={attention!r}"
            )
        if attention.has_state:
            raise ValueError(
                "Argument `attention` must not need its previous weights, since all steps attend "
                f"at once. Received: attention={type(attention).__name__}"
            )
        if not isinstance(num_answers, int) or num_answers < 1:
            raise ValueError(
                "Argument `num_answers` must be a positive integer. "
                f"Received: num_answers={num_answers!r}"
            )
        self.attention = attention
        self.num_answers = num_answers

    def build(self, inputs_shape, lengths_shape=None):
        """Create the weights of the attention."""
        if not self.attention.built:
            self.attention.build((None, self.num_answers, inputs_shape[-1]), inputs_shape)
        self.built = True

    def call(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """Return the contexts, zeros except at the last steps of each row."""
        lengths = real_lengths(lengths, inputs)
        # Products with 0 would spread NaN in padding.
        inputs = zero_padding(inputs, sequence_mask(lengths, ops.shape(inputs)[1]))
        earlier = ops.maximum(lengths - self.num_answers, 0)
        steps = earlier[:, None] + ops.arange(self.num_answers, dtype="int32")
        # Products with 0 and 1 gather and scatter the last steps of rows of any length.
        every = ops.arange(ops.shape(inputs)[1], dtype="int32")
        places = ops.cast(ops.equal(steps[:, :, None], every), inputs.dtype)
        query = ops.matmul(places, inputs)
        context, _ = self.attention(query, inputs, memory_length=earlier)
        # The attention may have a dtype policy of its own.
        return ops.matmul(ops.transpose(places, (0, 2, 1)), ops.cast(context, inputs.dtype))

    def compute_output_shape(self, inputs_shape, lengths_shape=None):
        """Return the shape of the inputs."""
        return inputs_shape

    def get_config(self):
        """Return the constructor arguments."""
        attention = keras.saving.serialize_keras_object(self.attention)
        return {
            **super().get_config(),
            "attention": attention,
            "num_answers": self.num_answers,
        }

    @classmethod
    def from_config(cls, config: dict):
        """Rebuild the layer and its attention."""
        attention = keras.saving.deserialize_keras_object(config["attention"])
        return cls(**{**config, "attention": attention})
