"""Series, the steps between their rows, and times as people write them."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest

from seqsuite.errors import UserError
from seqsuite.tasks.forecasting.data import timestamps
from seqsuite.tasks.forecasting.data.frequency import (
    Frequency,
    infer_frequency,
    longer_run,
    parse_frequency,
)
from seqsuite.tasks.forecasting.data.series import (
    Series,
    check_covariates,
    requested_covariates,
    require_future_covariates,
    split_series,
)
from seqsuite.tasks.forecasting.data.timestamps import TimeReader, load_zone, time_text

HOUR, DAY = 3600, 86_400


def seconds(*clock: int) -> int:
    """Seconds since 1970 of a date and time in UTC, by another way than the code's."""
    return calendar.timegm((*clock, *(0,) * (6 - len(clock))))


def hourly(count: int = 10, **changes) -> Series:
    given = {
        "unique_id": "a",
        "timestamps": HOUR * np.arange(count, dtype=np.int64),
        "target": np.arange(count, dtype=np.float64),
        "frequency": "1h",
    }
    return Series(**{**given, **changes})


class TestSeries:
    def test_a_part_is_a_view_with_its_own_first_target(self):
        names = np.array(list("abcdefghij"), dtype=object)
        one = hourly(covariates={"name": names}, static={"place": "x"})
        part = one.part(6, 4)
        assert (part.num_rows, part.first_target, part.static) == (6, 4, {"place": "x"})
        assert np.shares_memory(part.target, one.target)
        assert list(part.covariates["name"]) == list("abcdef")

    @pytest.mark.parametrize(
        ("changes", "name"),
        [
            ({"timestamps": np.arange(10.0)}, "timestamps"),
            ({"timestamps": np.zeros(0, np.int64)}, "timestamps"),
            ({"timestamps": 1800 * np.arange(10)}, "timestamps"),
            ({"timestamps": np.zeros(10, np.int64), "frequency": ""}, "timestamps"),
            ({"target": np.zeros(9)}, "target"),
            ({"target": np.zeros(10, np.float32)}, "target"),
            ({"target": np.full(10, np.inf)}, "target"),
            ({"covariates": {"c": np.zeros(9)}}, "covariates"),
            ({"covariates": {"c": np.zeros(10, int)}}, "covariates"),
            ({"first_target": 11}, "first_target"),
        ],
    )
    def test_what_is_no_series_is_refused(self, changes, name):
        with pytest.raises(ValueError, match=rf"Argument `{name}.*Received: {name}"):
            hourly(**changes)

    def test_splits_end_where_the_next_begins_and_reach_back_to_the_first_row(self):
        found = {
            split: split_series([hourly()], split, 5, 7, 9).features["series"][0]
            for split in ("train", "validation", "test")
        }
        ends = {split: (one.first_target, one.num_rows) for split, one in found.items()}
        assert ends == {"train": (0, 5), "validation": (5, 7), "test": (7, 9)}


