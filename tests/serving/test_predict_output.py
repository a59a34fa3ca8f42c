"""Where answers go: a file is as it was until all are written, and a stream waits for nothing."""

import io
import os
from types import SimpleNamespace

import pytest

from seqsuite.client import Client
from seqsuite.errors import EnvironmentFailure
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
    options = SimpleNamespace(**flags, batch_size=64, column=None, explain=False,
        input_format=None, encoding=None,
    )  # fmt: skip
    assert run(Echo(None, None, options), options) == 0
    assert seen == ["ab\n"]
    assert capsys.readouterr().out == "c\n"
