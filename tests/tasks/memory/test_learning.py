"""The sample is remembered past a stated threshold, and far past a window of the last steps."""

import pytest

from seqsuite.config import parse
from seqsuite.tasks import find_task
from seqsuite.training import runs


@pytest.mark.slow
def test_the_sample_is_remembered_and_no_window_answers_it(tmp_path):
    task_class = find_task("memory")
    config, _ = parse(task_class.config_class, ["--config", "tasks/memory/sample.toml"])
    run = runs.train(task_class(config), tmp_path / "run")
    result = runs.read_result(run.directory)
    assert result["metrics"]["solved"] == 1.0
    assert max(row["accuracy"] for row in result["baseline"].values()) <= 0.6
