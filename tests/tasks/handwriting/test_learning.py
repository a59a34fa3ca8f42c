"""The sample is learned past a stated threshold and far past its baselines."""

import pytest

from seqsuite.config import parse
from seqsuite.tasks import find_task
from seqsuite.training import runs


@pytest.mark.slow
def test_the_sample_is_drawn_better_than_by_the_point_before(tmp_path):
    task_class = find_task("handwriting")
    config, _ = parse(task_class.config_class, ["--config", "tasks/handwriting/sample.toml"])
    run = runs.train(task_class(config), tmp_path / "run")
    result = runs.read_result(run.directory)
    best = min(row["nats_per_point"] for row in result["baseline"].values())
    assert result["metrics"]["nats_per_point"] < best - 1
    assert result["metrics"]["pen_accuracy"] > 0.93
