"""Word dropout: random replacement of tokens by the unknown token."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="seqsuite")
class TokenDropout(keras.layers.Layer):
    """Random replacement of tokens by the unknown token in training.

    Args:
        rate: Probability that a token is replaced, in [0, 1), or one for each id.
        unknown_id: Id of the unknown token.
        seed: Integer seed of the layer's own generator.
        **kwargs: Keras layer arguments.

    Call arguments:
        token_ids: int ``(batch, time)``; 0 is padding and is kept.
        training: Whether to replace tokens; no random op runs otherwise.

    Returns:
        Token ids of the same shape and dtype.

    Example:
        >>> TokenDropout(0.5)(keras.ops.array([[4, 5, 0]])).shape
        TensorShape([1, 3])

    Reference:
        Iyyer et al., "Deep Unordered Composition Rivals Syntactic Methods", ACL 2015; by
        frequency: Kiperwasser and Goldberg, TACL 4, 2016, https://aclanthology.org/Q16-1023/
    """

    def __init__(
        self,
        rate: float | Sequence[float],
        unknown_id: int = 1,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        # Also for NumPy scalars and arrays.
        is_one = np.ndim(rate) == 0
        rates = [float(each) for each in np.atleast_1d(rate).tolist()]
        wrong = [each for each in rates if not 0 <= each < 1]
        if wrong:
            raise ValueError(f"Argument `rate` must be in [0, 1). Received: rate={wrong[0]}")
        self.rate = rates[0] if is_one else rates
        self.unknown_id = unknown_id
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed) if any(rates) else None
        self.built = True

    def call(self, token_ids, training=False):
        if not training or self.seed_generator is None:
            return token_ids
        drawn = keras.random.uniform(
            ops.shape(token_ids), dtype="float32", seed=self.seed_generator
        )
        rate = self.rate
        if isinstance(rate, list):
            rate = ops.take(ops.convert_to_tensor(rate, drawn.dtype), token_ids, axis=0)
        dropped = ops.logical_and(drawn < rate, token_ids != 0)
        unknown = ops.full_like(token_ids, self.unknown_id)
        return ops.where(dropped, unknown, token_ids)

    def compute_output_shape(self, token_ids_shape):
        """Return the input's shape."""
        return token_ids_shape

    def compute_output_spec(self, token_ids, training=False):
        """Return the input's shape and its integer dtype."""
        return keras.KerasTensor(token_ids.shape, dtype=token_ids.dtype)

    def get_config(self) -> dict:
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "rate": self.rate,
            "unknown_id": self.unknown_id,
            "seed": self.seed,
        }
