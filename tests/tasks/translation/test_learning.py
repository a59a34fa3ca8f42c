"""The sample is learned, and what is learned no lexicon knows."""

import pytest

from seqsuite.config import parse
from seqsuite.tasks import find_task
from seqsuite.training import runs


@pytest.mark.slow
def test_the_sample_is_learned_and_word_by_word_stays_behind(tmp_path):
    task_class = find_task("translation")
    config, _ = parse(task_class.config_class, ["--config", "tasks/translation/sample.toml"])
    run = runs.train(task_class(config), tmp_path / "run")
    result = runs.read_result(run.directory)
    bleu = result["metrics"]["bleu"]
    best_baseline = max(row["bleu"] for row in result["baseline"].values())
    assert bleu >= 80.0
    assert best_baseline <= bleu - 50.0
    # Told the true pieces it is surer than after its own.
    assert result["metrics"]["perplexity"] < result["metrics"]["perplexity_free_running"]
