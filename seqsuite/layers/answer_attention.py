"""Additive attention from the last steps of a sequence to all steps before them."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.attention import BahdanauAttention

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class AnswerAttention(keras.layers.Layer):
    """Let the last real steps of each row look back on all states before them.

    Attention from every step would take ``time * time * units`` numbers a row; where only the last
    few steps must answer, a few rows of that are enough. Other steps see nothing, zeros.

    Args:
        units: Width of the hidden layer that scores each pair of steps.
        num_answers: How many steps at the end of each row look back.
        **kwargs: Keras layer arguments.

    Call arguments:
        inputs: States ``(batch, time, features)``, right-padded.
        lengths: Integer ``(batch,)``.

    Returns:
        What was seen at each step, ``(batch, time, features)``.

    Raises:
        ValueError: For a number that is not a positive integer.

    Masking:
        By `lengths` only. A row with no steps before its last ones sees zeros.

    Example:
        >>> layer = AnswerAttention(8, num_answers=1)
        >>> seen = layer(keras.ops.ones((1, 4, 2)), lengths=keras.ops.array([3]))
        >>> seen.numpy().round(3).tolist()
        [[[0.0, 0.0], [0.0, 0.0], [1.0, 1.0], [0.0, 0.0]]]

    Reference:
        Bahdanau, Cho and Bengio (2015), https://arxiv.org/abs/1409.0473
    """

    def __init__(self, units: int, num_answers: int = 1, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(num_answers, int) or num_answers < 1:
            raise ValueError(
                "Argument `num_answers` must be a positive integer. "
                f"Received: num_answers={num_answers!r}"
            )
        self.units = units
        self.num_answers = num_answers
        self.attention = BahdanauAttention(units, name="attention", dtype=self.dtype_policy)

    def build(self, inputs_shape, lengths_shape=None):
        """Create the weights of the attention."""
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
        return {**super().get_config(), "units": self.units, "num_answers": self.num_answers}
