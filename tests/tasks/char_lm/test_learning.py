"""The language model learns its sample, and what it learns is not what n-grams know."""

import pytest

from seqsuite.config import build_config
from seqsuite.tasks import find_task
from seqsuite.training import runs


@pytest.mark.slow
def test_the_sample_is_learned_and_mixing_with_the_baseline_beats_it(tmp_path):
    task_class = find_task("char_lm")
    config = build_config(task_class.config_class, {"evaluation": {"mixture": True}})
    runs.train(task_class(config), tmp_path / "run")
    result = runs.read_result(tmp_path / "run")
    (baseline,) = result["baseline"].values()
    # A uniform guess among some 90 characters is 4.5, their frequencies 3.2.
    assert result["metrics"]["nats_per_character"] < 2.0
    # A manual repeats whole sentences, which n-grams know: half a minute of learning adds little.
    assert result["metrics"]["nats_per_character_mixed"] < baseline["nats_per_character"] - 0.001
