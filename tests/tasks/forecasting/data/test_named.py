"""Named sets of series are read in upstream's formats, at the rows of the published splits."""

from __future__ import annotations

import calendar
import gzip
import hashlib
import socket

import numpy as np
import pytest

from seqsuite.data import upstream
from seqsuite.data.discovery import load_examples, sources
from seqsuite.errors import UserError
from seqsuite.tasks.forecasting.data import ett, m4, weather
from tests.data.sections import section_builder

NAMES = ("beijing_pm25", "ettm1", "etth1", "exchange_rate", "m4_hourly", "weather")
SPLITS = ("train", "validation", "test")
HOUR = 3600
WEATHER = (
    "date,p (mbar),T (degC),Tpot (K),Tdew (degC),rh (%),VPmax (mbar),VPact (mbar),VPdef (mbar),"
    "sh (g/kg),H2OC (mmol/mol),rho (g/m**3),wv (m/s),max. wv (m/s),wd (deg),rain (mm),raining (s),"
    "SWDR (W/m²),PAR (µmol/m²/s),max. PAR (µmol/m²/s),Tlog (degC),OT"
)


@pytest.fixture
def options(monkeypatch):
    monkeypatch.delenv("SEQSUITE_DATA", raising=False)
    return section_builder(
        prediction_length=24, context_length=48, past_covariates=(), future_covariates=()
    )


@pytest.fixture
def load(options):
    def read(source, split, **changes):
        found = load_examples(
            source, split, options(source=source, **changes), "seqsuite.tasks.forecasting"
        )
        return found.features["series"]

    return read


