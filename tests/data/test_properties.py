"""Readers and whatever a file may hold: rows, or one line that says what is wrong."""

import contextlib
import io
import json
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from seqsuite.client import Client
from seqsuite.data import tables
from seqsuite.data.discovery import load_examples
from seqsuite.data.examples import Examples
from seqsuite.data.inputs import TABLES, Inputs
from seqsuite.errors import UserError
from seqsuite.serving.predict import run
from seqsuite.tasks import find_task

# A fixed choice of examples, the same on every machine.
FEW = settings(
    max_examples=8, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
MANY = settings(FEW, max_examples=150)

# Task -> what its table begins with, and the endings of its files.
READERS = {
    "sentiment": (
        "text,label\ngood,x\n", "csv tsv jsonl json parquet xlsx txt csv.gz zip tar tgz ods",
    ),
    "char_lm": ("some text\n", "txt txt.gz zip tar"),
    "pos_tagging": (
        "1\tGo\tgo\tVERB\tVB\t_\t0\troot\t_\t_\n\n",
        "conllu conll tsv txt bio csv jsonl json parquet conllu.gz zip",
    ),
    "translation": ("Go.\tVa !\n", "tsv tsv.gz txt"),
    "forecasting": ("ds,y\n2020-01-01,1\n2020-01-02,2\n", "csv tsv csv.gz tsf parquet txt"),
    "speech_recognition": ("path,transcript\na.wav,yes\n", "csv tsv jsonl zip tar"),
    "music": ("60 64\n", "txt mid zip"),
    "handwriting": ('{"drawing": [[[0, 1], [0, 1]]]}\n', "jsonl ndjson inkml npz zip"),
}  # fmt: skip
CASES = [(task, e) for task, (_, endings) in READERS.items() for e in endings.split()]

pieces = st.sampled_from(
    ["text", "label", "ds", "y", "path", "transcript", "2020-01-03", "1e999", "nan", "-0", "\t",
     '{"text": "a", "label": 1}', '{"text": "\\ud83d"}', '[{"text": []}]', "[[", "null", ",", ";",
     '"', '""', "\n", "\r", "\r\n", "\n\n", "# ", "1\t", "2-3\t", "8.1\t", "_", "\ufeff", "\u2028",
     "\x0c", "\x00", "é", "漢", " ", "  ", "-DOCSTART-", "C4", "60", "@data", "@attribute",
     "__label__x"]
)  # fmt: skip
texts = st.lists(st.one_of(pieces, st.text(max_size=4)), max_size=25).map("".join)
contents = st.one_of(
    st.binary(max_size=120),
    texts.map(lambda text: text.encode("utf-8", "replace")),
    texts.map(lambda text: text.encode("utf-16", "replace")),
    st.tuples(st.sampled_from([b"PK\x03\x04", b"PAR1", b"\x1f\x8b\x08", b"MThd"]), st.binary()).map(
        b"".join
    ),
)


def read(task, path, **options):
    """Return the training examples of a file, or the error; nothing else may come."""
    config_class = find_task(task).config_class
    section = type(config_class().data)
    train = (str(path),) if task == "translation" else str(path)
    data = section(source="files", train=train, **options)
    with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return load_examples("files", "train", data, find_task(task).package)
        except UserError as error:
            return error


def check_reader(task, ending, folder, content, with_header):
    path = folder / f"a.{ending}"
    path.write_bytes((READERS[task][0].encode() if with_header else b"") + content)
    found = read(task, path)
    if isinstance(found, UserError):
        assert "\n" not in str(found)
        return
    assert isinstance(found, Examples)
    assert len(found) > 0
    for column in (*found.features.values(), found.labels, found.groups):
        assert column is None or len(column) == len(found)


@pytest.mark.parametrize(("task", "ending"), CASES)
@FEW
@given(content=contents, with_header=st.booleans())
@example(content=b"", with_header=False)
@example(content=b"", with_header=True)
def test_any_bytes_are_examples_or_one_error(task, ending, tmp_path, content, with_header):
    check_reader(task, ending, tmp_path, content, with_header)


@pytest.mark.full
@pytest.mark.parametrize(("task", "ending"), CASES)
@MANY
@given(content=contents, with_header=st.booleans())
def test_any_bytes_are_examples_or_one_error_at_length(
    task, ending, tmp_path, content, with_header
):
    check_reader(task, ending, tmp_path, content, with_header)


@pytest.mark.parametrize("input_format", ["text", *TABLES])
@FEW
@given(content=contents, column=st.sampled_from([None, "text", "0", "text,label", "a.b"]))
def test_any_bytes_are_inputs_or_one_error(input_format, tmp_path, content, column):
    path = tmp_path / "a"
    path.write_bytes(content)
    if input_format == "text":
        column = None
    rows, problem = [], ""
    with contextlib.redirect_stderr(io.StringIO()):
        try:
            rows = list(Inputs((), str(path), column, input_format).rows("text"))
        except UserError as error:
            problem = str(error)
    assert "\n" not in problem
    assert all(isinstance(row.text, str) for row in rows)
    assert not any("\n" in row.text for row in rows if input_format == "text")


storable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)


@pytest.mark.parametrize("table_format", tables.LINES)
@FEW
@given(data=st.data())
def test_what_is_written_and_read_again_is_the_same(table_format, data):
    cells = storable
    if table_format == "tsv":
        cells = storable.map(lambda text: text.translate(str.maketrans("\t\r\n", "   ")))
    columns = data.draw(st.lists(cells.filter(str.strip), min_size=2, max_size=4, unique=True))
    rows = data.draw(st.lists(st.lists(cells, min_size=len(columns), max_size=len(columns))))
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    if table_format == "jsonl":
        written = "".join(json.dumps(record) + "\n" for record in records)
    else:
        lines = [columns, *rows]
        written = "".join(tables.row_text(row, table_format) for row in lines)
    table = tables.of_bytes(written.encode(), table_format, "a")
    assert list(table.records) == records
    assert not records or table.columns == columns


class Echo(Client):
    """Repeats its inputs."""

    input_name = "text"

    def answer(self, items):
        return [{"label": item.text} for item in items]

    def _line(self, answer, text):
        return " ".join(text.split())


@pytest.mark.parametrize("output_format", ["text", "json", "jsonl", "tsv"])
@FEW
@given(lines=st.lists(storable.filter(lambda text: "\n" not in text), min_size=1))
@example(lines=["\ufeff", "", "\r", "\u2028\x85"])
def test_there_are_as_many_lines_of_answers_as_of_inputs(output_format, tmp_path, lines):
    source, target = tmp_path / "in.txt", tmp_path / "out"
    source.write_bytes("".join(line + "\n" for line in lines).encode())
    options = SimpleNamespace(
        items=[], input=str(source), output=str(target), json=False, format=output_format,
        batch_size=3, column=None, explain=False, input_format=None, encoding=None,
    )  # fmt: skip
    assert run(Echo(None, None, options), options) == 0
    written = target.read_bytes().decode("utf-8")
    assert written.count("\n") == len(lines) + (output_format == "tsv")
    assert Path(target).read_bytes().endswith(b"\n")
