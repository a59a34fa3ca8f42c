"""Attention from the last steps of a sequence to all steps before them."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.attention.base import MemoryAttention

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class AnswerAttention(keras.layers.Layer):
    """Let the last real steps of each row look back on all states before them.

    Attention from every step would take ``time * time`` scores a row; where only the last few steps
    must answer, a few rows of that are enough. Other steps see nothing, zeros.

    Args:
        attention: How steps are scored: a `LuongAttention` or `BahdanauAttention`.
        num_answers: How many steps at the end of each row look back.
        **kwargs: Keras layer arguments.

    Call arguments:
        inputs: States ``(batch, time, features)``, right-padded.
        lengths: Integer ``(batch,)``.

    Returns:
        What was seen at each step, ``(batch, time, features)``.

    Raises:
        ValueError: For what is no attention or one that needs its last weights, as
            `LocationAttention` does, or a number that is not a positive integer.

    Masking:
        By `lengths` only. A row with no steps before its last ones sees zeros.

    Example:
        >>> from seqsuite.layers import LuongAttention
        >>> layer = AnswerAttention(LuongAttention("dot"), num_answers=1)
        >>> seen = layer(keras.ops.ones((1, 4, 2)), lengths=keras.ops.array([3]))
        >>> seen.numpy().round(3).tolist()
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
                "Argument `attention` must not need its last weights, as the answers look back "
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

    def call(self, inputs, lengths):
        """Return what was seen, zeros but for the last steps of each row."""
        earlier = ops.maximum(ops.cast(lengths, "int32") - self.num_answers, 0)
        steps = earlier[:, None] + ops.arange(self.num_answers, dtype="int32")
        # Products with 0 and 1 pick steps and put them back, also where rows differ in length.
        every = ops.arange(ops.shape(inputs)[1], dtype="int32")
        places = ops.cast(ops.equal(steps[:, :, None], every), inputs.dtype)
        query = ops.matmul(places, inputs)
        seen, _ = self.attention(query, inputs, memory_length=earlier)
        return ops.matmul(ops.transpose(places, (0, 2, 1)), seen)

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
