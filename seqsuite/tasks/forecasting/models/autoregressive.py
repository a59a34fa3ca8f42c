"""The autoregressive forecaster: a distribution of each value after those before, and its paths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from seqsuite import distributions
from seqsuite.layers.series.distribution_head import DistributionHead
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
    from_counts,
    joined,
    known_series,
    read_window,
)
from seqsuite.tasks.forecasting.quantile_levels import QUANTILE_LEVELS

if TYPE_CHECKING:
    from seqsuite.tasks.forecasting.preprocessor import SeriesPreprocessor


Tensor = Any


def build_autoregressive(
    preprocessor: SeriesPreprocessor, config: ForecastModelConfig
) -> keras.Model:
    """Return the model that is trained, not compiled; :class:`PathForecaster` forecasts.

    One stack runs over the history and on into the future.

    Args:
        preprocessor: An adapted ``SeriesPreprocessor``.
        config: The section ``model`` of the task.

    Returns:
        The features of ``EncodedSeries``, ``future_values`` included -> ``distribution`` float32
        ``(batch, context_length + prediction_length, parameters)``, as ``distributions.join`` joins
        them: of each standardized value, or count, after the true ones before it. Its layer
        ``reader`` is a model of its own, its layer ``decoder`` a ``ValueDecoder``.

    Reference:
        DeepAR: Salinas et al. (2020), https://arxiv.org/abs/1704.04110
    """
    window = read_window(preprocessor, config)
    reader = keras.Model(window.inputs, _read(preprocessor, config, window), name="reader")
    read = reader(window.inputs)
    decoder = value_decoder(config, DistributionHead(config.distribution))
    past, states = _over_history(decoder, read, window.inputs["length"])
    future = keras.Input((preprocessor.prediction_length,), name="future_values")
    ahead, _ = decoder(
        **teacher_forced(window, read, future),
        covariates=read.get("covariates_ahead"),
        initial_state=states,
    )
    parts = []
    for parameters, cycle in ((past, "cycle_past"), (ahead, "cycle_ahead")):
        parameters = distributions.rescale(
            config.distribution, parameters, read["level"], read["spread"]
        )
        if cycle in read:
            parameters["loc"] = parameters["loc"] + read[cycle]
        parts.append(distributions.join(config.distribution, parameters))
    outputs = {"distribution": ops.concatenate(parts, axis=1)}
    return keras.Model({**window.inputs, "future_values": future}, outputs, name="forecasting")


def _read(
    preprocessor: SeriesPreprocessor, config: ForecastModelConfig, window: Window
) -> dict[str, Tensor]:
    """Gather the value before each row of the history, and what is known of all rows."""
    series = known_series(preprocessor, config, window.inputs)
    # Nothing is known before the first row.
    first = [(0, 0), (1, 0)]
    observed = ops.cast(window.inputs["observed"], "float32")
    found = {
        **window_outputs(window),
        "previous_values": ops.pad(window.scaled[:, :-1], first),
        "observed": ops.pad(observed[:, :-1], first),
    }
    past = [*window.known, *at_every_step(series, preprocessor.context_length)]
    ahead = [*window.ahead, *at_every_step(series, preprocessor.prediction_length)]
    if past:
        found |= {"covariates": joined(past), "covariates_ahead": joined(ahead)}
    return found


def _over_history(decoder: Any, read: dict[str, Tensor], length: Tensor) -> Any:
    """Return predictions of the rows of the history, and the states before its last value."""
    return decoder(
        read["previous_values"],
        covariates=read.get("covariates"),
        observed=read["observed"],
        lengths=length,
    )


class PathForecaster:
    """Forecast with a trained autoregressive model: by paths, each step drawn after its own ones.

    The numbers that are drawn with are fixed, so a forecast is a function of its input.

    Args:
        model: Of :func:`build_autoregressive`.
        prediction_length: Steps of a forecast.
        num_paths: Paths of each window.

    Call arguments:
        features: As the model's, without ``future_values``.
        training: Not used: a forecast is none.

    Returns:
        ``forecast`` ``(batch, prediction_length)``, the mean of the paths, and ``quantiles``
        ``(batch, prediction_length, levels)``.
    """

    def __init__(self, model: keras.Model, prediction_length: int, num_paths: int):
        self.reader, self.decoder = model.get_layer("reader"), model.get_layer("decoder")
        # As a Keras model has them: the learned cycle is among them.
        self.layers = self.reader.layers
        self.scaling = self.reader.get_layer("scaling")
        self.prediction_length = prediction_length
        self.uniforms = distributions.uniform_table(prediction_length, num_paths)

    def __call__(self, features: dict[str, Tensor], training: bool = False) -> dict[str, Tensor]:
        paths = self.paths(features)
        return {
            "forecast": ops.mean(paths, axis=-1),
            "quantiles": path_quantiles(paths, QUANTILE_LEVELS),
        }

    def paths(self, features: dict[str, Tensor]) -> Tensor:
        """Return standardized paths, ``(batch, prediction_length, num_paths)``.

        Args:
            features: As above.
        """
        read = self.reader(features, training=False)
        _, states = _over_history(self.decoder, read, features["length"])
        counts = self.decoder.head.distribution == "negative_binomial"
        scaled = self.decoder.forecast(
            read["last_value"][:, 0],
            self.prediction_length,
            states,
            covariates=read.get("covariates_ahead"),
            noise=self.uniforms,
            last_observed=read["last_observed"][:, 0],
            scale=read["spread"] if counts else None,
        )
        whole = put_back(self.scaling, scaled, read)
        return from_counts(whole, features["center"], features["scale"]) if counts else whole


def path_quantiles(paths: Tensor, levels: Sequence[float]) -> Tensor:
    """Return quantiles over sample paths.

    The k-th smallest of n stands for the level (k - 1/2) / n, the middle of its share, and between
    two of them a line is drawn.

    Args:
        paths: ``(batch, time, num_paths)``.
        levels: Probabilities, rising.

    Returns:
        ``(batch, time, levels)``, never falling along the last axis.

    Example:
        >>> paths = ops.array([[[4.0, 1.0, 3.0, 2.0]]])
        >>> path_quantiles(paths, [0.01, 0.25, 0.5]).numpy().tolist()
        [[[1.0, 1.5, 2.5]]]
    """
    num_paths = paths.shape[-1]
    places = np.clip(np.array(levels) * num_paths - 0.5, 0, num_paths - 1)
    low = np.floor(places).astype("int32")
    ordered = ops.sort(paths, axis=-1)
    below = ops.take(ordered, low, axis=-1)
    above = ops.take(ordered, np.minimum(low + 1, num_paths - 1), axis=-1)
    share = ops.cast(places - low, below.dtype)
    # Rounding must not carry a quantile past the path above it.
    return ops.minimum(below + (above - below) * share, above)
