"""A file that answers go to is as it was until all of them are written."""

import os

import pytest

from seqsuite.errors import EnvironmentFailure
from seqsuite.serving.predict import open_output


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
