"""A file that a person names is read, or refused; no flag is ignored."""

import pytest

from seqsuite.cli.main import main
from seqsuite.config import fields_of, section_names
from seqsuite.tasks import find_task, task_names

OTHER_SECTIONS = [
    (name, section)
    for name in task_names()
    for section in section_names(find_task(name).config_class)
    if section != "data"
]


@pytest.mark.parametrize(
    "name", [n for n in task_names() if "train" in fields_of(find_task(n).config_class)["data"]]
)
@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_file_without_its_source_is_refused_before_anything_is_trained(
    name, split, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert main(find_task(name), ["train", f"--data.{split}", "mine.csv"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"data.{split} is read with --data.source files only" in error
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "section"), OTHER_SECTIONS)
def test_evaluate_refuses_what_it_would_ignore(name, section, tmp_path, capsys):
    for flag in (f"--{section}.seed=1", f"--{section}"):
        assert main(find_task(name), ["evaluate", "--run_dir", str(tmp_path), flag]) == 2
        assert "only --data flags may differ" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["--model.units=3", "--data.limit", "--config=mine.toml"])
def test_export_refuses_what_it_would_ignore(flag, tmp_path, capsys):
    task = find_task("sentiment")
    assert main(task, ["export", "--run_dir", str(tmp_path), flag]) == 2
    assert "only --serving flags may differ" in capsys.readouterr().err
