"""The sample is forecast past a stated threshold, and far better than by repeating a season."""

import pytest

from seqsuite.config import parse
from seqsuite.tasks import find_task
from seqsuite.training import runs


@pytest.mark.slow
def test_the_sample_is_forecast_and_no_repetition_does_as_well(tmp_path):
    task_class = find_task("forecasting")
    config, _ = parse(task_class.config_class, ["--config", "tasks/forecasting/sample.toml"])
    run = runs.train(task_class(config), tmp_path / "run")
    result = runs.read_result(run.directory)
    assert result["metrics"]["mase"] <= 0.7
    assert result["metrics"]["mse"] <= 0.5 * result["baseline"]["seasonal naive"]["mse"]
