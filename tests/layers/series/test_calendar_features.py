"""CalendarFeatures against Python's datetime."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers import CalendarFeatures
from seqsuite.layers.series.calendar_features import FEATURES, calendar_values

START = datetime(1970, 1, 1, tzinfo=UTC)


def of(moment):
    """The values of a moment, each counted from 0, in the order of FEATURES."""
    return [
        moment.hour,
        moment.weekday(),
        moment.day - 1,
        moment.timetuple().tm_yday - 1,
        moment.month - 1,
        moment.minute,
    ]


@pytest.fixture(scope="module")
def moments():
    """Every day of two centuries, at times that move through the day, and years far away."""
    first = datetime(1900, 1, 1, tzinfo=UTC)
    days = (datetime(2101, 1, 1, tzinfo=UTC) - first).days
    found = [first + timedelta(days=day, seconds=day * 7919 % 86_400) for day in range(days)]
    for year in (1, 4, 100, 400, 1600, 1700, 2400, 9999):
        for month, day in ((1, 1), (2, 28), (3, 1), (12, 31)):
            found.append(datetime(year, month, day, 23, 59, 59, tzinfo=UTC))
    return found


def test_it_agrees_with_datetime_on_every_day(moments):
    seconds = np.array([(moment - START) // timedelta(seconds=1) for moment in moments])
    found = tf.function(lambda x: calendar_values(x, list(FEATURES)))(tf.constant(seconds))
    expected = np.array([of(moment) for moment in moments])
    np.testing.assert_array_equal(np.stack(found, axis=-1), expected)


def test_features_lie_between_minus_and_plus_one_half():
    last = (datetime(2000, 12, 31, 23, 59, 59, tzinfo=UTC) - START) // timedelta(seconds=1)
    first = (datetime(2001, 1, 1, tzinfo=UTC) - START) // timedelta(seconds=1)
    found = CalendarFeatures()(np.array([[last, first]]))
    sunday, monday = 0.5, -0.5
    expected = [[0.5, sunday, 0.5, 0.5, 0.5, 0.5], [-0.5, monday, -0.5, -0.5, -0.5, -0.5]]
    np.testing.assert_allclose(found[0], expected, atol=1e-6)


def test_on_the_circle_the_last_hour_is_next_to_the_first():
    hours = np.arange(24)[None] * 3600
    found = np.array(CalendarFeatures(["hour_of_day"], "circle")(hours))[0]
    np.testing.assert_allclose(found[6], [0.5, 0.0], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 0.5, atol=1e-6)
    steps = np.linalg.norm(found - np.roll(found, 1, axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0], atol=1e-6)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="fortnight"):
        CalendarFeatures(["fortnight"])
    with pytest.raises(ValueError, match="features="):
        CalendarFeatures([])
    with pytest.raises(ValueError, match="encoding='onehot'"):
        CalendarFeatures(encoding="onehot")
