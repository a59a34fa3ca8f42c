"""Times as machines write them: units of epoch times, months by the clock of an offset."""

from __future__ import annotations

import calendar

import pytest

from seqsuite.tasks.forecasting.data.columns import Reading, _TimeColumn
from seqsuite.tasks.forecasting.data.timestamps import TimeReader

START = calendar.timegm((2020, 1, 1, 0, 0, 0))


@pytest.mark.parametrize("zeros", ["", "000", "000000", "000000000"])
def test_epoch_times_of_any_unit_are_read(zeros):
    reader = TimeReader()
    assert reader.read(f"{START}{zeros}") == START
    assert reader.dated


def test_an_epoch_time_within_a_second_is_refused():
    with pytest.raises(ValueError, match="finer than a second"):
        TimeReader().read(f"{START}500")


def column(tmp_path, texts):
    times = _TimeColumn("ds", "time", tmp_path / "a.csv", Reading())
    times.add(texts, lambda row: row + 2)
    return times.finish().seconds.tolist()


@pytest.mark.parametrize("offset", ["+01:00", "+09:00", "-05:00"])
def test_months_with_an_offset_are_those_of_its_clock(tmp_path, offset):
    texts = [f"2020-{month:02}-01T00:00:00{offset}" for month in range(1, 13)]
    expected = [calendar.timegm((2020, month, 1, 0, 0, 0)) for month in range(1, 13)]
    assert column(tmp_path, texts) == expected


def test_hours_with_an_offset_are_in_utc(tmp_path):
    texts = [f"2020-01-01T{hour:02}:00:00+01:00" for hour in range(3)]
    assert column(tmp_path, texts) == [START - 3600 + 3600 * hour for hour in range(3)]
