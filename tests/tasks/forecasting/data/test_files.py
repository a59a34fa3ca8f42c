"""A person's own series, long and wide, with all that tables of them are found to have wrong."""

from __future__ import annotations

import calendar
import gzip
import re
import zipfile

import numpy as np
import pytest

from seqsuite.data.discovery import load_examples, sources
from seqsuite.errors import UserError
from seqsuite.tasks.forecasting.data import files as series_files
from seqsuite.tasks.forecasting.data.timestamps import time_text
from tests.data.sections import section_builder

HOUR, DAY = 3600, 86_400
START = calendar.timegm((2020, 1, 1, 0, 0, 0))


@pytest.fixture
def options(monkeypatch):
    monkeypatch.delenv("SEQSUITE_DATA", raising=False)
    return section_builder(
        prediction_length=2, context_length=4, validation_length=0, test_length=0, frequency=None,
        past_covariates=(), future_covariates=(), static_covariates=(), time_column="ds",
        id_column="unique_id", target_column="y", decimal_comma=False, timezone=None,
        thousands="none",
    )  # fmt: skip


@pytest.fixture
def load(options, tmp_path):
    """Write tables and load a split of them: `load("train", {"train": text}, ...)`."""

    def read(split, files, **changes):
        for name, text in files.items():
            path = tmp_path / f"{name}.csv"
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8")
            changes[name] = str(path)
        found = load_examples("files", split, options(**changes), "seqsuite.tasks.forecasting")
        return None if found is None else found.features["series"]

    return read


@pytest.fixture
def whole(options, tmp_path):
    """Write a table and read its series end to end."""

    def read(text, name="t.csv", **changes):
        path = tmp_path / name
        data = text if isinstance(text, bytes) else text.encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return series_files.read(path, options(**changes))

    return read


def clock(hours: float) -> str:
    moment = START + round(HOUR * hours)
    return str(np.datetime64(moment, "s")).replace("T", " ")


def long(rows, header="unique_id,ds,y") -> str:
    lines = [",".join(str(cell) for cell in row) for row in rows]
    return "\n".join([header, *lines, ""])


def hours(count, names="a", first=0):
    return long(
        (n, clock(first + t), 10 * i + t) for i, n in enumerate(names) for t in range(count)
    )


def targets(series):
    return {one.unique_id: one.target.tolist() for one in series}


NAN = float("nan")


def same(found, expected):
    np.testing.assert_array_equal(found, expected)


