"""A run is a pure function of its configuration, also when it is stopped on the way."""

import shutil
import signal

import keras
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
    "data": {"limit": 300},
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
    training = {**SETTINGS["training"], **training_settings}
    own = {} if training["pretraining_epochs"] else {"num_sampled": 1024}
    settings = {
        **SETTINGS,
        "model": {**SETTINGS["model"], **own, **(model or {})},
        "training": training,
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


@pytest.mark.full
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


def test_ctrl_c_saves_the_state_and_says_how_to_resume(tmp_path):
    interrupt = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: signal.raise_signal(signal.SIGINT)
    )
    with pytest.raises(Interrupted, match="--resume") as stopped:
        runs.train(
            make_task(PLAIN, checkpoint_seconds=1000), tmp_path / "run", callbacks=[interrupt]
        )
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


@pytest.mark.full
def test_early_stopping_and_plateaus_follow_validation(tmp_path, monkeypatch):
    task = make_task(
        PLAIN, epochs=9, pretraining_epochs=0, early_stopping_patience=4, plateau_patience=2
    )
    monkeypatch.setattr(type(task), "score", lambda *_: {"accuracy": 0.5, "log_loss": 0.7})
    monkeypatch.setattr(runs.learning_curves, "learning_curves", lambda *_: None)
    watch = Watch()
    run = runs.train(task, tmp_path / "run", callbacks=[watch])
    rows = (run.directory / "history.csv").read_text().splitlines()
    assert len(rows) - 1 == 5  # the first epoch is the best, four more bring nothing
    _, record = checkpoint.load_checkpoint(run.directory / trainer.LAST)
    assert record["plateau_factor"] == 0.25
    # All scores are equal, so the loss has selected; the first epoch had a higher one.
    assert 0 < record["best_loss"] < np.inf
    # A user's callback sees what Keras' own loop would show it.
    batches = watch.params["steps"]
    assert watch.params["total_steps"] == 9 * batches
    assert watch.events[: 2 * batches + 2] == [
        "train", ("epoch", 0), *[("batch", index) for index in range(batches) for _ in "be"],
    ]  # fmt: skip
    assert [logs["val_accuracy"] for logs in watch.epochs] == [0.5] * 5
    assert watch.epochs[0]["loss"] == pytest.approx(watch.last_loss[0])


class Watch(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.events, self.epochs, self.last_loss = [], [], []

    def on_train_begin(self, logs=None):
        self.events.append("train")

    def on_epoch_begin(self, epoch, logs=None):
        self.events.append(("epoch", epoch))

    def on_train_batch_begin(self, batch, logs=None):
        self.events.append(("batch", batch))

    def on_train_batch_end(self, batch, logs=None):
        self.events.append(("batch", batch))
        self.loss = logs["loss"]

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(logs)
        self.last_loss.append(self.loss)


@pytest.mark.full(default=1)
@pytest.mark.parametrize(
    ("monitor", "values", "target", "stopped_after", "epochs"),
    [
        ("accuracy", (0.2, 0.8, 0.9), 0.75, None, 2),
        ("mse", (0.4, 0.2, 0.1), 0.2, None, 2),
        ("mse", (0.4, 0.2, 0.1), 0.01, None, 3),
        ("mse", (0.4, 0.2, 0.1), 0.01, 1, 1),
    ],
)
@pytest.mark.full
def test_training_stops_when_validation_reaches_its_target_or_a_callback_wants_it(
    tmp_path, monkeypatch, monitor, values, target, stopped_after, epochs
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
    monkeypatch.setattr(trainer, "compile_step", lambda *_: None)
    phases = task.phases(preprocessor, model, splits.train)

    def stop(epoch, logs):
        model.stop_training = epoch + 1 == stopped_after

    callbacks = [keras.callbacks.LambdaCallback(on_epoch_end=stop)]
    progress = trainer.Trainer(task, preprocessor, phases, tmp_path, callbacks).fit(*encoded)
    assert len(progress.history) == epochs
