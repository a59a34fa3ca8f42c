"""The sample is learned past a stated threshold, and far past a bag of words."""

import pytest

from seqsuite.config import parse
from seqsuite.tasks import find_task
from seqsuite.training import runs


@pytest.mark.slow
def test_the_sample_is_learned_and_word_order_decides(tmp_path):
    task_class = find_task("sentiment")
    config, _ = parse(task_class.config_class, ["--config", "tasks/sentiment/sample.toml"])
    run = runs.train(task_class(config), tmp_path / "run")
    result = runs.read_result(run.directory)
    accuracy = result["metrics"]["accuracy"]
    best_baseline = max(row["accuracy"] for row in result["baseline"].values())
    assert accuracy >= 0.97
    assert best_baseline <= accuracy - 0.10