def write(path, text, encoding="utf-8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode(encoding)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def bounds(series):
    return {(one.first_target, one.num_rows) for one in series}


def stamps(count, minutes, start="2016-07-01"):
    step = np.timedelta64(minutes, "m")
    return [
        str(t).replace("T", " ") for t in np.datetime64(f"{start}T00:00:00") + step * range(count)
    ]


def test_sources_of_the_task_are_found():
    found = sources("seqsuite.tasks.forecasting")
    assert set(found) == {*NAMES, "sample", "files"}
    assert all("\n" not in line for line in found.values())


@pytest.mark.parametrize("name", NAMES)
def test_absent_data_names_the_ways_out_and_touches_no_network(
    tmp_path, options, monkeypatch, name
):
    monkeypatch.setattr(socket, "create_connection", pytest.fail)
    with pytest.raises(UserError, match=r"--data\.download true.*--data\.source sample") as caught:
        load_examples(name, "train", options(dir=str(tmp_path)), "seqsuite.tasks.forecasting")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_covariates_that_are_not_there_are_refused(options, name):
    with pytest.raises(UserError, match=r"past_covariates: .*has no column 'humidity'"):
        load_examples(
            name, "train", options(past_covariates="humidity"), "seqsuite.tasks.forecasting"
        )


@pytest.mark.parametrize("name", NAMES)
def test_what_is_fetched_has_a_checksum(tmp_path, options, monkeypatch, name):
    asked = []

    def fetch(url, *, name, sha256):
        asked.append((url, len(sha256)))
        raise UserError("not here")

    monkeypatch.setattr(upstream, "fetch", fetch)
    with pytest.raises(UserError, match="not here"):
        load_examples(name, "train", options(download=True), "seqsuite.tasks.forecasting")
    assert [(url[:34], size) for url, size in asked] == [("https://raw.githubusercontent.com/", 64)]


class TestTransformer:
    COLUMNS = ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")

    def table(self, name, days):
        rows = days * (24 if name == "ETTh1" else 96)
        lines = [
            f"{time},{','.join(str(row + column / 10) for column in range(7))}"
            for row, time in enumerate(stamps(rows, 1440 * days // rows))
        ]
        return "\n".join([f"date,{','.join(self.COLUMNS)}", *lines, ""])

    @pytest.mark.parametrize("below", ["", "ETT-small", "ett", "forecasting/ett"])
    def test_splits_are_those_of_the_papers(self, tmp_path, load, capsys, below):
        # 600 days are in splits, and 20 more in none.
        write(tmp_path / below / "ETTh1.csv.gz", self.table("ETTh1", 620))
        expected = dict(zip(SPLITS, [(0, 8640), (8640, 11520), (11520, 14400)], strict=True))
        for split in SPLITS:
            found = load("etth1", split, dir=str(tmp_path))
            assert tuple(one.unique_id for one in found) == self.COLUMNS
            assert bounds(found) == {expected[split]}
        assert found[1].target[:3].tolist() == [0.1, 1.1, 2.1]
        assert found[0].timestamps[0] == calendar.timegm((2016, 7, 1, 0, 0, 0))
        assert found[0].frequency == "1h"
        assert capsys.readouterr().err == ""

    def test_a_quarter_of_an_hour_has_four_times_the_rows(self, tmp_path, load, monkeypatch):
        # Hundredths of the months are enough to see it.
        for name in ("TRAIN_DAYS", "VALIDATION_DAYS", "TEST_DAYS"):
            monkeypatch.setattr(ett, name, getattr(ett, name) // 60)
        write(tmp_path / "ETTm1.csv", self.table("ETTm1", 12))
        found = load("ettm1", "test", dir=str(tmp_path))
        assert bounds(found) == {(96 * 8, 96 * 10)}
        assert found[0].frequency == "15min"
        assert [reader.SEASON_STEPS for reader in ett.READERS] == [24, 96]

    def test_a_shorter_file_is_refused(self, tmp_path, load):
        write(tmp_path / "ETTh1.csv", self.table("ETTh1", 30))
        with pytest.raises(UserError, match=r"720 rows, expected at least 14,400"):
            load("etth1", "train", dir=str(tmp_path))


class TestExchangeRate:
    def test_days_are_counted_and_cut_by_shares(self, tmp_path, load):
        lines = [",".join(f"{row + column / 10:.6f}" for column in range(8)) for row in range(105)]
        write(tmp_path / "exchange_rate.txt.gz", "\n".join(lines) + "\n")
        expected = dict(zip(SPLITS, [(0, 73), (73, 84), (84, 105)], strict=True))
        for split in SPLITS:
            found = load("exchange_rate", split, dir=str(tmp_path))
            assert len(found) == 8
            assert bounds(found) == {expected[split]}
        assert found[2].target[:3].tolist() == [0.2, 1.2, 2.2]
        assert (found[0].frequency, found[0].dated) == ("1d", False)

    @pytest.mark.parametrize("text", ["1,2\n", "a,b\n", "1,2,3,4,5,6,7,nan\n", "1,2\n3\n", ""])
    def test_another_file_in_its_place_is_refused(self, tmp_path, load, text):
        write(tmp_path / "exchange_rate.txt", text)
        with pytest.raises(UserError, match=r"exchange_rate\.txt"):
            load("exchange_rate", "train", dir=str(tmp_path))


class TestWeather:
    def rows(self, count=200):
        times = stamps(count, 10, "2020-01-01")
        return [[time, *(f"{row}.5" for _ in range(21))] for row, time in enumerate(times)]

    def text(self, rows):
        return "\r\n".join([WEATHER, *(",".join(row) for row in rows), ""])

    @pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "broken"])
    def test_names_have_no_units_whatever_became_of_them(self, tmp_path, load, encoding):
        text = self.text(self.rows())
        if encoding == "broken":
            text, encoding = text.replace("²", "\ufffd").replace("µ", "\ufffd"), "utf-8"
        write(tmp_path / "weather.csv", text, encoding)
        found = [one.unique_id for one in load("weather", "train", dir=str(tmp_path))]
        assert found == [
            "p", "T", "Tpot", "Tdew", "rh", "VPmax", "VPact", "VPdef", "sh", "H2OC", "rho", "wv",
            "max. wv", "wd", "rain", "raining", "SWDR", "PAR", "max. PAR", "Tlog", "OT",
        ]  # fmt: skip

    def test_the_oddities_are_read_as_they_are_meant(self, tmp_path, load, capsys):
        rows = self.rows()
        rows[5][21] = "-9999.0"
        # Ten minutes are there twice, and two rows are missing.
        rows = [*rows[:8], rows[7], *rows[8:20], *rows[22:]]
        write(tmp_path / "weather.csv.gz", self.text(rows))
        train, validation, test = (load("weather", s, dir=str(tmp_path))[20] for s in SPLITS)
        missing = np.flatnonzero(np.isnan(test.target)).tolist()
        assert missing == [5, 20, 21]
        assert (test.num_rows, test.frequency) == (200, "10min")
        # Of 198 different rows, a fifth is the test and 198 - int(138.6) are held out.
        assert bounds([test]) == {(200 - 39, 200)}
        assert bounds([validation]) == {(200 - 60, 200 - 39)}
        assert bounds([train]) == {(0, 200 - 60)}
        assert capsys.readouterr().err == ""


class TestHourlyM4:
    def write(self, folder, lengths=(60, 70), ahead=48):
        def table(rows):
            width = max(len(row) for row in rows)
            padded = [[*row, *[""] * (width - len(row))] for row in rows]
            header = [f"V{i + 1}" for i in range(width)]
            lines = [",".join(f'"{c}"' if c else c for c in row) for row in [header, *padded]]
            return "\n".join([*lines, ""])

        names = [f"H{i + 1}" for i in range(len(lengths))]
        known = [[n, *range(1, 1 + length)] for n, length in zip(names, lengths, strict=True)]
        future = [[n, *range(1000, 1000 + ahead)] for n in names]
        write(folder / "Hourly-train.csv.gz", table(known))
        write(folder / "Hourly-test.csv.gz", table(future))

    def test_series_of_any_length_are_told_apart_from_padding(self, tmp_path, load):
        self.write(tmp_path / "m4")
        train, validation, test = (load("m4_hourly", s, dir=str(tmp_path)) for s in SPLITS)
        assert [one.unique_id for one in test] == ["H1", "H2"]
        assert bounds(train) == {(0, 60 - 48), (0, 70 - 48)}
        assert bounds(validation) == {(60 - 48, 60), (70 - 48, 70)}
        assert bounds(test) == {(60, 108), (70, 118)}
        assert test[0].target.tolist() == [*range(1, 61), *range(1000, 1048)]
        assert (test[0].frequency, test[0].dated) == ("1h", False)
        assert m4.SEASON_STEPS == 24

    @pytest.mark.parametrize(
        ("train", "expected"),
        [
            ("V1,V2\n", r"holds no series"),
            ("V1,V2\nH1,a\n", r"line 2 is no series"),
            ("V1,V2\nH1,1\n", r"series H1 has 1 rows, too few"),
        ],
    )
    def test_another_file_in_its_place_is_refused(self, tmp_path, load, train, expected):
        write(tmp_path / "Hourly-train.csv", train)
        with pytest.raises(UserError, match=expected):
            load("m4_hourly", "train", dir=str(tmp_path))

    def test_series_in_one_file_only_are_refused(self, tmp_path, load):
        self.write(tmp_path)
        write(tmp_path / "Hourly-test.csv.gz", "V1,V2\nH1,1\n")
        with pytest.raises(UserError, match="H2 is in one of upstream's two files only"):
            load("m4_hourly", "test", dir=str(tmp_path))


class TestBeijing:
    HEADER = "No,year,month,day,hour,pm2.5,DEWP,TEMP,PRES,cbwd,Iws,Is,Ir"

    def rows(self, count=100):
        return [
            f"{i + 1},2010,1,{1 + i // 24},{i % 24},{'NA' if i % 7 == 0 else i},{-i},{i / 2:g},"
            f"1000,{('NW', 'cv', 'SE', 'NE')[i % 4]},1.79,0,0"
            for i in range(count)
        ]

    @pytest.mark.parametrize(
        "name", ["PRSA_data_2010.1.1-2014.12.31.csv", "beijing_pm25/raw.csv.gz"]
    )
    def test_values_covariates_and_splits(self, tmp_path, load, name):
        write(tmp_path / name, "\n".join([self.HEADER, *self.rows(), ""]))
        given = {"past_covariates": "DEWP,cbwd"}
        train, validation, test = (
            load("beijing_pm25", s, dir=str(tmp_path), **given)[0] for s in SPLITS
        )
        assert [bounds([one]) for one in (train, validation, test)] == [
            {(0, 70)},
            {(70, 80)},
            {(80, 100)},
        ]
        assert np.flatnonzero(np.isnan(test.target)).tolist() == list(range(0, 100, 7))
        assert test.target[1] == 1
        assert list(test.covariates) == ["DEWP", "TEMP", "PRES", "cbwd", "Iws", "Is", "Ir"]
        assert list(test.covariates["cbwd"][:5]) == ["NW", "cv", "SE", "NE", "NW"]
        assert test.covariates["TEMP"][:3].tolist() == [0, 0.5, 1]
        assert test.timestamps[25] == calendar.timegm((2010, 1, 2, 1, 0, 0))
        assert test.frequency == "1h"

    def test_another_file_in_its_place_is_refused(self, tmp_path, load):
        rows = self.rows()
        for header, lines, expected in [
            (self.HEADER.replace("cbwd", "wind"), rows, "no column 'cbwd'"),
            (self.HEADER, [*rows[:3], *rows[4:]], "one row for each hour"),
            (self.HEADER, [], "one row for each hour"),
            (self.HEADER, [rows[0].replace(",1,1,", ",13,1,")], "a time that there is not"),
        ]:
            write(tmp_path / "raw.csv", "\n".join([header, *lines, ""]))
            with pytest.raises(UserError, match=expected):
                load("beijing_pm25", "train", dir=str(tmp_path))


class TestSample:
    def test_months_are_means_of_their_weeks_and_gaps_stay(self, load):
        from statsmodels.datasets import co2

        train, validation, test = (load("sample", split)[0] for split in SPLITS)
        assert [bounds([one]) for one in (train, validation, test)] == [
            {(0, 368)},
            {(368, 421)},
            {(421, 526)},
        ]
        # Means by another way than the code's.
        months: dict[str, list[float]] = {}
        for day, value in co2.load_pandas().data["co2"].items():
            months.setdefault(f"{day:%Y-%m}", [])
            if value == value:
                months[f"{day:%Y-%m}"].append(value)
        names = [str(month) for month in test.timestamps.astype("datetime64[s]").astype("M8[M]")]
        assert names == list(months)
        expected = [np.mean(values) if values else np.nan for values in months.values()]
        np.testing.assert_allclose(test.target, expected, rtol=1e-12)
        assert np.isnan(expected).sum() == 5
        assert test.frequency == "1MS"

    def test_it_has_no_covariates(self, load):
        with pytest.raises(UserError, match="the sample has no column 'temp'"):
            load("sample", "train", past_covariates="temp")


REAL = {
    "etth1": (7, {(11520, 14400)}, 0),
    "ettm1": (7, {(46080, 57600)}, 0),
    "exchange_rate": (8, {(6071, 7588)}, 0),
    # 9 rows are missing in 21 series, and 81 values are -9999.
    "weather": (21, {(42165, 52704)}, 9 * 21 + 81),
    "m4_hourly": (414, {(700, 748), (960, 1008)}, 0),
    "beijing_pm25": (1, {(43824 - 8764, 43824)}, 2067),
}


@pytest.mark.parametrize("name", REAL)
def test_upstreams_files_are_read(real_data, load, name):
    count, expected, missing = REAL[name]
    series = load(name, "test", dir=str(real_data))
    assert (len(series), bounds(series)) == (count, expected)
    assert sum(int(np.isnan(one.target).sum()) for one in series) == missing
    assert all(np.nanmin(one.target) > weather.MISSING for one in series)


def test_upstreams_checksums_are_those_of_the_files(real_data):
    expected = {f"ett/{reader._file}": reader._sha256 for reader in ett.READERS}
    expected |= {f"m4_hourly/{name.partition('/')[2]}": sha for name, sha in m4.SHA256.items()}
    for name, sha256 in expected.items():
        data = gzip.decompress((real_data / "forecasting" / f"{name}.gz").read_bytes())
        assert hashlib.sha256(data).hexdigest() == sha256, name
