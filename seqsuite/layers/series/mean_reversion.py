"""Mean reversion: learned decay from the last value to the mean."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from seqsuite.layers.contracts import check_shape
from seqsuite.layers.series.series_scaling import last_observed

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class MeanReversion(keras.layers.Layer):
    """Learned share of the distance between the last value and the mean, for each step ahead.

    A forecast around the mean of its window is good far ahead and poor at first; one around the
    last value is the reverse. After ``SeriesScaling("revin")`` the mean is 0, and this layer's
    output, added to a forecast, interpolates between the two: a learned share in (0, 1) of the last
    scaled value for each step ahead. Initially the shares are those of an Ornstein-Uhlenbeck
    process, halved every `half_life` steps.

    Args:
        prediction_length: Steps to forecast.
        half_life: Steps in which the initial share halves.
        **kwargs: Keras layer arguments.

    Call arguments:
        scaled: ``(batch, time)``, right-padded: values whose mean is 0.
        observed: bool or float ``(batch, time)``: whether each value exists; ``None``: all do.

    Returns:
        ``(batch, prediction_length)``; 0 for a row without observed values.

    Raises:
        ValueError: For numbers that are not positive, or `observed` of another shape.

    Masking:
        By `observed` only: unobserved values at the end change nothing.

    Example:
        >>> reversion = MeanReversion(3, half_life=1.0)
        >>> reversion(ops.array([[-1.0, -3.0, 4.0]])).numpy().round(4).tolist()
        [[2.0, 1.0, 0.5]]

    Reference:
        Uhlenbeck and Ornstein (1930), https://doi.org/10.1103/PhysRev.36.823
    """

    def __init__(self, prediction_length: int, half_life: float = 32.0, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(prediction_length, int) or prediction_length < 1:
            raise ValueError(
                "Argument `prediction_length` must be a positive integer. "
                f"Received: prediction_length={prediction_length!r}"
            )
        if not half_life > 0:
            raise ValueError(f"Argument `half_life` must be positive. Received: {half_life}")
        self.prediction_length = prediction_length
        self.half_life = half_life
        self.share_logits = self.add_weight(
            shape=(prediction_length,), initializer=self._initial_logits, name="share_logits"
        )
        self.built = True

    def _initial_logits(self, shape, dtype=None) -> Tensor:
        steps = ops.arange(1, shape[0] + 1, dtype="float32")
        shares = ops.exp(-math.log(2.0) * steps / self.half_life)
        # Shares nearer to 0 or 1 would have hardly any gradient.
        shares = ops.clip(shares, 0.02, 0.98)
        return ops.cast(ops.log(shares / (1.0 - shares)), dtype)

    def call(self, scaled: Tensor, observed: Tensor | None = None) -> Tensor:
        """Return the share of the last value at each step ahead."""
        if observed is None:
            exists = ops.ones_like(scaled, "bool")
        else:
            check_shape("observed", observed, tuple(scaled.shape))
            exists = ops.cast(observed, "bool")
        return ops.sigmoid(self.share_logits) * last_observed(scaled, exists)

    def compute_output_shape(self, scaled_shape, observed_shape=None):
        """Return the shape of the forecast."""
        return scaled_shape[0], self.prediction_length

    def compute_output_spec(self, scaled, observed=None):
        """Return the shape of the forecast, of the compute dtype."""
        shape = self.compute_output_shape(scaled.shape)
        return keras.KerasTensor(shape, dtype=self.compute_dtype)

    def get_config(self):
        """Return the constructor arguments."""
        config = {"prediction_length": self.prediction_length, "half_life": self.half_life}
        return {**super().get_config(), **config}
