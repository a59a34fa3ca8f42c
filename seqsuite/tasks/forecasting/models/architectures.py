"""Architectures by name: the network that is trained, its losses, and what forecasts with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras

from seqsuite.losses.series import (
    MaskedAbsoluteError,
    MaskedSquaredError,
    NegativeLogLikelihood,
    PinballLoss,
)
from seqsuite.tasks.forecasting.config import ForecastModelConfig, ForecastTrainingConfig
from seqsuite.tasks.forecasting.models.autoregressive import PathForecaster, build_autoregressive
from seqsuite.tasks.forecasting.models.encoder_decoder import (
    EncoderDecoderForecaster,
    build_encoder_decoder,
)
from seqsuite.tasks.forecasting.models.segments import build_segment_model
from seqsuite.tasks.forecasting.quantile_levels import QUANTILE_LEVELS

if TYPE_CHECKING:
    from seqsuite.tasks.forecasting.preprocessor import SeriesPreprocessor


_BUILDERS = {
    "segments": build_segment_model,
    "encoder_decoder": build_encoder_decoder,
    "autoregressive": build_autoregressive,
}


def build_forecast_model(
    preprocessor: SeriesPreprocessor, config: ForecastModelConfig
) -> keras.Model:
    """Return the model of an architecture that is trained, not compiled.

    Args:
        preprocessor: An adapted ``SeriesPreprocessor``.
        config: The section ``model`` of the task.
    """
    return _BUILDERS[config.architecture](preprocessor, config)


def forecast_function(
    preprocessor: SeriesPreprocessor, model: keras.Model, config: ForecastModelConfig
) -> Callable[..., Any]:
    """Return what forecasts with a model, of the features of windows without their future.

    Args:
        preprocessor: Its preprocessor.
        model: A model of :func:`build_forecast_model`.
        config: The section ``model`` of the task.
    """
    if config.architecture == "encoder_decoder":
        return EncoderDecoderForecaster(model, preprocessor.prediction_length)
    if config.architecture == "autoregressive":
        return PathForecaster(model, preprocessor.prediction_length, config.num_paths)
    return model


def forecast_losses(
    training: ForecastTrainingConfig, config: ForecastModelConfig
) -> dict[str, Any]:
    """Return the losses of the outputs of a model in training, of any architecture, by their names.

    Args:
        training: The section ``training`` of the task.
        config: The section ``model``.
    """
    if config.architecture == "autoregressive":
        return {"distribution": NegativeLogLikelihood(config.distribution)}
    quantiles = {"quantiles": PinballLoss(QUANTILE_LEVELS)} if config.output == "quantiles" else {}
    if quantiles and config.architecture == "encoder_decoder":
        return quantiles
    found = {
        "squared": MaskedSquaredError(),
        "absolute": MaskedAbsoluteError(),
        "huber": MaskedAbsoluteError(delta=1.0),
    }[training.loss]
    return {"forecast": found, **quantiles}
