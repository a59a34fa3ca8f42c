"""Every option of the training section changes a run."""

import csv
import dataclasses

import numpy as np
import pytest

from seqsuite.config import build_config
from seqsuite.data.discovery import reader
from seqsuite.tasks.memory import TASK, MemoryConfig
from seqsuite.training import checkpoint, runs
from seqsuite.training.splits import load_splits

# Hardly anything is learned, so that no epoch is better than the first.
STALE = {"learning_rate": 1e-9, "epochs": 4, "average_decay": 0.0}
PLATEAU = {**STALE, "schedule": "reduce_on_plateau", "learning_rate": 1e-9}
# Option -> another value, and the settings under which it has an effect.
OTHERS = {
    "epochs": (2, {}),
    "max_batch_size": (16, {}),
    "optimizer": ("adamw", {}),
    "learning_rate": (0.5, {}),
    "weight_decay": (0.9, {"optimizer": "adamw"}),
    "clip_norm": (1e-3, {}),
    "schedule": ("constant", {}),
    "warm_up_fraction": (1.0, {}),
    "final_learning_rate_fraction": (1.0, {}),
    "plateau_patience": (1, PLATEAU),
    "early_stopping_patience": (1, STALE),
    "target_score": (0.0, {"epochs": 2}),
    "average_decay": (0.5, {}),
    "checkpoint_seconds": (0.0, {}),
    "tensorboard": (True, {}),
    "diagnostics_interval": (1, {}),
    "seed": (1, {}),
    "batch_tokens": (64, {}),
}


@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    """Return a function of training settings: what a run with them leaves, each run once."""
    sample, done = reader("sample", TASK.package), {}

    def run(settings):
        key = tuple(sorted(settings.items()))
        if key not in done:
            done[key] = outcome(settings, tmp_path_factory.mktemp("run"))
        return done[key]

    def few(split, options, load=sample.load):
        return load(split, options).select(range(96))

    def outcome(settings, folder):
        saved = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sample, "load", few)
            save = checkpoint.save_checkpoint
            patch.setattr(
                checkpoint, "save_checkpoint", lambda path, *rest: saved.append(save(path, *rest))
            )
            sections = {"model": {"units": 4}, "training": {"epochs": 1, **settings}}
            task = TASK(build_config(MemoryConfig, sections))
            runs.fit(task, load_splits(task), folder)
        with open(folder / "history.csv", newline="") as file:
            rows = [dict(row) for row in csv.DictReader(file)]
        for row in rows:
            del row["seconds"], row["tokens_per_second"]
        weights = checkpoint.load_checkpoint(folder / "best.npz")[0]["weights"]
        files = {path.name for path in folder.iterdir()}
        return rows, np.concatenate([weight.ravel() for weight in weights]), files, len(saved)

    return run


def test_no_option_is_left_out():
    names = {field.name for field in dataclasses.fields(MemoryConfig().training)}
    assert set(OTHERS) == names


@pytest.mark.full
@pytest.mark.parametrize("option", OTHERS)
def test_an_option_changes_the_run(option, trace):
    value, settings = OTHERS[option]
    rows, weights, *rest = trace(settings)
    other_rows, other_weights, *other_rest = trace({**settings, option: value})
    assert rows != other_rows or rest != other_rest or not np.array_equal(weights, other_weights)
