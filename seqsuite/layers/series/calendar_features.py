"""Calendar features, computed from timestamps in the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

Tensor = Any

# Number of values of each feature.
FEATURES = {
    "hour_of_day": 24,
    "day_of_week": 7,
    "day_of_month": 31,
    "day_of_year": 366,
    "month_of_year": 12,
    "minute_of_hour": 60,
}
ENCODINGS = ("linear", "circle")

_DAY_SECONDS = 86_400
# The Gregorian calendar repeats after 400 years; counted from March, a leap day is the last of its
# year. 719,468 days lie between 0000-03-01 and 1970-01-01.
_DAYS_BEFORE_1970 = 719_468
_DAYS_OF_400_YEARS = 146_097


@keras.saving.register_keras_serializable(package="seqsuite")
class CalendarFeatures(keras.layers.Layer):
    """Hour, weekday, month and other fields of timestamps in the Gregorian calendar.

    Args:
        features: Names of features, in the order of the outputs: ``"hour_of_day"``,
            ``"day_of_week"`` (from Monday), ``"day_of_month"``, ``"day_of_year"``,
            ``"month_of_year"``, ``"minute_of_hour"``.
        encoding: ``"linear"``: one number each, from -0.5 for the first value to 0.5 for the last;
            ``"circle"``: half the sine and half the cosine of the phase, so the last value is next
            to the first.
        **kwargs: Keras layer arguments.

    Call arguments:
        timestamps: int64 ``(batch, time)``: seconds since 1970-01-01 00:00 in local time, without
            leap seconds.

    Returns:
        ``(batch, time, len(features))``, or twice as wide for ``"circle"``, in [-0.5, 0.5].

    Raises:
        ValueError: For an unknown name.

    Masking:
        None: padded steps have the features of their timestamps.

    Example:
        >>> calendar = CalendarFeatures(["hour_of_day", "month_of_year"])
        >>> noon = calendar(ops.array([[12 * 3600]], "int64"))  # of the first of January
        >>> noon.numpy().astype(float).round(4).tolist()
        [[[0.0217, -0.5]]]

    Reference:
        Features in [-0.5, 0.5]: Salinas et al. (2020), https://arxiv.org/abs/1704.04110
    """

    def __init__(
        self,
        features: Sequence[str] = tuple(FEATURES),
        encoding: str = "linear",
        **kwargs,
    ):
        super().__init__(**kwargs)
        unknown = [name for name in features if name not in FEATURES]
        if unknown or not features:
            raise ValueError(
                f"Argument `features` must name some of {tuple(FEATURES)}. "
                f"Received: features={features}"
            )
        if encoding not in ENCODINGS:
            raise ValueError(
                f"Argument `encoding` must be one of {ENCODINGS}. Received: encoding={encoding!r}"
            )
        self.features = list(features)
        self.encoding = encoding
        self.built = True

    def call(self, timestamps: Tensor) -> Tensor:
        """Compute the features."""
        values = calendar_values(timestamps, self.features)
        stacked = ops.cast(ops.stack(values, axis=-1), "float32")
        counts = np.array([FEATURES[name] for name in self.features], "float32")
        if self.encoding == "linear":
            encoded = stacked / (counts - 1.0) - 0.5
        else:
            angles = stacked * (2 * np.pi / counts).astype("float32")
            encoded = 0.5 * ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)
        return ops.cast(encoded, self.compute_dtype)

    def compute_output_shape(self, timestamps_shape):
        """Return the shape of the features."""
        return (*timestamps_shape, len(self.features) * (2 if self.encoding == "circle" else 1))

    def compute_output_spec(self, timestamps):
        """Return the shape of the features, of the compute dtype."""
        shape = self.compute_output_shape(timestamps.shape)
        return keras.KerasTensor(shape, dtype=self.compute_dtype)

    def get_config(self):
        """Return the constructor arguments."""
        config = {"features": self.features, "encoding": self.encoding}
        return {**super().get_config(), **config}


def calendar_values(timestamps: Tensor, features: Sequence[str]) -> list[Tensor]:
    """Return fields of a date and time, each counted from 0.

    Args:
        timestamps: int64 of any shape, seconds since 1970-01-01 00:00.
        features: Names as of `CalendarFeatures`.

    Returns:
        One int64 tensor of the shape of `timestamps` for each name.

    Example:
        >>> day = calendar_values(ops.array([0], "int64"), ["day_of_week"])
        >>> day[0].numpy().tolist()  # 1970-01-01 was a Thursday
        [3]
    """
    timestamps = ops.cast(timestamps, "int64")
    days = ops.floor_divide(timestamps, _DAY_SECONDS)
    second = timestamps - days * _DAY_SECONDS
    month, day, day_of_year = _dates(days)
    values = {
        "hour_of_day": ops.floor_divide(second, 3600),
        "minute_of_hour": ops.mod(ops.floor_divide(second, 60), 60),
        "day_of_week": ops.mod(days + 3, 7),
        "day_of_month": day,
        "day_of_year": day_of_year,
        "month_of_year": month,
    }
    return [values[name] for name in features]


def _dates(days: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the month, its day, and the day of the year, from 0, of days since 1970-01-01."""
    days = ops.mod(days + _DAYS_BEFORE_1970, _DAYS_OF_400_YEARS)
    # Without the leap days before it, a day is counted in years of 365 days.
    leap_days = (
        ops.floor_divide(days, 1460)
        - ops.floor_divide(days, 36_524)
        + ops.floor_divide(days, _DAYS_OF_400_YEARS - 1)
    )
    year = ops.floor_divide(days - leap_days, 365)
    centuries = ops.floor_divide(year, 100)
    since_march = days - (365 * year + ops.floor_divide(year, 4) - centuries)
    # Five months from March on have 153 days: 31, 30, 31, 30, 31.
    march_month = ops.floor_divide(5 * since_march + 2, 153)
    day = since_march - ops.floor_divide(153 * march_month + 2, 5)
    month = ops.mod(march_month + 2, 12)
    by_four = ops.mod(year, 4) == 0
    leap = ops.logical_and(by_four, ops.logical_or(ops.mod(year, 100) != 0, year == 0))
    # January and February belong to the year that ends; from March on, 59 or 60 days lie before.
    before = ops.where(march_month >= 10, -306, 59 + ops.cast(leap, "int64"))
    return month, day, since_march + before
