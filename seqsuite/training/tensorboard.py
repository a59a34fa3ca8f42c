"""TensorBoard scalars of a run."""

from __future__ import annotations

from pathlib import Path

import keras
import tensorflow as tf


class EpochScalarsCallback(keras.callbacks.Callback):
    """Write the numbers of each epoch as TensorBoard scalars, numbered from 1.

    Args:
        log_dir: Folder for the event files.
    """

    def __init__(self, log_dir: Path):
        super().__init__()
        self._writer = tf.summary.create_file_writer(str(log_dir))

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Write the numbers of an epoch."""
        with self._writer.as_default():
            for name, value in (logs or {}).items():
                if isinstance(value, int | float):
                    tf.summary.scalar(name, value, step=epoch + 1)
        self._writer.flush()
