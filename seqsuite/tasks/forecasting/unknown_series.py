"""Windows of series that training did not know: on their own scale, as they are served."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from seqsuite.tasks.forecasting.preprocessor import LARGEST, own_standardization

Tensor = Any


def forecast_with_hidden_ids(
    model: Callable[..., dict[str, Tensor]], features: dict[str, Tensor], hide: Tensor
) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """Forecast windows, those of unknown series standardized by their own mean and deviation.

    Args:
        model: Encoded windows -> forecasts, standardized.
        features: Windows on the scales of their series.
        hide: Bool scalar; whether the ids of all windows are hidden, as if no series was known.

    Returns:
        The forecasts on the scales of the windows; and these, center and scale float32 ``(batch,)``
        in units of the scales of the series: 0 and 1 where the series is known.
    """
    hidden = hide | (features["series_index"] == 0)
    history = tf.cast(features["history"], tf.float64)
    center, scale = own_standardization(history, features["observed"])
    center, scale = tf.where(hidden, center, 0.0), tf.where(hidden, scale, 1.0)
    standardized = (history - center[:, None]) / scale[:, None]
    standardized = tf.clip_by_value(standardized, -LARGEST, LARGEST)
    standardized = tf.cast(tf.where(features["observed"], standardized, 0.0), tf.float32)
    features = features | {
        "history": tf.where(hidden[:, None], standardized, features["history"]),
        "series_index": tf.where(hidden, 0, features["series_index"]),
    }
    if "center" in features:
        outer = features["scale"]
        features["center"] += center * outer
        features["scale"] = scale * outer
    outputs = model(features, training=False)
    return outputs, tf.cast(center, tf.float32), tf.cast(scale, tf.float32)
