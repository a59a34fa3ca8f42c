"""Diagnostics of runs of this package: while they train, and the report afterwards."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

from seqsuite.__main__ import main
from seqsuite.config import build_config
from seqsuite.tasks import find_task
from seqsuite.training import checkpoint, runs, splits
from seqsuite.training import trainer as training

SETTINGS = {
    "data": {"limit": 200},
    "model": {"units": 6, "embedding_size": 6},
    "training": {"epochs": 1, "batch_tokens": 1024},
}


def make_task(interval):
    task_class = find_task("sentiment")
    training = SETTINGS["training"] | {"diagnostics_interval": interval}
    settings = SETTINGS | {"training": training}
    return task_class(build_config(task_class.config_class, settings))


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    run_dir = tmp_path_factory.mktemp("runs") / "watched"
    runs.train(make_task(2), run_dir)
    return run_dir


@pytest.mark.full
def test_a_watched_run_ends_as_one_that_is_not(watched, tmp_path):
    task = make_task(0)
    (tmp_path / "plain").mkdir()
    runs.fit(task, splits.load_splits(task), tmp_path / "plain")
    assert not (tmp_path / "plain" / "diagnostics.csv").exists()
    ours, theirs = (
        checkpoint.load_checkpoint(run_dir / training.BEST)[0]["weights"]
        for run_dir in (watched, tmp_path / "plain")
    )
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)
    with (watched / "diagnostics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == list(range(0, 2 * len(rows), 2))
    assert float(rows[0]["forward/forget_mean"]) == pytest.approx(0.73, abs=0.05)


@pytest.mark.full
def test_the_report_of_a_run(watched, tmp_path, capsys):
    assert main(["diagnose", "--run_dir", str(watched), "--output", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "reaches back" in printed
    record = json.loads((tmp_path / "diagnostics.json").read_text())
    assert record["task"] == "sentiment"
    assert list(record["gradient_flow"]) == ["forward", "backward"]
    assert record["recurrent_kernels"]["forward"].keys() == {
        "input", "forget", "candidate", "output",
    }  # fmt: skip
    text = (tmp_path / "report.md").read_text()
    for picture in tmp_path.glob("*.png"):
        assert f"]({picture.name})" in text
    names = {"gates.png", "gradient_flow.png", "jacobian_forward.png", "jacobian_backward.png"}
    assert {path.name for path in tmp_path.glob("*.png")} == names


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--run_dir", "nowhere"], "has no metrics.json"),
        (["--run_dir", "nowhere", "--task", "sentiments"], "There is no task 'sentiments'"),
        (["--run_dir", "nowhere", "--examples", "0"], "--examples must be at least 1"),
        ([], "--run_dir"),
    ],
)
def test_mistakes_are_one_line(words, message, capsys):
    assert main(["diagnose", *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_help_needs_no_tensorflow():
    code = (
        "import sys; sys.argv = ['x', 'diagnose', '--help']; import runpy\n"
        "try: runpy.run_module('seqsuite', run_name='__main__')\n"
        "finally: print('tensorflow' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0
    assert "--run_dir" in done.stdout
    assert done.stderr.strip() == "False"
