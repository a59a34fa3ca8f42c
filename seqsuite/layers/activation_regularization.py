"""Activation regularization: a penalty on large outputs and on fast changes."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class ActivationRegularization(keras.layers.Layer):
    """Identity that adds a penalty on the size and the change of sequences to the loss.

    Args:
        activation: Weight of the mean square of the outputs.
        temporal: Weight of the mean squared difference between neighbouring steps.
        **kwargs: Keras layer arguments.

    Call arguments:
        inputs: ``(batch, time, features)``. Padded steps count as well.
        training: The loss is added only while training.

    Returns:
        The inputs.

    Example:
        >>> layer = ActivationRegularization(activation=1.0)
        >>> _ = layer(keras.ops.ones((1, 3, 2)), training=True)
        >>> [float(loss) for loss in layer.losses]
        [1.0]

    Reference:
        Merity, McCann and Socher (2017), https://arxiv.org/abs/1708.01009
    """

    def __init__(self, activation: float = 0.0, temporal: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        for name, value in (("activation", activation), ("temporal", temporal)):
            if value < 0:
                raise ValueError(
                    f"Argument `{name}` must not be negative. Received: {name}={value}"
                )
        self.activation = activation
        self.temporal = temporal
        self.built = True

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """Return `inputs`."""
        if training and self.activation:
            self.add_loss(self.activation * ops.mean(ops.square(inputs)))
        if training and self.temporal:
            change = inputs[:, 1:] - inputs[:, :-1]
            # A single step has no change, and the mean of nothing is NaN.
            count = ops.maximum(ops.size(change), 1)
            total = ops.sum(ops.square(change))
            self.add_loss(self.temporal * total / ops.cast(count, total.dtype))
        return inputs

    def compute_output_shape(self, inputs_shape):
        """Return the shape of the inputs."""
        return inputs_shape

    def get_config(self) -> dict:
        """Return the constructor arguments."""
        own = {"activation": self.activation, "temporal": self.temporal}
        return {**super().get_config(), **own}
