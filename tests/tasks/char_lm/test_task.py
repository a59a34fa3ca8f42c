"""The task of the character language model: what it trains, scores and goes on with."""

import json
import math
import shutil

import numpy as np
import pytest

from seqsuite.config import build_config
from seqsuite.errors import UserError
from seqsuite.tasks import find_task
from seqsuite.training import checkpoint, runs, splits, trainer
from tests.tasks.char_lm.character_models import TEXT, make
from tests.training.interrupted_runs import train_and_copy

# Everything that holds state is switched on: carried states, averaging, all kinds of dropout.
SETTINGS = {
    "data": {"source": "files", "validation_fraction": 0.2},
    "model": {
        "units": 6,
        "embedding_size": 6,
        "tie_weights": True,
        "embedding_dropout": 0.2,
        "variational_dropout": 0.2,
        "dropout": 0.2,
        "recurrent_weight_drop": 0.2,
        "activation_regularization": 0.1,
        "temporal_regularization": 0.1,
    },
    "training": {
        "epochs": 2,
        "max_batch_size": 3,
        "steps": 40,
        "vary_steps": True,
        "average_decay": 0.9,
        "checkpoint_seconds": 0,
        "warm_up_fraction": 0.2,
    },
    "evaluation": {"windows": 4, "window": 16},
}


@pytest.fixture(scope="module")
def text_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def make_task(text_file, **training_settings):
    task_class = find_task("char_lm")
    settings = {
        **SETTINGS,
        "data": {**SETTINGS["data"], "train": str(text_file)},
        "training": {**SETTINGS["training"], **training_settings},
    }
    return task_class(build_config(task_class.config_class, settings))


# Place -> number of the update.
KILLED_AT = {"first epoch": 4, "last": 11, "near the end": 17}


@pytest.fixture(scope="module")
def killed(text_file, tmp_path_factory):
    """A folder with a whole run, and with what it would have left, killed at each place."""
    return train_and_copy(make_task(text_file), tmp_path_factory.mktemp("killed"), KILLED_AT)


@pytest.fixture(scope="module")
def whole_run(killed):
    return killed / "run"


def weights(run_dir):
    groups, _ = checkpoint.load_checkpoint(run_dir / trainer.BEST)
    return groups["weights"]


@pytest.mark.full
@pytest.mark.parametrize("name", KILLED_AT)
def test_a_killed_and_resumed_run_ends_with_the_same_weights(
    name, text_file, whole_run, killed, tmp_path
):
    run_dir = shutil.copytree(killed / name, tmp_path / "run")
    task = make_task(text_file)
    runs.fit(task, splits.load_splits(task), run_dir, resume=True)
    for ours, theirs in zip(weights(run_dir), weights(whole_run), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    history = [
        (run / "history.csv").read_text().splitlines()[-1].split(",")[:4]
        for run in (run_dir, whole_run)
    ]
    assert history[0] == history[1]


@pytest.mark.full
def test_a_run_is_loaded_as_it_was_scored(text_file, whole_run):
    run = runs.load(make_task(text_file), whole_run)
    result = runs.evaluate(run)
    recorded = json.loads((whole_run / "metrics.json").read_text())
    for name, value in recorded["metrics"].items():
        assert result["metrics"][name] == pytest.approx(value, rel=1e-5)
    assert set(result["baseline"]) == set(recorded["baseline"])


def test_scores_are_means_over_characters():
    task, preprocessor, _ = make()
    stream = np.log(np.array([0.5, 0.25, 0.125], np.float32))
    scores = task.score({"stream": stream, "windowed": stream[None, :2]}, None, preprocessor)
    assert scores["bits_per_character"] == pytest.approx(2.0)
    assert scores["nats_per_character"] == pytest.approx(2 * math.log(2))
    assert scores["perplexity"] == pytest.approx(4.0)
    assert scores["nats_per_character_windowed"] == pytest.approx(1.5 * math.log(2))
    assert "nats_per_character_adaptive" not in scores


@pytest.mark.parametrize("connection", ["none", "residual", "highway"])
def test_the_model_is_built_as_configured(connection):
    _, preprocessor, model = make(
        connection=connection, num_layers=2, cell="gru", recurrent_weight_drop=0.1
    )
    stack = model.model.get_layer("stack")
    assert (stack.connection, stack.num_layers, stack.cell, stack.units) == (
        connection, 2, "gru", 5,
    )  # fmt: skip
    assert stack.regularization.weight_drop == 0.1
    assert model.rows == 2
    assert model.model.get_layer("embedding").num_symbols == preprocessor.num_symbols


def test_tied_weights_are_one_table():
    _, preprocessor, model = make(tie_weights=True, embedding_size=5)
    wide = [w for w in model.trainable_weights if preprocessor.num_symbols in w.shape]
    assert [tuple(w.shape) for w in wide] == [(preprocessor.num_symbols, 5)]


def test_mistakes_of_the_configuration_are_told():
    config_class = find_task("char_lm").config_class
    for section, values, message in [
        ("model", {"tie_weights": True, "units": 8, "embedding_size": 4}, "tie_weights"),
        ("model", {"dropout": 1.0}, "dropout must be"),
        ("model", {"units": 0}, "units must be"),
        ("training", {"steps": 0}, "steps must be"),
        ("evaluation", {"window": 0}, "window must be"),
        ("evaluation", {"adaptive_decay": 1.5}, "adaptive_decay must be"),
        ("data", {"unit": "word"}, "unit"),
        ("data", {"min_count": 0}, "min_count must be"),
    ]:
        with pytest.raises(UserError, match=message):
            build_config(config_class, {section: values})


def test_the_baseline_is_scored_in_the_same_protocols(text_file):
    task = make_task(text_file)
    train, test = task.load_examples("train"), task.load_examples("test")
    preprocessor = task.build_preprocessor(train)
    (scores,) = task.baselines(train, test, preprocessor).metrics.values()
    assert {"nats_per_character", "nats_per_character_windowed"} <= set(scores)
    assert 0 < scores["nats_per_character"] < math.log(preprocessor.num_symbols)
