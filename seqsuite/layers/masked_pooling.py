"""Pooling over time with explicit lengths, defined for empty rows."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.contracts import freeze_parts
from seqsuite.layers.masking import (
    at_least_one_step,
    last_step,
    real_lengths,
    sequence_mask,
    zero_padding,
)

Tensor = Any

MODES = ("mean", "max", "last", "attention")


@keras.saving.register_keras_serializable(package="seqsuite")
class MaskedPooling(keras.layers.Layer):
    """Pooling of the real steps of right-padded sequences.

    A row without real steps gives zeros in every mode.

    Args:
        mode: ``"mean"``, ``"max"``, ``"last"`` (the output at step ``length - 1``),
            ``"attention"`` (a learned weighted mean), or several joined by ``+``, such as
            ``"mean+max"``, concatenated in that order. The backward half of a bidirectional
            sequence has read one step at ``"last"``: use the final states instead.
        attention_units: Width of the hidden layer that scores each step for ``"attention"``.
        **kwargs: Keras layer arguments.

    Call arguments:
        inputs: ``(batch, time, features)``.
        lengths: Integer ``(batch,)``, or ``None`` when every step is real.

    Returns:
        ``(batch, features * number of modes)`` in the layer's compute dtype. Sums run in float32.

    Raises:
        ValueError: For an unknown or repeated mode, or lengths of another batch size.

    Masking:
        By `lengths` only; a mask that Keras attached to the inputs is not read.

    Example:
        >>> inputs = keras.ops.array([[[1.0], [3.0], [9.0]], [[5.0], [5.0], [5.0]]])
        >>> MaskedPooling("mean+max")(inputs, lengths=keras.ops.array([2, 0])).numpy().tolist()
        [[2.0, 3.0], [0.0, 0.0]]

    Reference:
        For attention: Yang et al. (2016), https://aclanthology.org/N16-1174/
    """

    def __init__(self, mode: str = "mean", attention_units: int = 64, **kwargs):
        super().__init__(**kwargs)
        modes = mode.split("+") if isinstance(mode, str) else []
        if not modes or any(m not in MODES for m in modes) or len(set(modes)) < len(modes):
            raise ValueError(
                f"Argument `mode` must be one of {MODES}, or different ones joined by '+'. "
                f"Received: mode={mode!r}"
            )
        if attention_units < 1:
            raise ValueError(
                "Argument `attention_units` must be a positive integer. "
                f"Received: attention_units={attention_units}"
            )
        self.mode = mode
        self.attention_units = attention_units
        self._modes = tuple(modes)
        if "attention" in modes:
            self._hidden = keras.layers.Dense(
                attention_units, activation="tanh", name="hidden", dtype=self.dtype_policy
            )
            self._score = keras.layers.Dense(
                1, use_bias=False, name="score", dtype=self.dtype_policy
            )

    def build(self, inputs_shape, lengths_shape=None):
        """Create the attention weights, if any."""
        if "attention" in self._modes:
            self._hidden.build(inputs_shape)
            self._score.build((*inputs_shape[:-1], self.attention_units))
        freeze_parts(self)
        self.built = True

    def call(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Pool `inputs` over time."""
        lengths = real_lengths(lengths, inputs)
        inputs = at_least_one_step(inputs)
        mask = sequence_mask(lengths, ops.shape(inputs)[1])
        pooled = [getattr(self, f"_pool_{mode}")(inputs, mask, lengths) for mode in self._modes]
        return ops.concatenate(pooled, axis=-1) if len(pooled) > 1 else pooled[0]

    def _pool_mean(self, inputs, mask, lengths):
        values = ops.where(mask[:, :, None], ops.cast(inputs, "float32"), 0.0)
        count = ops.cast(ops.maximum(lengths, 1), "float32")
        return ops.cast(ops.sum(values, axis=1) / count[:, None], self.compute_dtype)

    def _pool_max(self, inputs, mask, lengths):
        # The lowest float16, which every compute dtype can represent.
        lowest = -65504.0
        values = ops.where(mask[:, :, None], inputs, ops.cast(lowest, inputs.dtype))
        # Without `initial`, the maximum of a batch without rows is an error.
        largest = ops.max(values, axis=1, initial=lowest)
        return self._zero_where_empty(largest, lengths)

    def _pool_last(self, inputs, mask, lengths):
        return self._zero_where_empty(last_step(inputs, lengths), lengths)

    def _pool_attention(self, inputs, mask, lengths):
        inputs = zero_padding(inputs, mask)
        scores = ops.cast(self._score(self._hidden(inputs)), "float32")
        # `ops.softmax` warns on batches of one step. A finite lowest score keeps empty rows finite.
        scores = ops.where(mask[:, :, None], scores, -1e9)
        weights = ops.exp(scores - ops.max(scores, axis=1, keepdims=True, initial=-1e9))
        weights = weights / ops.sum(weights, axis=1, keepdims=True)
        mean = ops.sum(weights * ops.cast(inputs, "float32"), axis=1)
        return self._zero_where_empty(ops.cast(mean, self.compute_dtype), lengths)

    def _zero_where_empty(self, pooled, lengths):
        return ops.where(lengths[:, None] > 0, pooled, ops.zeros((), dtype=pooled.dtype))

    def compute_output_shape(self, inputs_shape, lengths_shape=None):
        """Return ``(batch, features * number of modes)``."""
        features = inputs_shape[2]
        return (inputs_shape[0], None if features is None else features * len(self._modes))

    def get_config(self):
        """Return the constructor arguments."""
        config = {"mode": self.mode, "attention_units": self.attention_units}
        return {**super().get_config(), **config}
