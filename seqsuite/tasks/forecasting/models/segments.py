"""The network of segments: standardized windows in, standardized forecasts out at once."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.recurrent.segment_recurrent import SegmentRecurrent
from seqsuite.layers.series.forecast_combination import ForecastCombination
from seqsuite.layers.series.mean_reversion import MeanReversion
from seqsuite.layers.series.quantile_head import QuantileHead
from seqsuite.tasks.forecasting.config import ForecastModelConfig
from seqsuite.tasks.forecasting.models.inputs import Window, joined, known_series, read_window
from seqsuite.tasks.forecasting.models.ridge import ridge_forecast, right_aligned
from seqsuite.tasks.forecasting.preprocessor import SeriesPreprocessor
from seqsuite.tasks.forecasting.quantile_levels import QUANTILE_LEVELS


def build_segment_model(
    preprocessor: SeriesPreprocessor, config: ForecastModelConfig
) -> keras.Model:
    """Return the model that is trained, not compiled; it is also what forecasts.

    What is regular is taken out of a window first and put back behind. What is left is forecast by
    segments.

    Args:
        preprocessor: Adapted.
        config: The section ``model`` of the task.

    Returns:
        The features of ``EncodedSeries`` -> ``forecast`` float32 ``(batch, prediction_length)``
        and, with quantiles, ``quantiles`` ``(batch, prediction_length, levels)``.
    """
    window = read_window(preprocessor, config)
    inputs, scaling = window.inputs, window.scaling
    features = window.past + window.known
    channels: Any = window.scaled
    if features or preprocessor.has_missing:
        channels = ops.concatenate([*window.own, *features], axis=-1)
    quantiles = config.output == "quantiles"
    forecaster = SegmentRecurrent(
        config.units,
        config.segment_length,
        preprocessor.prediction_length,
        cell=config.cell,
        num_layers=config.num_layers,
        dropout=config.dropout,
        num_outputs=1 + config.head_size if quantiles else None,
        name="forecaster",
    )
    series = known_series(preprocessor, config, inputs)
    found = forecaster(
        channels, lengths=inputs["length"], series=series, future=joined(window.ahead)
    )

    direct = _direct_parts(window, preprocessor.prediction_length, config)

    def back(values):
        """Put in what is forecast directly and what was taken out: level and spread, the cycle."""

        def fitting(part):
            return part if len(values.shape) == 2 else part[:, :, None]

        whole = sum(map(fitting, direct), values)
        whole = scaling.inverse(whole, window.center, window.scale)
        return whole if window.cycle_ahead is None else whole + fitting(window.cycle_ahead)

    outputs = {"forecast": back(found if not quantiles else found[:, :, 0])}
    if quantiles:
        head = QuantileHead(QUANTILE_LEVELS, name="quantile_head")
        outputs["quantiles"] = back(head(found[:, :, 1:]))
    if config.ridge_share:
        ridge = ridge_forecast(inputs, preprocessor.prediction_length)
        displacement = ridge - outputs["forecast"]
        combination = ForecastCombination(config.ridge_share, name="combination")
        outputs = {name: combination(values, displacement) for name, values in outputs.items()}
    return keras.Model(inputs, outputs, name="forecasting")


def _direct_parts(window: Window, prediction_length: int, config: ForecastModelConfig) -> list[Any]:
    """Return what is added to the scaled forecast of the network, each ``(batch, time)``."""
    found = []
    if config.mean_reversion:
        reversion = MeanReversion(prediction_length, name="mean_reversion")
        found.append(reversion(window.scaled, window.inputs["observed"]))
    if config.linear:
        linear = keras.layers.Dense(prediction_length, kernel_initializer="zeros", name="linear")
        found.append(linear(right_aligned(window.scaled, window.inputs["length"])))
    return found
