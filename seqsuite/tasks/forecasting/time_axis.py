"""The regular time axis of a series, in the graph: times as whole numbers of steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorflow as tf

from seqsuite.layers.series.calendar_features import calendar_values
from seqsuite.tasks.forecasting.data.frequency import Frequency, parse_frequency

if TYPE_CHECKING:
    import numpy as np


_DAY_SECONDS = 86_400
# 400 years have so many days, and 4,800 months.
_DAYS, _MONTHS = 146_097, 4_800


def step_numbers(timestamps: np.ndarray, frequency: str) -> tf.Tensor:
    """Return how many steps after 1970 began each time is.

    Args:
        timestamps: int64 of any shape, seconds since 1970 (UTC).
        frequency: As :func:`seqsuite.tasks.forecasting.data.frequency.parse_frequency` reads it;
            ``""``: the numbers are what is given.

    Returns:
        int64 of the same shape. Of months, any time within one gives its number.

    Example:
        >>> step_numbers(tf.constant([7200], tf.int64), "1h").numpy().tolist()
        [2]
        >>> step_numbers(tf.constant([31 * 86400], tf.int64), "1MS").numpy().tolist()
        [1]
    """
    timestamps = tf.cast(timestamps, tf.int64)
    if not frequency:
        return timestamps
    step: Frequency = parse_frequency(frequency)
    if step.seconds:
        return tf.math.floordiv(timestamps, step.seconds)
    (day,) = calendar_values(timestamps, ["day_of_month"])
    first_days = tf.math.floordiv(timestamps, _DAY_SECONDS) - day
    # First days of months lie within two days of their mean places: half a month more, and rounding
    # down finds each.
    months = tf.math.floordiv((first_days + 15) * _MONTHS, _DAYS)
    return tf.math.floordiv(months, step.months)
