"""Runs that are killed on the way; one run shows what is left at many places."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path

import keras
import pytest

from seqsuite.task import Task
from seqsuite.training import runs


def train_and_copy(
    task: Task, base: Path, updates: Mapping[str, int], killed_at: str | None = None
) -> Path:
    """Train in `base`/run, and copy what has been written by then to `base`/NAME at each place.

    A process that is killed at a place leaves what is copied there.

    Args:
        task: The configured task.
        base: A folder.
        updates: Name of a place -> after how many updates of all phases it is reached.
        killed_at: The place where the run itself is killed; None: it comes to its end.

    Returns:
        `base`.
    """

    class CopyOrDie(keras.callbacks.Callback):
        done = 0

        def on_train_batch_end(self, batch, logs=None):
            self.done += 1
            for name in [name for name, number in updates.items() if number == self.done]:
                shutil.copytree(base / "run", base / name)
                if name == killed_at:
                    raise RuntimeError("killed")

    dies = pytest.raises(RuntimeError, match="killed") if killed_at else nullcontext()
    with dies:
        runs.train(task, base / "run", callbacks=[CopyOrDie()])
    return base
