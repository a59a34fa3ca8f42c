"""Two forecasts made one by their mean, of which only the first is learned by gradients."""

from __future__ import annotations

from typing import Any

import keras

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class ForecastCombination(keras.layers.Layer):
    """Combine a network's forecast with one that was fitted in closed form.

    Forecasters that err for different reasons err less together (Bates and Granger 1969). If a
    network were trained on the combination it would learn what the other leaves over on training
    rows, which is mostly noise; so in training it answers alone.

    Args:
        share: Weight of the other forecast, in [0, 1].
        **kwargs: Keras layer arguments.

    Call arguments:
        forecast: ``(batch, time)``, or quantiles ``(batch, time, levels)``.
        displacement: ``(batch, time)``: how far the other forecast lies from the network's.
        training: Whether the network answers alone.

    Returns:
        `forecast`, outside training moved by `share` of the displacement; quantiles all alike.

    Raises:
        ValueError: For a share outside [0, 1].

    Masking:
        None: there is no padding in forecasts.

    Example:
        >>> forecast = keras.ops.array([[1.0, 2.0]])
        >>> combination = ForecastCombination(0.5)
        >>> combination(forecast, keras.ops.array([[1.0, -1.0]])).numpy().tolist()
        [[1.5, 1.5]]

    Reference:
        Bates and Granger (1969), https://doi.org/10.1057/jors.1969.103
    """

    def __init__(self, share: float = 0.5, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= share <= 1:
            raise ValueError(f"Argument `share` must be in [0, 1]. Received: share={share}")
        self.share = share
        self.built = True

    def call(self, forecast: Tensor, displacement: Tensor, training: bool | None = None) -> Tensor:
        """Move the forecast."""
        if training:
            return forecast
        if len(forecast.shape) == 3:
            displacement = displacement[:, :, None]
        return forecast + self.share * displacement

    def compute_output_shape(self, forecast_shape, displacement_shape=None):
        """Return the shape of the forecast."""
        return tuple(forecast_shape)

    def compute_output_spec(self, forecast, displacement, training=None):
        """Return the shape of the forecast, of the compute dtype."""
        return keras.KerasTensor(forecast.shape, dtype=self.compute_dtype)

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "share": self.share}
