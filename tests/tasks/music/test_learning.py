"""The sample is learned past stated thresholds and past its baselines."""

import pytest

from seqsuite.config import parse
from seqsuite.tasks import find_task
from seqsuite.training import runs


@pytest.mark.slow
def test_the_sample_is_played_better_than_by_the_chord_before(tmp_path):
    task_class = find_task("music")
    config, _ = parse(task_class.config_class, ["--config", "tasks/music/sample.toml"])
    run = runs.train(task_class(config), tmp_path / "run")
    result = runs.read_result(run.directory)
    ours, others = result["metrics"], result["baseline"].values()
    assert ours["nats_per_step"] < min(row["nats_per_step"] for row in others) - 0.5
    assert ours["frame_accuracy"] > max(row["frame_accuracy"] for row in others)
