"""The encoder-decoder: one stack reads the history, another writes the future value by value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from seqsuite.layers.decoder.state_bridge import StateBridge
from seqsuite.layers.recurrent.stack import RecurrentStack
from seqsuite.layers.series.quantile_head import QuantileHead
from seqsuite.tasks.forecasting.config import ForecastModelConfig
from seqsuite.tasks.forecasting.models.decoding import (
    put_back,
    teacher_forced,
    value_decoder,
    window_outputs,
)
from seqsuite.tasks.forecasting.models.inputs import (
    Window,
    at_every_step,
    joined,
    known_series,
    read_window,
)
from seqsuite.tasks.forecasting.quantile_levels import QUANTILE_LEVELS

if TYPE_CHECKING:
    from seqsuite.tasks.forecasting.preprocessor import SeriesPreprocessor


Tensor = Any


def build_encoder_decoder(
    preprocessor: SeriesPreprocessor, config: ForecastModelConfig
) -> keras.Model:
    """Return the model that is trained, not compiled; :class:`EncoderDecoderForecaster` forecasts.

    Args:
        preprocessor: An adapted ``SeriesPreprocessor``.
        config: The section ``model`` of the task.

    Returns:
        The features of ``EncodedSeries``, ``future_values`` included -> ``forecast`` float32
        ``(batch, prediction_length)``, or instead of it ``quantiles``
        ``(batch, prediction_length, levels)``, each step after the true value before it. Its layer
        ``encoder`` is a model of its own, its layer ``decoder`` a ``ValueDecoder``.

    Reference:
        Sutskever, Vinyals and Le (2014), https://arxiv.org/abs/1409.3215
    """
    window = read_window(preprocessor, config)
    encoder = keras.Model(window.inputs, _encoded(preprocessor, config, window), name="encoder")
    read = encoder(window.inputs)
    quantiles = config.output == "quantiles"
    head = QuantileHead(QUANTILE_LEVELS) if quantiles else keras.layers.Dense(1)
    future = keras.Input((preprocessor.prediction_length,), name="future_values")
    predictions, _ = value_decoder(config, head)(
        **teacher_forced(window, read, future),
        covariates=read.get("covariates"),
        initial_state=read["states"],
    )
    if quantiles:
        outputs = {"quantiles": put_back(window.scaling, predictions, read)}
    else:
        outputs = {"forecast": put_back(window.scaling, predictions[:, :, 0], read)}
    return keras.Model({**window.inputs, "future_values": future}, outputs, name="forecasting")


def _encoded(
    preprocessor: SeriesPreprocessor, config: ForecastModelConfig, window: Window
) -> dict[str, Any]:
    """Read the history to its end, and gather what is known of the steps to come."""
    series = known_series(preprocessor, config, window.inputs)
    columns = [*window.own, *window.past, *window.known]
    columns += at_every_step(series, preprocessor.context_length)
    stack = RecurrentStack(
        config.units, config.cell, config.num_layers, return_state=True, name="encoder_stack"
    )
    _, *states = stack(ops.concatenate(columns, axis=-1), lengths=window.inputs["length"])
    bridge = StateBridge(config.units, config.cell, config.num_layers, name="bridge")
    found = {**window_outputs(window), "states": bridge(states)}
    ahead = [*window.ahead, *at_every_step(series, preprocessor.prediction_length)]
    if ahead:
        found["covariates"] = joined(ahead)
    return found


class EncoderDecoderForecaster:
    """Forecast with a trained encoder-decoder, each step after its own value before it.

    Args:
        model: Of :func:`build_encoder_decoder`.
        prediction_length: Steps of a forecast.

    Call arguments:
        features: As the model's, without ``future_values``.
        training: Not used: a forecast is none.

    Returns:
        ``forecast`` float32 ``(batch, prediction_length)`` and, where the model has them,
        ``quantiles`` ``(batch, prediction_length, levels)``; the forecast is then their median.
    """

    def __init__(self, model: keras.Model, prediction_length: int):
        self.encoder, self.decoder = model.get_layer("encoder"), model.get_layer("decoder")
        # As a Keras model has them: the learned cycle is among them.
        self.layers = self.encoder.layers
        self.scaling = self.encoder.get_layer("scaling")
        self.prediction_length = prediction_length

    def __call__(self, features: dict[str, Tensor], training: bool = False) -> dict[str, Tensor]:
        read = self.encoder(features, training=False)
        predictions, _ = self.decoder(
            # All but the first give way to what the decoder puts out.
            ops.repeat(read["last_value"], self.prediction_length, axis=1),
            observed=ops.repeat(read["last_observed"], self.prediction_length, axis=1),
            covariates=read.get("covariates"),
            initial_state=read["states"],
            training=False,
            free_running=True,
        )
        found = {"forecast": put_back(self.scaling, self.decoder.point(predictions), read)}
        if isinstance(self.decoder.head, QuantileHead):
            found["quantiles"] = put_back(self.scaling, predictions, read)
        return found