class TestFrequency:
    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("15min", "15min"), ("15T", "15min"), ("15m", "15min"), ("60min", "1h"), ("H", "1h"),
            ("2h", "2h"), ("d", "1d"), ("W", "7d"), ("w-sun", "7d"), ("24h", "1d"), ("90s", "90s"),
            ("M", "1MS"), ("MS", "1MS"), ("ME", "1MS"), ("Q", "3MS"), ("QS-JAN", "3MS"),
            ("Y", "12MS"), ("2YS", "24MS"), ("1S", "1s"),
        ],
    )  # fmt: skip
    def test_names_are_read_as_people_write_them(self, text, name):
        assert parse_frequency(text).name == name
        assert parse_frequency(name) == parse_frequency(text)

    @pytest.mark.parametrize("text", ["", "5", "hourly", "0h", "-1h", "1.5h", "1x", "B"])
    def test_what_is_no_frequency_is_refused(self, text):
        with pytest.raises(UserError, match=r"data\.frequency.*15min.*Received"):
            parse_frequency(text)

    def test_exactly_one_length_is_given(self):
        for given in ({}, {"seconds": 1, "months": 1}, {"seconds": -1, "months": 2}):
            with pytest.raises(ValueError, match="Argument `seconds`"):
                Frequency(**given)

    @pytest.mark.parametrize("months", [1, 3, 12])
    def test_months_go_by_the_calendar(self, months):
        grid = Frequency(months=months).grid(seconds(1999, 11, 1), 30)
        every = [divmod(1999 * 12 + 10 + months * i, 12) for i in range(30)]
        assert list(grid) == [seconds(year, month + 1, 1) for year, month in every]
        assert infer_frequency(grid) == Frequency(months=months)
        positions, exact = Frequency(months=months).positions(grid)
        assert list(positions) == list(range(30))
        assert exact.all()

    @pytest.mark.parametrize("day", ["15", "last", "last weekday", "first weekday"])
    def test_months_by_another_day_of_theirs_are_months(self, day):
        def of(year: int, month: int) -> int:
            last = calendar.monthrange(year, month)[1]
            days = {"15": [15], "last": [last]}.get(day, list(range(1, last + 1)))
            if "weekday" in day:
                days = [d for d in days if calendar.weekday(year, month, d) < 5]
            return seconds(year, month, days[-1] if "last" in day else days[0])

        times = np.array([of(2019 + i // 12, i % 12 + 1) for i in range(36)])
        assert infer_frequency(times) == Frequency(months=1)
        assert list(Frequency(months=1).aligned(times[:2])) == [
            seconds(2019, 1, 1),
            seconds(2019, 2, 1),
        ]

    def test_four_weeks_are_no_month(self):
        times = seconds(2020, 1, 6) + 28 * DAY * np.arange(20)
        assert infer_frequency(times) == Frequency(seconds=28 * DAY)

    def test_the_step_is_found_in_spite_of_gaps(self):
        kept = np.sort(np.random.default_rng(0).permutation(200)[:120])
        assert infer_frequency(900 * kept) == Frequency(seconds=900)
        months = Frequency(months=1).grid(0, 60)[[*range(5), *range(8, 60, 1)]]
        assert infer_frequency(months) == Frequency(months=1)
        assert infer_frequency(np.array([5])) is None

    def test_rows_missing_by_chance_are_no_other_frequency(self):
        kept = np.sort(np.random.default_rng(1).permutation(5000)[:3000])
        assert longer_run(kept) is None
        assert longer_run(np.arange(50)) is None
        # Ten rows two apart, from the fifth on.
        assert longer_run(np.array([*range(5), *range(6, 26, 2)])) == 4

    @pytest.mark.parametrize(
        ("name", "steps"),
        [("1h", 24), ("15min", 96), ("10min", 144), ("1d", 7), ("7d", 52), ("1MS", 12),
         ("3MS", 4), ("12MS", 1), ("7h", 1)],
    )  # fmt: skip
    def test_seasons_are_days_weeks_and_years(self, name, steps):
        assert parse_frequency(name).season_steps == steps


class TestTimes:
    @pytest.mark.parametrize(
        ("text", "clock"),
        [
            ("2020-02-03", (2020, 2, 3)),
            ("2020/02/03 04:05", (2020, 2, 3, 4, 5)),
            (" 2020-02-03T04:05:06 ", (2020, 2, 3, 4, 5, 6)),
            ("2020-02-03T04:05:06.000Z", (2020, 2, 3, 4, 5, 6)),
            ("2020-02-03T04:05:06+02:00", (2020, 2, 3, 2, 5, 6)),
            ("20200203", (2020, 2, 3)),
            ("2020-02", (2020, 2, 1)),
            ("202002", (2020, 2, 1)),
            ("2020", (2020, 1, 1)),
            ("1930-06-30", (1930, 6, 30)),
            ("1580702706", (2020, 2, 3, 4, 5, 6)),
        ],
    )
    def test_times_are_read_in_utc(self, text, clock):
        reader = TimeReader()
        assert reader.read(text) == seconds(*clock)
        assert reader.dated

    def test_whole_numbers_count(self):
        reader = TimeReader()
        assert reader.read_all(["0", "1", "12", "0"]) == {"0": 0, "1": DAY, "12": 12 * DAY}
        assert not reader.dated
        with pytest.raises(ValueError, match="no whole number"):
            reader.read("1.5")

    @pytest.mark.parametrize("text", ["", "31.12.2020", "12/31/2020", "soon", "2020-02-30"])
    def test_what_is_no_time_is_refused(self, text):
        with pytest.raises(ValueError, match=r"."):
            TimeReader().read(text)

    def test_fractions_of_a_second_are_refused(self):
        with pytest.raises(ValueError, match="finer than a second"):
            TimeReader().read("2020-01-01T00:00:00.5")

    def test_local_times_follow_their_clock(self):
        reader = TimeReader(load_zone("Europe/Berlin"))
        assert reader.read("2020-01-15 12:00") == seconds(2020, 1, 15, 11)
        assert reader.read("2020-07-15 12:00") == seconds(2020, 7, 15, 10)
        # Of the hour that comes twice it is the first; the second comes an hour later.
        twice = reader.read("2020-10-25 02:30")
        assert twice == seconds(2020, 10, 25, 0, 30)
        assert reader.local(twice) == (2 * HOUR, HOUR)
        assert reader.local(twice + HOUR) == (HOUR, 0)
        assert reader.local(seconds(2020, 7, 15)) == (2 * HOUR, 0)
        with pytest.raises(ValueError, match="put forward"):
            reader.read("2020-03-29 02:30")

    @pytest.mark.parametrize("name", ["Berlin", "Mars/Olympus", "../etc/passwd", "Europe"])
    def test_an_unknown_zone_is_refused(self, name):
        with pytest.raises(UserError, match=r"data\.timezone.*Europe/Berlin"):
            load_zone(name)

    def test_times_are_told_as_people_write_them(self):
        time = seconds(2020, 2, 3, 4, 5, 6)
        assert time_text(time) == "2020-02-03 04:05:06"
        assert datetime.fromtimestamp(time, UTC).isoformat(" ").startswith(time_text(time))
        assert time_text(10**18).endswith("after 1970")
        assert timestamps.load_zone(None) is None


class TestCovariates:
    def options(self, **given):
        return SimpleNamespace(**given)

    def test_a_name_is_listed_once(self):
        found = requested_covariates(self.options(past_covariates=["a", "b"]))
        assert found["past_covariates"] == ("a", "b")
        assert found["future_covariates"] == found["static_covariates"] == ()
        with pytest.raises(UserError, match="'a' is listed twice"):
            requested_covariates(self.options(past_covariates=["a"], future_covariates=["a"]))

    def test_names_that_a_source_does_not_have_are_refused(self):
        check_covariates(self.options(past_covariates=["TEMP"]), ("TEMP",), "it")
        with pytest.raises(UserError, match=r"'TMP'.*Did you mean 'TEMP'"):
            check_covariates(self.options(future_covariates=["TMP"]), ("TEMP",), "it")
        with pytest.raises(UserError, match="has no covariates"):
            check_covariates(self.options(future_covariates=["TMP"]), (), "it")
        with pytest.raises(UserError, match="varies over time"):
            check_covariates(self.options(static_covariates=["TEMP"]), ("TEMP",), "it")

    @pytest.mark.parametrize("kind", ["number", "name"])
    def test_a_covariate_missing_ahead_is_named_with_its_series_and_time(self, kind):
        column = np.arange(10.0) if kind == "number" else np.array(list("abcdefghij"), object)
        column[[2, 7, 8]] = np.nan if kind == "number" else ""
        before = [hourly(covariates={"c": column}, first_target=9)]
        require_future_covariates(before, ["c"], "it")
        ahead = [hourly(covariates={"c": column}, first_target=5)]
        with pytest.raises(UserError, match=r"it: .*'c' of series 'a' .*1970-01-01 07:00:00"):
            require_future_covariates(ahead, ["c"], "it")
        with pytest.raises(UserError, match=r"1970-01-01 02:00:00"):
            require_future_covariates(ahead, ["c"], "it", start=0)
        # Rows without anything were not in the data at all.
        target = np.where(np.isin(np.arange(10), [7, 8]), np.nan, 1.0)
        absent = [hourly(covariates={"c": column}, first_target=5, target=target)]
        require_future_covariates(absent, ["c"], "it")
