"""Combination of a trained forecast with one fitted in closed form."""

from __future__ import annotations

from typing import Any

import keras

from seqsuite.layers.contracts import check_shape

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class ForecastCombination(keras.layers.Layer):
    """Weighted mean of a network's forecast and one that was fitted in closed form.

    Forecasts with different errors have a smaller error together (Bates and Granger 1969). In
    training the layer returns the network's forecast alone: trained on the combination, a network
    would learn the residuals of the other forecast on training rows, which are mostly noise.

    Args:
        share: Weight of the other forecast, in [0, 1].
        **kwargs: Keras layer arguments.

    Call arguments:
        forecast: ``(batch, time)``, or quantiles ``(batch, time, levels)``.
        displacement: ``(batch, time)``: the other forecast minus the network's.
        training: Whether to return the network's forecast alone.

    Returns:
        `forecast`, outside training plus `share` of the displacement, the same for all quantiles.

    Raises:
        ValueError: For a share outside [0, 1], or a displacement of another shape.

    Masking:
        None: forecasts have no padding.

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
        check_shape("displacement", displacement, tuple(forecast.shape[:2]))
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
