"""Head that predicts binary values one after another, each given those before it."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.contracts import freeze_parts

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class NADEHead(keras.layers.Layer):
    """Neural autoregressive distribution of binary vectors, conditioned on features.

    The probability of each value depends on the features and on the values before it, so that
    values which occur together, such as the notes of a chord, are predicted together. The biases of
    the output and of the hidden layer are linear in the features, as in the RNN-NADE.

    Args:
        num_values: Size of the vectors.
        units: Size of the hidden layer.
        **kwargs: Keras layer arguments.

    Call arguments:
        features: ``(batch, time, width)``, or any other number of axes.
        values: Zeros and ones ``(batch, time, num_values)``.

    Returns:
        Logits ``(batch, time, num_values)``. Each is conditioned on the values with a lower index.

    Masking:
        None: steps are independent.

    Example:
        >>> head = NADEHead(num_values=88, units=16)
        >>> tuple(head(keras.ops.ones((2, 5, 4)), keras.ops.zeros((2, 5, 88))).shape)
        (2, 5, 88)

    References:
        Larochelle and Murray (2011), "The Neural Autoregressive Distribution Estimator";
        Boulanger-Lewandowski et al. (2012), https://arxiv.org/abs/1206.6392 (RNN-NADE).
    """

    def __init__(self, num_values: int, units: int = 64, **kwargs):
        super().__init__(**kwargs)
        self.num_values = num_values
        self.units = units
        self.bias = keras.layers.Dense(num_values, name="bias", dtype=self.dtype_policy)
        self.hidden_bias = keras.layers.Dense(units, name="hidden_bias", dtype=self.dtype_policy)

    def build(self, features_shape, values_shape=None):
        """Create the weights."""
        self.bias.build(features_shape)
        self.hidden_bias.build(features_shape)
        shape = (self.num_values, self.units)
        self.input_kernel = self.add_weight(name="input_kernel", shape=shape)
        self.output_kernel = self.add_weight(name="output_kernel", shape=shape)
        freeze_parts(self)
        self.built = True

    def call(self, features: Tensor, values: Tensor) -> Tensor:
        """Return the logits of given values."""
        values = ops.cast(values, self.compute_dtype)
        added = values[..., None] * ops.cast(self.input_kernel, self.compute_dtype)
        before = ops.cumsum(added, axis=-2) - added
        hidden = ops.sigmoid(self.hidden_bias(features)[..., None, :] + before)
        return self.bias(features) + ops.sum(hidden * self.output_kernel, axis=-1)

    def sample(
        self, features: Tensor, uniform_numbers: Tensor, temperature: Tensor = 1.0
    ) -> tuple[Tensor, Tensor]:
        """Draw vectors, one value after another.

        Args:
            features: ``(batch, width)``.
            uniform_numbers: Floats in [0, 1) ``(batch, num_values)``; a value is 1 where its number
                is below its probability.
            temperature: ``(batch,)`` or a scalar; logits are divided by it. At 0 a value is 1 where
                its probability is above one half.

        Returns:
            The values and the logits they were drawn from, before the temperature, both
            ``(batch, num_values)``.
        """
        bias, hidden = self.bias(features), self.hidden_bias(features)
        numbers = ops.cast(uniform_numbers, "float32")
        temperature = ops.broadcast_to(ops.cast(temperature, "float32"), ops.shape(bias)[:1])

        def advance(index, hidden, values, logits):
            weights = ops.take(self.output_kernel, index, axis=0)
            logit = ops.take(bias, index, axis=1) + ops.sum(ops.sigmoid(hidden) * weights, axis=-1)
            value = draw(logit, ops.take(numbers, index, axis=1), temperature)
            place = ops.one_hot(index, self.num_values, dtype=bias.dtype)
            value = ops.cast(value, bias.dtype)[:, None]
            hidden = hidden + value * ops.take(self.input_kernel, index, axis=0)
            return index + 1, hidden, values + value * place, logits + logit[:, None] * place

        zeros = ops.zeros_like(bias)
        _, _, values, logits = ops.while_loop(
            lambda index, *_: index < self.num_values, advance, (0, hidden, zeros, zeros)
        )
        return values, logits

    def compute_output_shape(self, features_shape, values_shape=None):
        """Return the shape of the logits."""
        return (*features_shape[:-1], self.num_values)

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "num_values": self.num_values, "units": self.units}


def draw(logits: Tensor, uniform_numbers: Tensor, temperature: Tensor) -> Tensor:
    """Draw binary values from logits.

    Args:
        logits: Floats of any shape.
        uniform_numbers: Floats in [0, 1) of that shape.
        temperature: Floats that broadcast with the logits; 0: the likelier value.

    Returns:
        Bools of the shape of the logits.

    Example:
        >>> draw(ops.array([2.0, 2.0, -2.0]), ops.array([0.5, 0.9, 0.0]), 1.0).numpy().tolist()
        [True, False, True]
    """
    logits = ops.cast(logits, "float32")
    scaled = logits / ops.maximum(ops.cast(temperature, "float32"), 1e-30)
    drawn = uniform_numbers < ops.sigmoid(ops.clip(scaled, -80.0, 80.0))
    return ops.where(ops.cast(temperature, "float32") > 0, drawn, logits > 0)
