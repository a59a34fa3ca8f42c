"""A run is a pure function of its configuration, also when it is stopped on the way."""

import signal

import numpy as np
import pytest

from seqsuite import checkpoint, runs, training
from seqsuite.config import build_config
from seqsuite.errors import EnvironmentFailure, Interrupted
from seqsuite.tasks import find_task

# Everything that holds state is switched on: pre-training, averaging, noise, n-grams, dropout.
SETTINGS = {
    "data": {"limit": 300, "validation_fraction": 0.2},
    "model": {
        "units": 6,
        "embedding_size": 6,
        "word_vectors": "true",
        "adversarial": "virtual",
        "ngram_buckets": 512,
        "recurrent_weight_drop": 0.2,
        "num_sampled": 8,
    },
    "training": {
        "epochs": 2,
        "pretraining_epochs": 1,
        "average_decay": 0.9,
        "batch_tokens": 1024,
        "checkpoint_seconds": 0,
        "schedule": "reduce_on_plateau",
    },
}


def make_task(**training_settings):
    task_class = find_task("sentiment")
    settings = {**SETTINGS, "training": {**SETTINGS["training"], **training_settings}}
    return task_class(build_config(task_class.config_class, settings))


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory):
    run_dir = tmp_path_factory.mktemp("whole") / "run"
    runs.train(make_task(), run_dir)
    return run_dir


def weights(run_dir):
    groups, _ = checkpoint.load_checkpoint(run_dir / training.BEST)
    return groups["weights"]


@pytest.mark.parametrize(
    ("fatal_update", "checkpoint_seconds"),
    [(1, 1000), (3, 0), (11, 0), (19, 0)],
    ids=["before any checkpoint", "pre-training", "training", "last epoch"],
)
def test_a_killed_and_resumed_run_ends_with_the_same_weights(
    fatal_update, checkpoint_seconds, whole_run, tmp_path, monkeypatch
):
    updates = 0

    def update_until_killed(self, *_):
        nonlocal updates
        updates += 1
        if updates == fatal_update:
            raise RuntimeError("killed")

    run_dir = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(training.ProgressLine, "update", update_until_killed)
        with pytest.raises(RuntimeError, match="killed"):
            runs.train(make_task(checkpoint_seconds=checkpoint_seconds), run_dir)
    runs.train(make_task(), run_dir, resume=True)
    for ours, theirs in zip(weights(run_dir), weights(whole_run), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    history = [
        (run / "history.csv").read_text().splitlines()[-1].split(",")[:4]
        for run in (run_dir, whole_run)
    ]
    assert history[0] == history[1]


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(whole_run, tmp_path):
    runs.train(make_task(), tmp_path / "same")
    runs.train(make_task(seed=1), tmp_path / "other")
    pairs = zip(weights(tmp_path / "same"), weights(whole_run), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)
    different = [
        a.shape != b.shape or not np.array_equal(a, b)
        for a, b in zip(weights(tmp_path / "other"), weights(whole_run), strict=False)
    ]
    assert any(different)


def test_ctrl_c_saves_the_state_and_says_how_to_resume(tmp_path, monkeypatch):
    monkeypatch.setattr(
        training.ProgressLine, "update", lambda self, *_: signal.raise_signal(signal.SIGINT)
    )
    with pytest.raises(Interrupted, match="--resume") as stopped:
        runs.train(make_task(checkpoint_seconds=1000), tmp_path / "run")
    assert stopped.value.exit_code == 130
    _, record = checkpoint.load_checkpoint(tmp_path / "run" / training.LAST)
    assert record["batch"] == 1


def test_a_full_disk_leaves_the_last_good_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "last.npz"
    checkpoint.save_checkpoint(path, {"weights": [np.arange(3.0)]}, {"step": 1})

    def no_space(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint.np, "savez", no_space)
    with pytest.raises(EnvironmentFailure, match="No space left on device"):
        checkpoint.save_checkpoint(path, {"weights": [np.zeros(3)]}, {"step": 2})
    monkeypatch.undo()
    groups, record = checkpoint.load_checkpoint(path)
    assert record == {"step": 1}
    assert groups["weights"][0].tolist() == [0.0, 1.0, 2.0]
    assert [file.name for file in tmp_path.iterdir()] == ["last.npz"]


def test_early_stopping_and_plateaus_follow_validation(tmp_path, monkeypatch):
    task = make_task(epochs=9, pretraining_epochs=0, early_stopping_patience=4, plateau_patience=2)
    monkeypatch.setattr(type(task), "score", lambda *_: {"accuracy": 0.5, "log_loss": 0.7})
    monkeypatch.setattr(runs.plotting, "learning_curves", lambda *_: None)
    run = runs.train(task, tmp_path / "run")
    rows = (run.directory / "history.csv").read_text().splitlines()
    assert len(rows) - 1 == 5  # the first epoch is the best, four more bring nothing
    _, record = checkpoint.load_checkpoint(run.directory / training.LAST)
    assert record["plateau_factor"] == 0.25
