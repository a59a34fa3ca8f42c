"""The tagger learns its sample, in which both sides of a word decide its tag."""

import pytest

from seqsuite.config import build_config
from seqsuite.tasks import find_task
from seqsuite.training import runs


@pytest.mark.slow
@pytest.mark.parametrize("head", ["crf", "softmax"])
def test_the_sample_is_learned_and_the_baselines_stay_behind(head, tmp_path):
    task_class = find_task("pos_tagging")
    config = build_config(task_class.config_class, {"model": {"head": head}})
    runs.train(task_class(config), tmp_path / "run")
    result = runs.read_result(tmp_path / "run")
    assert result["metrics"]["accuracy"] > 0.985
    for baseline in result["baseline"].values():
        assert baseline["accuracy"] < result["metrics"]["accuracy"] - 0.02
