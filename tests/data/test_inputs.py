"""Inputs of `predict`: by content and by option, one answer for each line."""

from __future__ import annotations

import io

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seqsuite.data.inputs import Inputs
from seqsuite.errors import UserError


@pytest.fixture
def file(tmp_path):
    def write(name, data):
        path = tmp_path / name
        path.write_bytes(data)
        return str(path)

    return write


@pytest.fixture
def pipe(monkeypatch):
    def send(data):
        class Pipe:
            buffer = io.BytesIO(data)

        monkeypatch.setattr("sys.stdin", Pipe)

    return send


def texts(name, **options):
    return list(Inputs((), name, **options).texts("text"))


def test_a_file_and_a_pipe_have_the_same_lines(file, pipe):
    data = b"A cat.\nHe said:\rI see.\nEnd.\n"
    pipe(data)
    assert texts("-") == texts(file("a.txt", data)) == ["A cat.", "He said:\rI see.", "End."]


@pytest.mark.parametrize(
    ("data", "options", "expected"),
    [
        (b'id,text\n0,"a dull film"\n', {"column": "text"}, ["a dull film"]),
        (b'{"id": 1, "text": "good"}\n', {"column": "text"}, ["good"]),
        (b"id\ttext\n0\tgood\n", {"input_format": "tsv"}, ["good"]),
        (b"id,text\n", {"input_format": "text"}, ["id,text"]),
        ("text\nvoil\u00e0\n".encode("utf-16"), {"input_format": "csv"}, ["voil\u00e0"]),
        (b"doesn\x92t\n", {"encoding": "windows-1252"}, ["doesn\u2019t"]),
    ],
)
def test_a_pipe_is_read_as_it_is_asked_for(pipe, data, options, expected):
    pipe(data)
    assert texts("-", **options) == expected


def test_fields_of_objects_are_named_with_dots(file):
    path = file("a.jsonl", b'{"data": {"text": "a fine film"}}\n')
    assert texts(path, column="data.text") == ["a fine film"]
    with pytest.raises(UserError, match=r"line 1 holds an object .*data\.text"):
        texts(path, column="data")


@pytest.mark.parametrize(
    ("name", "data", "options", "message"),
    [
        ("a.txt", b"text\n", {"column": "text"}, "read as lines of text"),
        ("a.jsonl", b'{"text": "a"}\n{"id": 2}\n', {}, r"line 2 has no column 'text'"),
        ("a.jsonl", b'{"text": ["EU", "rejects"]}\n', {}, "line 1 holds a list"),
        ("a.csv", b"text\ndoesn\x92t\n", {}, r"line 2 is not UTF-8.*windows-1252"),
        ("d.parquet", b"PAR1\x00\x15", {}, "Parquet"),
        ("d.txt", b"PAR1\x00\x15", {}, "Parquet"),
    ],
)
def test_what_cannot_be_read_is_refused_before_anything_is_answered(
    file, name, data, options, message
):
    inputs = Inputs((), file(name, data), **options)
    with pytest.raises(UserError, match=message):
        next(inputs.texts("text"))


@pytest.mark.parametrize("option", ["column", "input_format", "encoding"])
def test_options_of_files_need_a_file(option):
    with pytest.raises(UserError, match=f"--{option} is of a file"):
        Inputs(["good"], None, **{option: "text"})


def test_tables_of_all_kinds_have_rows_with_all_columns(file, capsys):
    excel, book = io.BytesIO(), openpyxl.Workbook()
    for row in (("id", "title", "body"), (7, "Oil", "rises"), (8, None, "falls")):
        book.active.append(row)
    book.save(excel)
    parquet = io.BytesIO()
    columns = {"id": [7, 8], "title": ["Oil", None], "body": ["rises", "falls"]}
    pq.write_table(pa.table(columns), parquet)
    csv = b"id,title,body\n7,Oil,rises\n8,,falls\n"
    array = (
        b'[{"id": 7, "title": "Oil", "body": "rises"}, {"id": 8, "title": null, "body": "falls"}]'
    )
    for name, data in (
        ("a.csv", csv), ("a.json", array), ("a.xlsx", excel.getvalue()),
        ("a.parquet", parquet.getvalue()),
    ):  # fmt: skip
        rows = list(Inputs((), file(name, data), "title,body").rows("text"))
        assert [row.text for row in rows] == ["Oil rises", "falls"]
        assert [str(row.record["id"]) for row in rows] == ["7", "8"]
    rows = list(Inputs((), file("b.csv", csv.split(b"\n", 1)[1]), "2").rows("text"))
    assert [row.text for row in rows] == ["rises", "falls"]
    assert "its first line is a row" in capsys.readouterr().err
