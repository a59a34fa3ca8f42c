"""Training dynamics of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import keras
import tensorflow as tf

from seqsuite.diagnostics import DiagnosticsRecorder
from seqsuite.training.training_step import Targets


class DiagnosticsCallback(keras.callbacks.Callback):
    """Record gradients, gates and kernels of a run in ``diagnostics.csv``.

    Steps 0, `interval`, 2 `interval`, ... are recorded before they are taken, also in resumed runs.
    See `seqsuite.diagnostics`.

    Args:
        batch: Inputs and targets of the fixed batch that is measured.
        run_dir: The run directory.
        interval: Steps between two records.
        tensorboard: Also write TensorBoard scalars.
    """

    def __init__(
        self,
        batch: tuple[Mapping[str, tf.Tensor], Targets],
        run_dir: Path,
        interval: int,
        tensorboard: bool = False,
    ):
        super().__init__()
        self.batch = batch
        self.path = run_dir / "diagnostics.csv"
        self.log_dir = run_dir / "tensorboard" / "diagnostics" if tensorboard else None
        self.interval = interval
        self._recorder: DiagnosticsRecorder | None = None

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Create the recorder."""
        self._recorder = DiagnosticsRecorder(
            self.model, *self.batch, path=self.path, log_dir=self.log_dir
        )

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Record if a record is due."""
        step = int(self.model.optimizer.iterations)
        if self._recorder is not None and step % self.interval == 0:
            self._recorder.record(step)
