"""Tables that a forecaster is given: read as training read, and refused where they tell less."""

from __future__ import annotations

import numpy as np
import pytest

from seqsuite.errors import UserError
from seqsuite.tasks.forecasting.tables import TRAINED_ON_FILE, written
from tests.tasks.forecasting.forecasters import COVARIATES, FORECASTING, HOUR, built, series

ROWS, AHEAD = 8, 4


@pytest.fixture(scope="module")
def covariates(tmp_path_factory):
    """A task that takes up what was written beside its exported model."""
    task, preprocessor, _ = built(data=COVARIATES)
    folder = tmp_path_factory.mktemp("assets.extra")
    for name, text in task.export_files(preprocessor).items():
        (folder / name).write_text(text, encoding="utf-8")
    task.read_export(folder)
    return task


def table(path, step=HOUR, warm="1", wind="N", city="Bonn", plan=lambda row: row):
    """Write a table of eight known rows, and four that know what is known ahead."""
    lines = ["unique_id,ds,y,warm,wind,plan,city"]
    for row in range(ROWS + AHEAD):
        time = np.datetime64(row * step, "s")
        target = row if row < ROWS else ""
        lines.append(f"a,{time},{target},{warm},{wind},{plan(row)},{city}")
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


def features(task, name):
    (item,) = task.read_items(iter(()), name, "csv")
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
        covariates.request("[1, 2]", None)
    assert covariates.example_words() == "--input FILE.csv"
    assert FORECASTING().example_words() == '"[315.7, 317.5, 317.5]"'


def test_a_single_row_goes_by_the_step_of_training(covariates, tmp_path):
    path = tmp_path / "one.csv"
    path.write_text("unique_id,ds,y\na,2020-01-01,1\n", encoding="utf-8")
    task, preprocessor, _ = built()
    (tmp_path / TRAINED_ON_FILE).write_text(task.export_files(preprocessor)[TRAINED_ON_FILE])
    task.read_export(tmp_path)
    (item,) = task.read_items(iter(()), str(path), "csv")
    lines = task.format_item(item, {"mean": [1.0, 2.0]}, "csv").splitlines()
    assert lines == ["a,2020-01-01 01:00:00,1", "a,2020-01-01 02:00:00,2"]


def test_a_model_that_was_exported_without_them_is_told(tmp_path):
    with pytest.raises(UserError, match=r"trained_on\.json does not exist: export the model anew"):
        FORECASTING().read_export(tmp_path)


def test_times_are_written_where_they_were_read():
    outputs = {"mean": [1.0]}
    one = series("a").part(1)  # the first hour of 1970, one o'clock in Berlin
    assert written(one, "", outputs) == "a,1970-01-01 01:00:00,1\n"
    assert written(one, "", outputs, "Europe/Berlin") == "a,1970-01-01 02:00:00+01:00,1\n"
