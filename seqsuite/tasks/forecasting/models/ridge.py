"""A ridge regression on the rows of history, as part of a network's graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from seqsuite.errors import UserError
from seqsuite.layers.series.series_scaling import SeriesScaling
from seqsuite.tasks.forecasting.baselines.rules import RidgeOnLags
from seqsuite.tasks.forecasting.data.series import Series
from seqsuite.tasks.forecasting.scales import training_scales
from seqsuite.tasks.forecasting.windows import SeriesWindows

if TYPE_CHECKING:
    from seqsuite.tasks.forecasting.preprocessor import SeriesPreprocessor


Tensor = Any
_LAYER = "ridge"


def ridge_forecast(inputs: dict[str, Tensor], prediction_length: int) -> Tensor:
    """Return the forecast of a linear map that training leaves alone, ``(batch, time)``.

    Args:
        inputs: Of the window: standardized.
        prediction_length: Rows to forecast.
    """
    scaling = SeriesScaling("last", name="ridge_scaling")
    moved, last, _ = scaling(inputs["history"], inputs["observed"])
    linear = keras.layers.Dense(
        prediction_length, kernel_initializer="zeros", trainable=False, name=_LAYER
    )
    moved = carried_forward(moved, inputs["observed"])
    return linear(right_aligned(moved, inputs["length"])) + last


def fit_ridge(
    model: keras.Model, preprocessor: SeriesPreprocessor, series: Sequence[Series]
) -> None:
    """Set the weights of a model's ridge: those of the baseline on the same training rows.

    Args:
        model: With a :func:`ridge_forecast` inside.
        preprocessor: Its adapted ``SeriesPreprocessor``.
        series: Training rows.

    Raises:
        UserError: No window of the training rows is whole.
    """
    ridge = RidgeOnLags(preprocessor.prediction_length, preprocessor.context_length)
    targets = [one.target for one in series]
    windows = SeriesWindows(targets, preprocessor.season_steps)
    scales = training_scales(targets, preprocessor.season_steps)
    problem = ridge.fit(windows, scales)
    if problem:
        raise UserError(
            f"model.ridge_share needs a ridge regression, and {problem}. Leave it at 0, or lower "
            "data.context_length or data.prediction_length."
        )
    ridge.refit(windows, scales)
    assert ridge.model is not None
    shape = (preprocessor.prediction_length,)
    bias = np.broadcast_to(ridge.model.intercept_, shape)
    model.get_layer(_LAYER).set_weights([ridge.model.coef_.reshape(*shape, -1).T, bias])


def carried_forward(values: Tensor, observed: Tensor) -> Tensor:
    """Put the value before it where one is missing, and 0 where there is none before it.

    Args:
        values: ``(batch, time)``.
        observed: Which of them exist, bool ``(batch, time)``.
    """
    steps = ops.arange(values.shape[1], dtype="int32")
    # The places of those that exist come first, in order.
    places = ops.argsort(ops.where(observed, steps, values.shape[1] + steps), axis=1)
    count = ops.cumsum(ops.cast(observed, "int32"), axis=1)
    before = ops.take_along_axis(places, ops.maximum(count - 1, 0), axis=1)
    return ops.where(count > 0, ops.take_along_axis(values, before, axis=1), 0.0)


def right_aligned(values: Tensor, length: Tensor) -> Tensor:
    """Move right-padded rows ``(batch, time)`` to the right; what is then in front is 0.

    Args:
        values: Rows.
        length: How much of each is real, int32 ``(batch,)``.
    """
    size = values.shape[1]
    places = ops.arange(size, dtype="int32") - (size - length)[:, None]
    moved = ops.take_along_axis(values, ops.maximum(places, 0), axis=1)
    return ops.where(places >= 0, moved, 0.0)
