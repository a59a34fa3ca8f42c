"""The recogniser learns strings of digits, in voices that it never heard."""

import pytest

from seqsuite.tasks import find_task
from seqsuite.training import runs


@pytest.mark.slow
def test_the_sample_is_learned_in_other_voices_than_those_of_training(tmp_path):
    task = find_task("speech_recognition")()
    runs.train(task, tmp_path / "run")
    result = runs.read_result(tmp_path / "run")
    (baseline,) = result["baseline"].values()
    # By the defaults, without a lexicon: a wrong letter is a wrong digit.
    assert result["metrics"]["wer"] <= 0.1
    assert result["metrics"]["cer"] <= 0.05
    # One transcript for all strings is hardly ever right.
    assert baseline["wer"] >= result["metrics"]["wer"] + 0.5
