"""Where answers go: a file is as it was until all are written, and a stream waits for nothing."""

import csv
import io
import json
import os
import threading
from types import SimpleNamespace

import pytest

from seqsuite.client import Client
from seqsuite.errors import EnvironmentFailure, UserError
from seqsuite.serving.predict import open_output, run


def test_a_file_is_replaced_when_all_is_written(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text("mine")
    path.chmod(0o640)
    with open_output(str(path)) as output:
        output.write("new")
        assert path.read_text() == "mine"
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_after_an_error_it_is_as_it_was(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text("mine")

    def write_half():
        with open_output(str(path)) as output:
            output.write("half")
            raise ValueError("no table")

    with pytest.raises(ValueError, match="no table"):
        write_half()
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_followed_and_a_device_is_written_to(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with open_output(str(tmp_path / "link")) as output:
        output.write("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"
    with open_output(os.devnull) as output:
        output.write("gone")
    assert not os.path.isfile(os.devnull)


def test_a_folder_that_is_not_there_is_one_clear_line(tmp_path):
    with (
        pytest.raises(EnvironmentFailure, match=r"Cannot write .*No such file"),
        open_output(str(tmp_path / "absent" / "file")),
    ):
        pass


class Echo(Client):
    """Repeats its inputs, letter by letter."""

    input_name = "text"

    def stream(self, item):
        return iter(item.text)


def test_a_streamed_answer_does_not_wait_for_the_next_input(capsys, monkeypatch):
    seen = []

    class Typed(io.RawIOBase):
        """Standard input whose second line comes once the first was answered."""

        def __init__(self):
            super().__init__()
            self.lines = [b"ab\n", b"c\n"]

        def readline(self, size=-1):
            if len(self.lines) == 1:
                seen.append(capsys.readouterr().out)
            return self.lines.pop(0) if self.lines else b""

    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=Typed()))
    flags = {"items": [], "input": "-", "output": "-", "json": False, "format": None}
    options = SimpleNamespace(**flags, batch_size=None, column=None, explain=False,
        input_format=None, encoding=None,
    )  # fmt: skip
    assert run(Echo(None, None, options), options) == 0
    assert seen == ["ab\n"]
    assert capsys.readouterr().out == "c\n"


class Length(Client):
    """Answers with the number of characters."""

    input_name = "text"

    def answer(self, items):
        return [{"label": len(item.text), "tags": [item.text, "é"]} for item in items]

    def _line(self, answer, text):
        return f"{answer['label']}\t{' '.join(text.split())}"


def answered(folder, source, content, **changes):
    """Return what `predict` writes for a file."""
    (folder / source).write_bytes(content)
    flags = {"items": [], "input": str(folder / source), "json": False, "format": None}
    flags |= {"batch_size": 2, "column": None, "explain": False, "input_format": None}
    flags |= {"encoding": None, "output": str(folder / "out"), **changes}
    options = SimpleNamespace(**flags)
    assert run(Length(None, None, options), options) == 0
    with open(options.output, newline="", encoding="utf-8") as file:
        return file.read()


TABLE = b'id,text,label\n7,"two\nlines",x\n8,,y\n9,c,"z,"""\n'


def test_columns_of_a_table_stand_before_the_answers(tmp_path):
    expected = [
        {"id": "7", "text": "two\nlines", "label": "x", "predicted_label": "9"},
        {"id": "8", "text": "", "label": "y", "predicted_label": "0"},
        {"id": "9", "text": "c", "label": 'z,"', "predicted_label": "1"},
    ]
    written = answered(tmp_path, "a.csv", TABLE, format="csv")
    rows = list(csv.DictReader(io.StringIO(written)))
    assert [{k: v for k, v in row.items() if k != "tags"} for row in rows] == expected
    assert json.loads(rows[0]["tags"]) == ["two\nlines", "é"]
    # The ending of the output asks for the same.
    assert answered(tmp_path, "a.csv", TABLE, output=str(tmp_path / "b.csv")) == written
    lines = answered(tmp_path, "a.csv", TABLE, format="jsonl").splitlines()
    assert [json.loads(line)["predicted_label"] for line in lines] == [9, 0, 1]
    lines = answered(tmp_path, "a.csv", TABLE, json=True).splitlines()
    assert [json.loads(line)["row"]["id"] for line in lines] == ["7", "8", "9"]
    assert json.loads(lines[0])["label"] == 9
    written = answered(tmp_path, "a.csv", TABLE, format="tsv").splitlines()
    assert written[:2] == ["id\ttext\tlabel\tpredicted_label\ttags",
                           '7\ttwo lines\tx\t9\t["two\\nlines", "é"]']  # fmt: skip


def test_lines_of_text_become_a_table_too(tmp_path):
    assert answered(tmp_path, "a.txt", b"ab\n\n", format="csv") == (
        'input,label,tags\nab,2,"[""ab"", ""\xe9""]"\n,0,"["""", ""\xe9""]"\n'
    )


def test_rows_of_other_columns_need_jsonl(tmp_path):
    rows = b'{"text": "a"}\n{"text": "b", "id": 1}\n'
    with pytest.raises(UserError, match="column 'id', which the first row lacks"):
        answered(tmp_path, "a.jsonl", rows, format="csv")
    assert not (tmp_path / "out").exists()
    assert '"id": 1' in answered(tmp_path, "a.jsonl", rows, format="jsonl")


def test_lines_of_a_slow_pipe_are_answered_when_they_arrive(monkeypatch, capsys):
    reader, writer = os.pipe()
    stdin = open(reader, "rb")  # noqa: SIM115
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=stdin))
    seen, answered_once = [], threading.Event()

    class Counted(Length):
        def answer(self, items):
            seen.append([item.text for item in items])
            answered_once.set()
            return super().answer(items)

    def type_slowly():
        os.write(writer, b"a\nb\nc")
        assert answered_once.wait(20)
        os.write(writer, b"d\ne")
        os.close(writer)

    flags = {"items": [], "input": "-", "output": "-", "json": False, "format": None}
    options = SimpleNamespace(**flags, batch_size=64, column=None, explain=False,
        input_format=None, encoding=None,
    )  # fmt: skip
    thread = threading.Thread(target=type_slowly)
    thread.start()
    assert run(Counted(None, None, options), options) == 0
    thread.join()
    stdin.close()
    assert seen == [["a", "b"], ["cd", "e"]]
    assert capsys.readouterr().out == "1\ta\n1\tb\n2\tcd\n1\te\n"


def test_a_person_at_a_terminal_is_answered_line_by_line(monkeypatch, capsys):
    terminal, stdin_descriptor = os.openpty()
    stdin = open(stdin_descriptor, "rb")  # noqa: SIM115
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=stdin))
    seen = []

    class Counted(Length):
        def answer(self, items):
            seen.append([item.text for item in items])
            return super().answer(items)

    flags = {"items": [], "input": "-", "output": "-", "json": False, "format": None}
    options = SimpleNamespace(**flags, batch_size=None, column=None, explain=False,
        input_format=None, encoding=None,
    )  # fmt: skip
    os.write(terminal, b"a\nbc\n\x04")  # Ctrl-D ends the input
    assert run(Counted(None, None, options), options) == 0
    assert seen == [["a"], ["bc"]]
    assert capsys.readouterr().out == "1\ta\n2\tbc\n"
    options.batch_size = 3
    with pytest.raises(UserError, match="line by line"):
        run(Counted(None, None, options), options)
    stdin.close()
    os.close(terminal)
