"""A run is a pure function of its configuration, also when it is stopped on the way."""

import shutil
import signal

import numpy as np
import pytest

from seqsuite.config import build_config
from seqsuite.errors import EnvironmentFailure, Interrupted
from seqsuite.metrics.metric import Metric
from seqsuite.tasks import find_task
from seqsuite.training import checkpoint, runs, trainer
from seqsuite.training.splits import encode_training, load_splits
from tests.training.interrupted_runs import train_and_copy

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


# Place -> number of the update.
KILLED_AT = {"before any checkpoint": 1, "pre-training": 3, "last epoch": 19}
# Where the model does not matter, one that is traced sooner.
PLAIN = {"adversarial": "none", "ngram_buckets": 0, "recurrent_weight_drop": 0.0}


def make_task(model=None, **training_settings):
    task_class = find_task("sentiment")
    settings = {
        **SETTINGS,
        "model": {**SETTINGS["model"], **(model or {})},
        "training": {**SETTINGS["training"], **training_settings},
    }
    return task_class(build_config(task_class.config_class, settings))


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    base = tmp_path_factory.mktemp("killed")
    return train_and_copy(make_task(), base, KILLED_AT, killed_at="last epoch")


@pytest.fixture(scope="module")
def whole(killed):
    """The run that was killed before any checkpoint: started anew it is a run without a stop."""
    run_dir = killed / "before any checkpoint"
    assert not (run_dir / trainer.LAST).exists()
    go_on(run_dir)
    return run_dir


def go_on(run_dir):
    task = make_task()
    runs.fit(task, load_splits(task), run_dir, resume=True)


def weights(run_dir):
    groups, _ = checkpoint.load_checkpoint(run_dir / trainer.BEST)
    return groups["weights"]


@pytest.mark.full(default=("last epoch",))
@pytest.mark.parametrize("name", ["pre-training", "last epoch"])
def test_a_killed_and_resumed_run_ends_with_the_same_weights(name, whole, killed, tmp_path):
    # Also the same seed gives the same weights: what was killed and the whole run are two runs.
    run_dir = shutil.copytree(killed / name, tmp_path / "run")
    assert (run_dir / trainer.LAST).exists()
    go_on(run_dir)
    for ours, theirs in zip(weights(run_dir), weights(whole), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    history = [
        (run / "history.csv").read_text().splitlines()[-1].split(",")[:4]
        for run in (run_dir, whole)
    ]
    assert history[0] == history[1]


@pytest.mark.full
def test_another_seed_gives_other_weights(killed, tmp_path):
    def state(base):
        groups, _ = checkpoint.load_checkpoint(base / "pre-training" / trainer.LAST)
        return [array for group in groups.values() for array in group if array.dtype == np.float32]

    other = train_and_copy(make_task(seed=1), tmp_path, KILLED_AT, killed_at="pre-training")
    different = [
        a.shape != b.shape or not np.array_equal(a, b)
        for a, b in zip(state(other), state(killed), strict=False)
    ]
    assert any(different)


def test_ctrl_c_saves_the_state_and_says_how_to_resume(tmp_path, monkeypatch):
    monkeypatch.setattr(
        trainer.ProgressLine, "update", lambda self, *_: signal.raise_signal(signal.SIGINT)
    )
    with pytest.raises(Interrupted, match="--resume") as stopped:
        runs.train(make_task(PLAIN, checkpoint_seconds=1000), tmp_path / "run")
    assert stopped.value.exit_code == 130
    _, record = checkpoint.load_checkpoint(tmp_path / "run" / trainer.LAST)
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
    task = make_task(
        PLAIN, epochs=9, pretraining_epochs=0, early_stopping_patience=4, plateau_patience=2
    )
    monkeypatch.setattr(type(task), "score", lambda *_: {"accuracy": 0.5, "log_loss": 0.7})
    monkeypatch.setattr(runs.learning_curves, "learning_curves", lambda *_: None)
    run = runs.train(task, tmp_path / "run")
    rows = (run.directory / "history.csv").read_text().splitlines()
    assert len(rows) - 1 == 5  # the first epoch is the best, four more bring nothing
    _, record = checkpoint.load_checkpoint(run.directory / trainer.LAST)
    assert record["plateau_factor"] == 0.25


@pytest.mark.parametrize(
    ("scores", "losses", "kept"),
    [
        ((0.0, 0.0, 0.0), (3.0, 1.0, 2.0), 2),
        ((0.0, 0.5, 0.5), (1.0, 3.0, 3.0), 2),
        ((0.5, 0.5, 0.4), (None, None, None), 2),  # the loss of training, which falls
    ],
)
def test_of_equal_epochs_the_one_with_the_lower_loss_is_kept(
    tmp_path, monkeypatch, scores, losses, kept
):
    task = make_task(PLAIN, epochs=3, pretraining_epochs=0)
    metrics = (Metric("bleu", selects=True), Metric("perplexity", breaks_ties=True))
    monkeypatch.setattr(type(task), "metrics", metrics)
    rows = iter(
        [
            {"bleu": score} | ({} if loss is None else {"perplexity": loss})
            for score, loss in zip(scores, losses, strict=True)
        ]
    )
    monkeypatch.setattr(type(task), "score", lambda *_: next(rows))
    splits = load_splits(task)
    preprocessor = task.build_preprocessor(splits.all_train)
    model = task.build_model(preprocessor)
    phases = task.phases(preprocessor, model, splits.train)
    fitting = trainer.Trainer(task, preprocessor, phases, tmp_path, quiet=True)
    saved = []
    monkeypatch.setattr(fitting, "save_best", lambda: saved.append(fitting.progress.epoch + 1))
    monkeypatch.setattr(trainer.checkpoint, "load_checkpoint", lambda _: ({"weights": []}, {}))
    monkeypatch.setattr(trainer.checkpoint, "assign", lambda *_: None)
    fitting.fit(*encode_training(preprocessor, splits))
    assert saved[-1] == kept


@pytest.mark.parametrize(
    ("monitor", "values", "target", "epochs"),
    [
        ("accuracy", (0.2, 0.8, 0.9), 0.75, 2),
        ("mse", (0.4, 0.2, 0.1), 0.2, 2),
        ("mse", (0.4, 0.2, 0.1), 0.01, 3),
    ],
)
def test_training_stops_when_validation_reaches_its_target(
    tmp_path, monkeypatch, monitor, values, target, epochs
):
    task = make_task(PLAIN, epochs=3, pretraining_epochs=0, target_score=target)
    scores = iter(values)
    selecting = Metric(monitor, lower_is_better=monitor == "mse", selects=True)
    monkeypatch.setattr(type(task), "metrics", (selecting,))
    monkeypatch.setattr(type(task), "score", lambda *_: {monitor: next(scores)})
    splits = load_splits(task)
    preprocessor = task.build_preprocessor(splits.all_train)
    encoded = encode_training(preprocessor, splits)
    model = task.build_model(preprocessor)
    # What is learned in an epoch does not matter here.
    monkeypatch.setattr(trainer.Trainer, "_run_epoch", lambda *_: 1.0)
    monkeypatch.setattr(trainer.Trainer, "_compile_step", lambda *_: None)
    phases = task.phases(preprocessor, model, splits.train)
    progress = trainer.Trainer(task, preprocessor, phases, tmp_path, quiet=True).fit(*encoded)
    assert len(progress.history) == epochs
