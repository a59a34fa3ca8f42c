"""Reversible embedding with dropout of whole symbols."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class SymbolEmbedding(keras.layers.ReversibleEmbedding):
    """Keras' reversible embedding, with dropout of symbols.

    Dropout is drawn once per batch for each symbol: all occurrences of a dropped symbol are zeros,
    the others are scaled up.

    Args:
        num_symbols: Number of ids.
        size: Features per symbol.
        dropout: Dropout rate of symbols, in [0, 1).
        **kwargs: Arguments of ``keras.layers.ReversibleEmbedding``.

    Call arguments:
        inputs: int ids of any shape; with ``reverse``, features ``(..., size)``.
        reverse: Multiply features by the transposed table instead.
        training: Whether to drop symbols; no random op runs otherwise.

    Returns:
        Features ``(..., size)``; with ``reverse``, logits ``(..., num_symbols)``.

    Example:
        >>> embedding = SymbolEmbedding(9, 4)
        >>> features = embedding(keras.ops.array([[1, 2, 3]]))
        >>> tuple(features.shape), tuple(embedding(features, reverse=True).shape)
        ((1, 3, 4), (1, 3, 9))

    Reference:
        Dropout: Gal and Ghahramani (2016), https://arxiv.org/abs/1512.05287;
        tying: Press and Wolf (2017), https://arxiv.org/abs/1608.05859
    """

    def __init__(self, num_symbols: int, size: int, dropout: float = 0.0, **kwargs):
        # Keras' own names, in case they come from its configuration.
        super().__init__(num_symbols, size, **kwargs)
        if not 0 <= dropout < 1:
            raise ValueError(f"Argument `dropout` must be in [0, 1). Received: dropout={dropout}")
        self.num_symbols = num_symbols
        self.size = size
        self.dropout = dropout
        self.seed_generator = keras.random.SeedGenerator() if dropout > 0 else None

    def call(self, inputs: Tensor, reverse: bool = False, training: bool = False) -> Tensor:
        """Return the features of ids, or the logits of features."""
        outputs = super().call(inputs, reverse=reverse)
        if reverse or not training or self.seed_generator is None:
            return outputs
        keep = 1.0 - self.dropout
        drawn = keras.random.uniform((self.num_symbols,), dtype="float32", seed=self.seed_generator)
        scale = ops.cast(drawn < keep, outputs.dtype) / keep
        return outputs * ops.take(scale, inputs, axis=0)[..., None]

    def compute_output_shape(self, inputs_shape, reverse=False, training=False):
        """Return the shape of features, or of logits."""
        return tuple(super().compute_output_shape(inputs_shape, reverse=reverse))

    def compute_output_spec(self, inputs, reverse=False, training=False):
        """Return the shape of features or of logits, of the compute dtype."""
        shape = self.compute_output_shape(inputs.shape, reverse=reverse)
        return keras.KerasTensor(shape, dtype=self.compute_dtype)

    def get_config(self) -> dict:
        """Return the constructor arguments."""
        config = super().get_config()
        del config["input_dim"], config["output_dim"]
        own = {"num_symbols": self.num_symbols, "size": self.size, "dropout": self.dropout}
        return {**config, **own}