class TestLayouts:
    def test_the_source_is_found(self):
        assert sources("seqsuite.tasks.forecasting")["files"] == series_files.DESCRIPTION
        assert sources("seqsuite.tasks.sentiment")["files"] != series_files.DESCRIPTION

    @pytest.mark.parametrize(
        "name", ["t.csv", "t.csv.gz", "t.tsv", "t.tsv.gz", "tabs.csv", "semicolons.csv"]
    )
    def test_long_tables_are_read(self, whole, name):
        text = hours(30, "ab")
        if "t.tsv" in name or "tabs" in name:
            text = text.replace(",", "\t")
        elif "semi" in name:
            text = text.replace(",", ";")
        found = whole(text, name)
        assert targets(found) == {"a": list(range(30)), "b": list(range(10, 40))}
        assert list(found[0].timestamps) == [START + HOUR * t for t in range(30)]
        assert found[0].timestamps is found[1].timestamps
        assert (found[0].frequency, found[0].dated) == ("1h", True)

    def test_an_archive_of_one_table_is_read(self, whole, tmp_path):
        for count in (1, 2):
            path = tmp_path / "t.zip"
            with zipfile.ZipFile(path, "w") as archive:
                archive.mkdir("folder")
                for index in range(count):
                    archive.writestr(f"folder/{index}.csv", hours(5))
            data = path.read_bytes()
            if count == 1:
                assert targets(whole(data, "t.zip")) == {"a": [0, 1, 2, 3, 4]}
            else:
                with pytest.raises(UserError, match="holds 2 files"):
                    whole(data, "t.zip")
        with pytest.raises(UserError, match="cannot be read"):
            whole(b"no archive", "t.zip")

    def test_series_whose_rows_alternate_are_told_apart(self, whole):
        rows = [(name, clock(t), f"{i}{t}") for t in range(5) for i, name in enumerate("ab", 1)]
        found = whole(long(rows))
        assert targets(found) == {"a": [10, 11, 12, 13, 14], "b": [20, 21, 22, 23, 24]}

    def test_a_wide_table_has_a_series_for_each_column(self, whole):
        rows = [(clock(t), t, "" if t == 2 else 2 * t, "x" if t else "z", t % 3) for t in range(6)]
        found = whole(
            long(rows, "ds,one,two,wind,plan"), past_covariates="wind", future_covariates="plan"
        )
        same(targets(found)["one"], [0, 1, 2, 3, 4, 5])
        same(targets(found)["two"], [0, 2, NAN, 6, 8, 10])
        for one in found:
            assert list(one.covariates["wind"]) == list("zxxxxx")
            same(one.covariates["plan"], [0, 1, 2, 0, 1, 2])

    def test_a_table_without_ids_is_one_series(self, whole):
        found = whole(long([(clock(t), t) for t in range(5)], "ds,y"))
        assert targets(found) == {"y": [0, 1, 2, 3, 4]}

    def test_columns_may_have_other_names_and_more_of_them(self, whole):
        rows = [(t, "s", "some text", clock(t)) for t in range(5)]
        text = long(rows, "sold,store,remark,when")
        given = {"time_column": "when", "id_column": "store", "target_column": "sold"}
        assert targets(whole(text, **given)) == {"s": [0, 1, 2, 3, 4]}

    @pytest.mark.parametrize(
        ("header", "changes", "expected"),
        [
            ("unique_id,date,y", {}, r"time_column: .* no column 'ds'\. It has unique_id, date, y"),
            ("unique_id,ds,yy", {}, r"target_column: .* no column 'y'.*'yy'\? It has"),
            ("name,ds,y", {"id_column": "names"}, r"id_column: .*Did you mean 'name'"),
            ("unique_id,ds,y", {"past_covariates": "z"}, r"past_covariates: .*no column 'z'"),
            ("unique_id,ds,y", {"future_covariates": "ds"}, r"'ds' is already"),
            ("a,ds,b", {"past_covariates": "c"}, r"past_covariates: .* no column 'c'"),
            ("a,ds,b", {"static_covariates": "a"}, r"no column 'y', so each .*target_column"),
            ("a,ds,b", {"past_covariates": "a,b"}, r"target_column: .* no column 'y'"),
            ("y,ds,y", {}, r"several columns 'y'"),
            ("", {}, r"is empty"),
        ],
    )
    def test_columns_that_are_absent_are_told_with_those_there(
        self, whole, header, changes, expected
    ):
        with pytest.raises(UserError, match=expected) as caught:
            whole(long([(1, clock(0), 2)], header), **changes)
        assert "\n" not in str(caught.value)

    def test_covariates_are_numbers_or_names_by_what_they_hold(self, whole):
        header = "unique_id,ds,y,temp,wind,code,area,kind"
        rows = [
            (n, clock(t), t, ["0", "NA", "1", "1.5", "2"][t], "NNN N"[t], f"0{t}", size, f"k{n}")
            for n, size in (("a", 1), ("b", 2))
            for t in range(5)
        ]
        # A name in the last row makes a column names throughout, as they were written.
        rows[-1] = (*rows[-1][:5], "x", *rows[-1][6:])
        found = whole(
            long(rows, header), past_covariates="temp,wind,code", static_covariates="area,kind"
        )
        same(found[0].covariates["temp"], [0, NAN, 1, 1.5, 2])
        assert list(found[0].covariates["wind"]) == ["N", "N", "N", "", "N"]
        assert list(found[1].covariates["code"]) == ["00", "01", "02", "03", "x"]
        assert [one.static for one in found] == [
            {"area": 1.0, "kind": "ka"},
            {"area": 2.0, "kind": "kb"},
        ]

    def test_a_static_covariate_that_varies_is_refused(self, whole):
        rows = [("a", clock(t), t, t // 3, "xy"[t // 3]) for t in range(5)]
        for name in ("size", "kind"):
            with pytest.raises(UserError, match=f"'{name}' has several values in series 'a'"):
                whole(long(rows, "unique_id,ds,y,size,kind"), static_covariates=name)


class TestTimes:
    def test_rows_in_disorder_are_sorted_and_told(self, whole, capsys):
        rows = [("a", clock(t), t) for t in (0, 2, 1, 3, 4)]
        assert targets(whole(long(rows))) == {"a": [0, 1, 2, 3, 4]}
        note = capsys.readouterr().err
        assert re.search(r"note: .*t\.csv: 1 rows come before .*01:00:00 of series 'a'", note)

    def test_gaps_become_missing_values_and_are_told(self, whole, capsys):
        rows = [("a", clock(t), t, f"n{t}", t) for t in range(20) if t not in (5, 6, 9)]
        (one,) = whole(long(rows, "unique_id,ds,y,name,number"), past_covariates="name,number")
        expected = [NAN if t in (5, 6, 9) else t for t in range(20)]
        same(one.target, expected)
        same(one.covariates["number"], expected)
        assert [one.covariates["name"][t] for t in (4, 5, 9)] == ["n4", "", ""]
        note = capsys.readouterr().err
        assert re.search(r"3 rows are missing .*\(first: after .* 04:00:00 of series 'a'\)", note)

    def test_a_row_that_is_repeated_counts_once(self, whole, capsys):
        rows = [("a", clock(t), "" if t == 2 else t) for t in (0, 1, 2, 2, 3, 4, 4)]
        same(whole(long(rows))[0].target, [0, 1, NAN, 3, 4])
        assert re.search(r"2 rows are repeated .* 02:00:00", capsys.readouterr().err)

    def test_two_values_of_one_time_are_refused(self, whole):
        rows = [("a", clock(t), t) for t in range(5)]
        expected = r"t\.csv: 2020-01-01 03:00:00 of series 'a' occurs twice .*data\.id_column"
        with pytest.raises(UserError, match=expected):
            whole(long([*rows, ("a", clock(3), 99)]))
        rows = [*((*row, "N") for row in rows), (*rows[3], "S")]
        with pytest.raises(UserError, match=r"series 'a' occurs twice"):
            whole(long(rows, "unique_id,ds,y,c"), past_covariates="c")

    @pytest.mark.parametrize("second", ["b", "a"])
    def test_mixed_frequencies_are_refused(self, whole, second):
        # Forty hours, then fifteen days: in a series of its own, or as it goes on.
        begin = 0 if second == "b" else 40
        rows = [("a", clock(t), t) for t in range(40)]
        rows += [(second, clock(begin + 24 * t), t) for t in range(15)]
        expected = rf"frequencies are mixed.* 1h, .*series '{second}' by 1d .*data\.frequency 1h"
        with pytest.raises(UserError, match=expected):
            whole(long(rows))
        # Who says that the rows between are missing is believed.
        found = whole(long(rows), frequency="1h")
        assert found[-1].num_rows == (14 * 24 + 1 if second == "b" else 40 + 14 * 24 + 1)

    def test_a_finer_series_among_others_is_a_mixed_frequency(self, whole):
        rows = [("a", clock(t), t) for t in range(40)]
        rows += [("b", clock(t / 2), t) for t in range(20)]
        with pytest.raises(
            UserError, match=r"mixed.* go by 1h.*'b' by 30min.*data\.frequency 30min"
        ):
            whole(long(rows))

    def test_irregular_times_are_refused(self, whole):
        rows = [("a", clock(t), t) for t in (*range(10), 9.5, 10.5)]
        with pytest.raises(UserError, match=r"09:30:00 of series 'a' is not a whole number"):
            whole(long(rows))
        assert whole(long(rows), frequency="30min")[0].num_rows == 22
        with pytest.raises(UserError, match=r"is not the only row of its step"):
            whole(long([("a", clock(24 * t), t) for t in range(40)]), frequency="MS")

    def test_a_mistyped_year_does_not_make_a_million_rows(self, whole):
        rows = [("a", clock(t), t) for t in range(30)] + [("a", "2220-01-02", 1)]
        with pytest.raises(UserError, match=r"31 rows, but by 1h .*2220-01-02 is mistyped"):
            whole(long(rows))

    @pytest.mark.parametrize("text", ["31.12.2020", "", "2020-13-01"])
    def test_a_time_that_cannot_be_read_is_named_with_its_line(self, whole, text):
        rows = [("a", clock(0), 1), ("a", text, 2)]
        expected = rf"t\.csv line 3: ds '{re.escape(text)}' cannot be read as a time.*2020-12-31"
        with pytest.raises(UserError, match=expected):
            whole(long(rows))

    def test_rows_may_be_counted(self, whole):
        (one,) = whole(long([("a", t, t) for t in range(1, 8)]))
        assert (one.num_rows, one.dated) == (7, False)
        (one,) = whole(long([("a", t, t) for t in (3, 4, 6)]), frequency="MS")
        same(one.target, [3, 4, NAN, 6])
        assert one.frequency == "1MS"
        # The same count is the same time, also in a table that begins later: cycles go on.
        assert one.timestamps[0] == calendar.timegm((1970, 4, 1, 0, 0, 0))

    def test_months_of_any_day_lie_on_first_days(self, whole):
        ends = [f"2020-{m:02}-{calendar.monthrange(2020, m)[1]}" for m in range(1, 13)]
        (one,) = whole(long([("a", day, m) for m, day in enumerate(ends)]))
        assert one.frequency == "1MS"
        assert [str(t)[:10] for t in one.timestamps.astype("datetime64[s]")] == [
            f"2020-{m:02}-01" for m in range(1, 13)
        ]

    def test_an_hour_that_the_clock_shows_twice_is_two_hours(self, whole):
        # Central European clocks are put back from three to two on 25 October 2020.
        shown = ["00:00", "01:00", "02:00", "02:00", "03:00", "04:00"]
        rows = [("a", f"2020-10-25 {hour}", i) for i, hour in enumerate(shown)]
        (one,) = whole(long(rows), timezone="Europe/Berlin")
        assert one.target.tolist() == [0, 1, 2, 3, 4, 5]
        assert one.timestamps[0] == calendar.timegm((2020, 10, 24, 22, 0, 0))
        with pytest.raises(UserError, match=r"occurs twice.*clocks were put back.*data\.timezone"):
            whole(long(rows))

    def test_an_hour_that_no_clock_showed_is_refused(self, whole):
        rows = [("a", f"2020-03-29 0{hour}:00", hour) for hour in range(5)]
        with pytest.raises(UserError, match=r"02:00.*put forward.*data\.timezone"):
            whole(long(rows), timezone="Europe/Berlin")

    @pytest.mark.parametrize("written", ["", "T00:00+01:00"])
    def test_days_are_days_where_clocks_are_changed(self, whole, written):
        def day(d):
            offset = written if d < 29 else written.replace("01:00", "02:00")
            # Summer time begins on the 29th, an hour after midnight.
            return f"2020-03-{d}{offset if d > 29 else written}"

        rows = [("a", day(d), d) for d in range(20, 32)]
        (one,) = whole(long(rows), timezone="Europe/Berlin")
        assert one.target.tolist() == list(range(20, 32))
        assert one.frequency == "1d"
        assert one.timestamps[0] == calendar.timegm((2020, 3, 20, 0, 0, 0))

    def test_offsets_are_taken_into_account(self, whole):
        rows = [("a", f"2020-01-01T{10 + t}:00+0{t}:00", t) for t in range(4)]
        with pytest.raises(UserError, match="occurs twice"):
            whole(long(rows))
        rows = [("a", f"2020-01-01T{10 + 2 * t}:00:00+0{t}:00", t) for t in range(4)]
        (one,) = whole(long(rows))
        assert one.timestamps[0] == START + 10 * HOUR
        assert one.num_rows == 4


class TestNumbers:
    def test_numbers_without_a_square_are_refused(self, whole):
        rows = [("a", clock(t), 1e300 if t == 3 else t) for t in range(8)]
        with pytest.raises(UserError, match=r"t\.csv: y has 1e\+300, .*larger unit"):
            whole(long(rows))
        assert whole(long([(*row[:2], row[2] / 1e201) for row in rows]))[0].num_rows == 8

    def test_missing_and_infinite_values_are_missing(self, whole, capsys):
        texts = ["1", "", "NA", "nan", "inf", "-Infinity", "1e400", " 2 ", "1e30", "-1e-30"]
        (one,) = whole(long([("a", clock(t), text) for t, text in enumerate(texts)]))
        same(one.target, [1, *[NAN] * 6, 2, 1e30, -1e-30])
        assert "3 infinite values count as missing (first: column y)" in capsys.readouterr().err

    def test_a_text_among_numbers_is_named_with_its_line(self, whole):
        rows = [("a", clock(t), "12a" if t == 3 else t) for t in range(5)]
        with pytest.raises(UserError, match=r"t\.csv line 5: y '12a' is not a number"):
            whole(long(rows))
        with pytest.raises(UserError, match=r"line 4: y '12a'"):
            # Empty lines are passed over, but counted.
            whole("unique_id,ds,y\na,2020-01-01,1\n\na,2020-01-02,12a\n")

    def test_decimal_commas_are_read_when_they_are_announced(self, whole):
        text = "unique_id;ds;y;c\n" + "".join(f"a;{clock(t)};{t},5;-0,{t}e1\n" for t in range(5))
        (one,) = whole(text, decimal_comma=True, past_covariates="c")
        assert one.target.tolist() == [0.5, 1.5, 2.5, 3.5, 4.5]
        assert one.covariates["c"].tolist() == [-0.0, -1.0, -2.0, -3.0, -4.0]
        quoted = text.replace("0,5", '"0,5"').replace(";c\n", ";c\n", 1)
        for changed in (text, quoted):
            with pytest.raises(UserError, match=r"y '0,5' looks .*--data\.decimal_comma true"):
                whole(changed)
        with pytest.raises(UserError, match=r"c '-0,0e1' looks .*--data\.decimal_comma true"):
            whole(text.replace(",5;", ";"), past_covariates="c")
        with pytest.raises(UserError, match=r"y '1\.234,5' .*add --data\.thousands point\."):
            whole(text.replace("1,5", "1.234,5"), decimal_comma=True)
        with pytest.raises(UserError, match=r"y '1\.5' has a decimal point"):
            whole(text.replace("1,5", "1.5"), decimal_comma=True)

    @pytest.mark.parametrize(
        ("texts", "name", "changes"),
        [
            (["998", "1,005", "12,345,678.5"], "comma", {}),
            (["998", "1.005", "12.345.678,5"], "point", {"decimal_comma": True}),
            (["998", "1 005", "12\u00a0345\u202f678.5"], "space", {}),
            (["998", "1'005", "12\u2019345\u2019678.5"], "apostrophe", {}),
        ],
    )
    def test_separators_of_thousands_are_read_when_they_are_named(
        self, whole, texts, name, changes
    ):
        text = "unique_id,ds,y\n" + "".join(f'a,{clock(t)},"{y}"\n' for t, y in enumerate(texts))
        (one,) = whole(text, thousands=name, **changes)
        assert one.target.tolist() == [998, 1005, 12345678.5]
        if name == "point":  # 1.005 alone is a number
            text = text.replace("998", "9.998,0")
        with pytest.raises(UserError, match=rf"separators of .*--data\.thousands {name}"):
            whole(text, **changes)

    @pytest.mark.parametrize("text", ["1,00", "1,0050", "12,34,567", ",005", "1,005x"])
    def test_commas_elsewhere_separate_no_thousands(self, whole, text):
        with pytest.raises(UserError, match="line 2: y"):
            whole(f'unique_id,ds,y\na,2020-01-01,"{text}"\n', thousands="comma")

    def test_three_digits_after_every_decimal_comma_are_noted(self, whole, capsys):
        text = "unique_id;ds;y\n" + "".join(f"a;{clock(t)};{t},005\n" for t in range(5))
        whole(text, decimal_comma=True)
        assert "three digits after every comma" in capsys.readouterr().err
        whole(text.replace("1,005", "1,5"), decimal_comma=True)
        assert capsys.readouterr().err == ""

    def test_the_index_that_pandas_writes_is_no_series(self, whole, capsys):
        rows = "".join(f"{t},{clock(t)},{t},{t}\n" for t in range(5))
        assert [one.unique_id for one in whole("Unnamed: 0,ds,a,b\n" + rows)] == ["a", "b"]
        assert "'Unnamed: 0', an index that pandas writes" in capsys.readouterr().err
        (one, *_) = whole("Unnamed: 0,ds,a,b\n" + rows, past_covariates="Unnamed: 0")
        assert "Unnamed: 0" in one.covariates

    @pytest.mark.parametrize("form", ["{}Q{}", "{}-Q{}", "{} q{}"])
    def test_quarters_are_their_first_days(self, whole, form):
        times = [form.format(2020 + i // 4, i % 4 + 1) for i in range(6)]
        (one,) = whole("unique_id,ds,y\n" + "".join(f"a,{t},{i}\n" for i, t in enumerate(times)))
        assert [time_text(t) for t in one.timestamps[:2]] == ["2020-01-01", "2020-04-01"]
        with pytest.raises(UserError, match=r"'2020-Q5'|'x'"):
            whole("unique_id,ds,y\na,2020Q1,1\na,2020-Q5,2\n")

    def test_decimal_commas_without_quotes_break_rows_and_are_told(self, whole):
        with pytest.raises(UserError, match=r"line 2 has 4 fields, the header has 3.*semicolons"):
            whole("unique_id,ds,y\na,2020-01-01,1,5\n")

    def test_a_mistyped_number_does_not_make_a_column_names(self, whole):
        rows = [("a", clock(t), t, "1o" if t == 7 else t) for t in range(60)]
        with pytest.raises(UserError, match=r"c holds numbers for the most part, but also '1o'"):
            whole(long(rows, "unique_id,ds,y,c"), past_covariates="c")

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            (b'unique_id,ds,y\na,"2020', r"cannot be read as a table.*quote"),
            (b"unique_id,ds,y\n\xe4,2020-01-01,1\n", r"not UTF-8 \(byte 0xe4\).*windows-1252"),
            (b"unique_id,ds,y\n", r"no rows"),
            (b"unique_id,ds,y\na,2020-01-01,\na,2020-01-02,NA\n", r"all values are missing"),
        ],
    )
    def test_damaged_tables_are_told_in_one_line(self, whole, data, expected):
        with pytest.raises(UserError, match=expected) as caught:
            whole(data)
        assert "\n" not in str(caught.value)

    def test_a_damaged_archive_is_told(self, whole, tmp_path, options):
        path = tmp_path / "t.csv.gz"
        path.write_bytes(gzip.compress(hours(50).encode())[:-9])
        with pytest.raises(UserError, match=r"t\.csv\.gz cannot be read"):
            series_files.read(path, options())

    def test_a_byte_order_mark_and_windows_line_ends_are_passed_over(self, whole):
        data = b"\xef\xbb\xbf" + hours(5).replace("\n", "\r\n").encode()
        assert targets(whole(data)) == {"a": [0, 1, 2, 3, 4]}

    def test_series_without_a_value_are_left_out_and_told(self, whole, capsys):
        rows = [(n, clock(t), t if n == "a" else "") for n in "ab" for t in range(5)]
        assert set(targets(whole(long(rows)))) == {"a"}
        assert "1 series without a value are left out ('b')" in capsys.readouterr().err

    def test_a_constant_series_is_a_series(self, whole):
        (one,) = whole(long([("a", clock(t), 7) for t in range(5)]))
        assert one.target.tolist() == [7] * 5


def ends(series):
    return {one.unique_id: (one.first_target, one.num_rows) for one in series}


class TestSplits:
    def test_one_file_is_cut_into_three(self, load):
        files = {"train": hours(100, "ab")}
        assert ends(load("train", files)) == {"a": (0, 70), "b": (0, 70)}
        assert ends(load("validation", files)) == {"a": (70, 80), "b": (70, 80)}
        assert ends(load("test", files)) == {"a": (80, 100), "b": (80, 100)}
        # At least the horizon is held out, and lengths may be given.
        assert ends(load("validation", files, prediction_length=15)) == {
            "a": (65, 80),
            "b": (65, 80),
        }
        given = {"validation_length": 3, "test_length": 5}
        assert ends(load("validation", files, **given))["a"] == (92, 95)
        assert ends(load("test", files, **given))["a"] == (95, 100)

    def test_files_of_later_rows_go_on_where_training_ends(self, load, capsys):
        files = {"train": hours(50), "validation": hours(5, first=50), "test": hours(9, first=55)}
        assert ends(load("train", files)) == {"a": (0, 50)}
        assert ends(load("validation", files)) == {"a": (50, 55)}
        (test,) = load("test", files)
        assert ends([test]) == {"a": (55, 64)}
        assert test.target.tolist() == [*range(50), *range(5), *range(9)]
        assert capsys.readouterr().err == ""

    def test_without_a_validation_file_its_rows_come_from_the_end_of_training(self, load):
        files = {"train": hours(50), "test": hours(9, first=50)}
        assert ends(load("train", files)) == {"a": (0, 45)}
        assert ends(load("validation", files)) == {"a": (45, 50)}
        assert ends(load("test", files)) == {"a": (50, 59)}

    def test_without_a_test_file_the_last_file_has_no_test(self, load):
        files = {"train": hours(50), "validation": hours(5, first=50)}
        assert ends(load("train", files)) == {"a": (0, 50)}
        assert ends(load("validation", files)) == {"a": (50, 55)}
        assert load("test", files) is None

    def test_a_test_file_may_stand_alone(self, load):
        files = {"test": hours(50)}
        assert ends(load("test", files)) == {"a": (40, 50)}
        assert load("validation", files) is None
        with pytest.raises(UserError, match=r"needs --data\.train FILE"):
            load("train", files)

    def test_a_test_file_may_repeat_the_history(self, load, capsys):
        files = {"train": hours(50), "test": hours(60)}
        assert ends(load("test", files)) == {"a": (50, 60)}
        assert "50 rows are repeated" in capsys.readouterr().err
        changed = hours(60).replace("03:00:00,3", "03:00:00,4")
        with pytest.raises(UserError, match=r"train\.csv, .*03:00:00 of series 'a' occurs twice"):
            load("test", {"train": hours(50), "test": changed})

    def test_a_hole_between_files_is_missing_values(self, load, capsys):
        files = {"train": hours(50), "test": hours(10, first=53)}
        (one,) = load("test", files)
        assert (one.first_target, one.num_rows) == (50, 63)
        same(one.target[49:55], [49, NAN, NAN, NAN, 0, 1])
        assert "3 rows are missing" in capsys.readouterr().err

    def test_series_may_be_new_or_end(self, load, capsys):
        files = {"train": hours(50, "ab"), "test": hours(9, "bc", first=50)}
        assert ends(load("test", files)) == {"b": (50, 59), "c": (1, 9)}
        assert "1 series are left out of test" in capsys.readouterr().err
        assert set(ends(load("train", files))) == {"a", "b"}

    def test_a_test_file_that_ends_before_training_is_refused(self, load):
        with pytest.raises(UserError, match=r"no series has rows after training"):
            load("test", {"train": hours(50), "test": hours(10)})

    def test_short_series_are_left_out_and_told(self, load, capsys):
        text = hours(30) + "".join(f"{n},{clock(t)},{t}\n" for n in "xy" for t in range(5))
        assert set(ends(load("train", {"train": text}))) == {"a"}
        note = capsys.readouterr().err
        assert re.search(r"2 series are left out of train, without more than .* 2 rows.*'x'", note)
        # Their ends can still be forecast.
        assert ends(load("test", {"train": text})) == {"a": (24, 30), "x": (3, 5), "y": (3, 5)}

    def test_only_short_series_are_refused(self, load):
        with pytest.raises(UserError, match=r"the longest, 'a', has 5 rows .*prediction_length"):
            load("train", {"train": hours(5)})

    def test_a_covariate_unknown_ahead_is_refused(self, load):
        def table(hole):
            rows = [("a", clock(t), t, "" if t == hole else t) for t in range(50)]
            return {"train": long(rows, "unique_id,ds,y,plan")}

        known = {"future_covariates": "plan"}
        assert ends(load("train", table(45), **known)) == {"a": (0, 35)}
        with pytest.raises(UserError, match=r"'plan' of series 'a' .* 2020-01-02 21:00:00"):
            load("test", table(45), **known)
        assert ends(load("test", table(45), past_covariates="plan")) == {"a": (40, 50)}
        assert ends(load("test", table(20), **known)) == {"a": (40, 50)}

    def test_a_row_that_is_missing_altogether_is_no_unknown_covariate(self, load):
        rows = [("a", clock(t), t, t) for t in range(50) if t != 45]
        (one,) = load(
            "test", {"train": long(rows, "unique_id,ds,y,plan")}, future_covariates="plan"
        )
        assert np.isnan(one.covariates["plan"][45])

    def test_numbers_and_names_of_two_files_are_names(self, load):
        def table(first, codes):
            rows = [("a", clock(first + t), t, code) for t, code in enumerate(codes)]
            return long(rows, "unique_id,ds,y,code")

        files = {"train": table(0, [1, 2] * 20), "test": table(40, ["x", 1, "", 2])}
        (one,) = load("test", files, past_covariates="code")
        assert list(one.covariates["code"][38:]) == ["1", "2", "x", "1", "", "2"]

    def test_splits_share_their_arrays(self, load):
        files = {"train": hours(100)}
        (train,), (test,) = load("train", files), load("test", files)
        assert np.shares_memory(train.target, test.target)
        with pytest.raises(ValueError, match="read-only"):
            train.target[0] = 1
        # A file that was changed is read again.
        assert ends(load("test", {"train": hours(60)})) == {"a": (48, 60)}

    def test_files_that_are_not_there_are_told(self, load, options, tmp_path):
        (tmp_path / "series.csv").write_text(hours(5))
        for given, expected in [
            ("serie.csv", r"serie\.csv does not exist\. Did you mean 'series\.csv'\? "),
            (".", r"is a folder\. "),
        ]:
            section = options(train=str(tmp_path / given))
            with pytest.raises(UserError, match=rf"--data\.train: .*{expected}.*unique_id,ds,y"):
                load_examples("files", "train", section, "seqsuite.tasks.forecasting")

    def test_rows_that_know_covariates_but_no_target_are_kept_to_the_end(self, whole):
        rows = [("a", clock(t), t if t < 8 else "", t) for t in range(12)]
        (one,) = whole(long(rows, "unique_id,ds,y,plan"), future_covariates="plan")
        assert one.num_rows == 12
        assert np.isnan(one.target[8:]).all()
        same(one.covariates["plan"], range(12))


def test_tables_are_read_in_stretches(whole, monkeypatch):
    monkeypatch.setattr("seqsuite.tasks.forecasting.data.tables._FIELDS_AT_A_TIME", 7)
    found = whole(hours(30, "ab"))
    assert targets(found) == {"a": list(range(30)), "b": list(range(10, 40))}
    with pytest.raises(UserError, match=r"line 33: y 'x' is not a number"):
        whole(hours(30, "ab").replace(f"b,{clock(1)},11", f"b,{clock(1)},x"))
