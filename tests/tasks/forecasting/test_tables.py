"""Tables that a forecaster is given: read as training read, and refused where they tell less."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import numpy as np
import pytest

from seqsuite.errors import UserError
from seqsuite.tasks.forecasting.quantile_levels import QUANTILE_LEVELS
from seqsuite.tasks.forecasting.tables import written
from tests.clients import client_of, lay_files, read
from tests.tasks.forecasting.forecasters import COVARIATES, FORECASTING, HOUR, built, series

ROWS, AHEAD = 8, 4


@pytest.fixture(scope="module")
def covariates(tmp_path_factory):
    """A client that has read what lies beside its exported model."""
    task, *trained = built(data=COVARIATES)
    folder = tmp_path_factory.mktemp("assets.extra")
    return client_of(task, lay_files(task.serving(*trained), folder))


def table(path, step=HOUR, warm="1", wind="N", city="Bonn", plan=lambda row: row):
    """Write a table of eight known rows, and four that know what is known ahead."""
    lines = ["unique_id,ds,y,warm,wind,plan,city"]
    for row in range(ROWS + AHEAD):
        time = np.datetime64(row * step, "s")
        target = row if row < ROWS else ""
        lines.append(f"a,{time},{target},{warm},{wind},{plan(row)},{city}")
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


def features(client, name):
    (item,) = read(client, name=name)
    return item.features


@pytest.mark.parametrize(("written_as", "read_as"), [("", ""), ("7", "7")])
def test_a_column_of_texts_stays_one_in_a_table_without_any(
    covariates, tmp_path, written_as, read_as
):
    name = table(tmp_path / "t.csv", wind=written_as, city=written_as)
    found = features(covariates, name)
    assert found["past_categories"].tolist() == [[read_as]] * ROWS
    assert found["static_categories"].tolist() == [read_as]
    assert found["past_covariates"].tolist() == [[1.0]] * ROWS
    assert found["future_covariates"].tolist() == [[float(row)] for row in range(ROWS + AHEAD)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"warm": "mild"}, r"'a': warm holds texts \('mild'\), and numbers"),
        ({"plan": lambda row: "" if row == 9 else row}, r"plan must be known.*1970-01-01 09:00"),
        ({"plan": lambda row: "" if row >= 8 else row}, r"plan must be known.*1970-01-01 08:00"),
        ({"step": 24 * HOUR}, r"'a' goes by 1d, but the model was trained .* 1h"),
    ],
)
def test_what_tells_less_than_training_did_is_refused(covariates, tmp_path, changes, message):
    name = table(tmp_path / "t.csv", **changes)
    with pytest.raises(UserError, match=message):
        features(covariates, name)


def test_numbers_alone_are_refused_where_covariates_are_read(covariates):
    with pytest.raises(UserError, match=r"no covariates.* warm, wind, plan, city.*--input"):
        read(covariates, "[1, 2]")


@pytest.fixture(scope="module")
def on_the_clock(tmp_path_factory):
    """A client of a model that reads the clock, as far as the time of numbers goes."""
    task, *trained = built(model={"cycle_length": 6})
    folder = lay_files(task.serving(*trained), tmp_path_factory.mktemp("assets.extra"))
    return lambda **options: client_of(task, folder, **options)


def test_numbers_alone_need_their_time_where_the_clock_is_read(on_the_clock, covariates, tmp_path):
    with pytest.raises(UserError, match=r"reads the clock.*--end"):
        read(on_the_clock(), "[1, 2]")
    (item,) = read(on_the_clock(end="1970-01-02 03:00"), "[1, 2]")
    assert item.features["end"] == 27 * HOUR
    with pytest.raises(UserError, match="'noon' cannot be read as a time"):
        read(on_the_clock(end="noon"), "[1, 2]")
    with pytest.raises(UserError, match="--end is of numbers without times"):
        read(on_the_clock(end="1970-01-02"), name=table(tmp_path / "t.csv"))
    timeless = copy.copy(covariates)
    timeless.options = SimpleNamespace(end="1970-01-02")
    with pytest.raises(UserError, match="does not read the clock"):
        read(timeless, "[1, 2]")


def test_answers_of_tables_tell_series_times_and_levels(covariates, tmp_path):
    client = on_table_client(covariates)
    (item,) = read(client, name=table(tmp_path / "t.csv"))
    (answer,) = client.answer([item])
    assert answer["unique_id"] == "a"
    assert answer["ds"] == [f"1970-01-01 {hour:02d}:00:00" for hour in range(ROWS, ROWS + AHEAD)]
    assert len(answer["levels"]) == len(answer["quantiles"][0])


def on_table_client(client):
    levels = len(QUANTILE_LEVELS)

    def model(**features):
        rows = len(features["unique_id"])
        shapes = {"mean": (rows, AHEAD), "quantiles": (rows, AHEAD, levels)}
        return {n: SimpleNamespace(numpy=lambda s=s: np.zeros(s)) for n, s in shapes.items()}

    answering = copy.copy(client)
    answering.model = model
    return answering


@pytest.mark.parametrize(
    ("data", "example"), [(COVARIATES, "--input FILE.csv"), ({}, '"[315.7, 317.5, 317.5]"')]
)
def test_the_example_is_one_that_is_answered(data, example):
    task, *trained = built(data=data)
    assert task.serving(*trained).example == example


def test_a_single_row_goes_by_the_step_of_training(covariates, tmp_path):
    path = tmp_path / "one.csv"
    path.write_text("unique_id,ds,y\na,2020-01-01,1\n", encoding="utf-8")
    task, *trained = built()
    client = client_of(task, lay_files(task.serving(*trained), tmp_path))
    (item,) = read(client, name=str(path))
    header, *lines = client.format(item, {"mean": [1.0, 2.0]}, "csv").splitlines()
    assert header.startswith("unique_id,ds,mean,")
    assert lines == ["a,2020-01-01 01:00:00,1", "a,2020-01-01 02:00:00,2"]
    assert "unique_id" not in client.format(item, {"mean": [1.0]}, "csv")


def test_a_model_that_was_exported_without_them_is_told(tmp_path):
    with pytest.raises(UserError, match=r"trained_on\.json does not exist: export the model anew"):
        client_of(FORECASTING(), tmp_path)


def test_times_are_written_where_they_were_read():
    outputs = {"mean": [1.0]}
    one = series("a").part(1)  # the first hour of 1970, one o'clock in Berlin
    assert written(one, "", outputs) == "a,1970-01-01 01:00:00,1\n"
    assert written(one, "", outputs, "Europe/Berlin") == "a,1970-01-01 02:00:00+01:00,1\n"
