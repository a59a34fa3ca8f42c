"""A translation run is a pure function of its configuration, also when it is killed on the way."""

from __future__ import annotations

import random
import shutil

import keras
import numpy as np
import pytest

from seqsuite.config import build_config
from seqsuite.tasks import find_task
from seqsuite.training import checkpoint, runs, trainer
from tests.training.interrupted_runs import train_and_copy

# Everything that draws or holds state is on: other pieces each epoch, own predictions fed back by a
# schedule, averaging, all kinds of dropout.
SETTINGS = {
    "data": {"source": "files", "vocabulary_size": 40, "source_sampling": 0.3,
             "target_sampling": 0.3},
    "model": {"units": 6, "embedding_size": 6, "piece_dropout": 0.2, "variational_dropout": 0.2,
              "recurrent_weight_drop": 0.2},
    "training": {"epochs": 2, "batch_tokens": 160, "average_decay": 0.9, "checkpoint_seconds": 0,
                 "sampling_schedule": "linear", "sampling_probability": 0.9},
    "decoding": {"beam_width": 2, "max_length": 8},
}  # fmt: skip
WORDS = {"the": "der", "dog": "Hund", "sees": "sieht", "old": "alte", "house": "Haus", "a": "ein"}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    generator = random.Random(0)
    for split, count in (("train", 60), ("test", 4)):
        rows = [generator.choices(list(WORDS), k=generator.randint(1, 6)) for _ in range(count)]
        lines = [f"{' '.join(row)}\t{' '.join(WORDS[word] for word in row)}" for row in rows]
        (folder / split).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {split: str(folder / split) for split in ("train", "test")}


def make_task(files):
    task_class = find_task("translation")
    settings = {**SETTINGS, "data": {**SETTINGS["data"], **files}}
    return task_class(build_config(task_class.config_class, settings))


@pytest.fixture(scope="module")
def trained(files, tmp_path_factory):
    """A folder with a whole run, and with what it would have left, killed at its second update."""
    return train_and_copy(make_task(files), tmp_path_factory.mktemp("whole"), {"killed": 2})


@pytest.fixture(scope="module")
def whole_run(trained):
    return trained / "run"


def weights(run_dir):
    groups, _ = checkpoint.load_checkpoint(run_dir / trainer.LAST)
    return [*groups["train.model"], *groups["average"]]


def resume_until_killed(task, run_dir, fatal_update):
    """Go on, and die at an update before it is saved; return what the last checkpoint records."""

    class Die(keras.callbacks.Callback):
        updates = 0

        def on_train_batch_end(self, batch, logs=None):
            self.updates += 1
            if self.updates == fatal_update:
                raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        runs.train(task, run_dir, resume=True, callbacks=[Die()])
    return checkpoint.load_checkpoint(run_dir / trainer.LAST)[1]


@pytest.mark.full
def test_a_run_that_was_killed_twice_ends_with_the_same_weights(
    files, trained, whole_run, tmp_path
):
    run_dir = shutil.copytree(trained / "killed", tmp_path / "run")
    _, record = checkpoint.load_checkpoint(run_dir / trainer.LAST)
    assert (record["epoch"], record["step"]) == (0, 1)
    record = resume_until_killed(make_task(files), run_dir, 9)
    assert (record["epoch"], record["step"]) == (1, 9)
    runs.train(make_task(files), run_dir, resume=True)
    for ours, theirs in zip(weights(run_dir), weights(whole_run), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert runs.read_result(run_dir)["metrics"] == runs.read_result(whole_run)["metrics"]


@pytest.mark.full
def test_the_probability_of_own_predictions_has_moved(whole_run):
    groups, _ = checkpoint.load_checkpoint(whole_run / trainer.LAST)
    rows = (whole_run / "history.csv").read_text().splitlines()
    assert len(rows) == 3
    # The last step but one of a line to 0.9 was the last to set it.
    assert any(w.shape == () and 0.5 < float(w) < 0.9 for w in groups["train.model"])
