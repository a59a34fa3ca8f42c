"""Temperature scaling: calibration of probabilities by one number."""

from __future__ import annotations

import keras


@keras.saving.register_keras_serializable(package="seqsuite")
class TemperatureScaling(keras.layers.Layer):
    """Division of logits by a temperature that is set after training.

    The temperature is a non-trainable weight, initially 1, so checkpoints and exports hold it.
    Predicted labels do not change.

    Args:
        **kwargs: Keras layer arguments.

    Call arguments:
        logits: ``(..., labels)``.

    Returns:
        Scaled logits of the same shape.

    Example:
        >>> layer = TemperatureScaling()
        >>> layer.set_temperature(2.0)
        >>> float(layer(keras.ops.array([[4.0]]))[0, 0])
        2.0

    Reference:
        Guo et al. (2017), https://arxiv.org/abs/1706.04599
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.temperature = self.add_weight(
            shape=(), initializer="ones", trainable=False, name="temperature", dtype="float32"
        )
        self.built = True

    def call(self, logits):
        """Divide `logits` by the temperature."""
        return logits / keras.ops.cast(self.temperature, logits.dtype)

    def set_temperature(self, temperature: float) -> None:
        """Set the temperature.

        Args:
            temperature: A positive number; above 1 softens, below 1 sharpens.
        """
        if not temperature > 0:
            raise ValueError(
                f"Argument `temperature` must be positive. Received: temperature={temperature}"
            )
        self.temperature.assign(temperature)

    def compute_output_shape(self, input_shape):
        """Return the input's shape."""
        return input_shape
