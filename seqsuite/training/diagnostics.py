"""Records of training dynamics while a run is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from seqsuite.diagnostics import DiagnosticsRecorder


class DiagnosticsCallback(keras.callbacks.Callback):
    """Record gradients, gates and kernels of a run in ``diagnostics.csv``.

    See `seqsuite.diagnostics`.

    Args:
        model: A compiled model.
        batch: Inputs and targets of the fixed batch that is measured.
        run_dir: The run directory.
        interval: Steps between two records.
        tensorboard: Also write TensorBoard scalars.
    """

    def __init__(
        self,
        model: keras.Model,
        batch: tuple[Any, Any],
        run_dir: Path,
        interval: int,
        tensorboard: bool = False,
    ):
        super().__init__()
        log_dir = run_dir / "tensorboard" / "diagnostics" if tensorboard else None
        self.recorder = DiagnosticsRecorder(
            model, *batch, path=run_dir / "diagnostics.csv", log_dir=log_dir
        )
        self.interval = interval

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Make a record before a step of training, if it is due."""
        step = int(self.model.optimizer.iterations)
        if step % self.interval == 0:
            self.recorder.record(step)
