"""A Keras callback that watches recurrent layers while they are trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from seqsuite.diagnostics.findings import Finding
from seqsuite.diagnostics.records import PROBE_ROWS, DiagnosticsRecorder, print_finding
from seqsuite.layers.nested import Nested


class RecurrentDiagnostics(keras.callbacks.Callback):
    """Record gradients, gates and kernels of all recurrent layers, and warn once of what is wrong.

    Every `interval` steps one small, fixed batch goes through the model forward and back, as in
    inference; training is not touched. A warning is one line: what was measured, and what to try.

    Args:
        data: Where the fixed batch comes from: what ``fit`` is given, as a `tf.data.Dataset`, a
            `keras.utils.PyDataset`, or a tuple ``(x, y)`` or ``(x, y, sample_weight)``. The first
            `rows` rows of the first batch are taken.
        interval: Steps between two records. The first is made before training.
        path: A csv file to write.
        log_dir: Folder for TensorBoard files, such as one within that of the TensorBoard callback.
        rows: Rows of the fixed batch.
        on_finding: Called with the step and what was found, once for every kind; prints the line on
            standard error by default.

    Attributes:
        findings: What was found so far, by kind.
        seconds: What all records took so far.

    Raises:
        ValueError: `interval` or `rows` is not positive.

    Example:
        >>> scaled = keras.initializers.Orthogonal(gain=3.0)
        >>> layer = keras.layers.SimpleRNN(8, recurrent_initializer=scaled)
        >>> model = keras.Sequential([keras.Input((40, 2)), layer])
        >>> model.compile("sgd", "mse")
        >>> x, y = keras.random.normal((16, 40, 2)), tf.zeros((16, 8))
        >>> callback = RecurrentDiagnostics((x, y), on_finding=lambda step, finding: None)
        >>> history = model.fit(x, y, callbacks=[callback], verbose=0)
        >>> list(callback.findings)
        ['explode']
    """

    def __init__(
        self,
        data: Nested,
        interval: int = 200,
        path: str | Path | None = None,
        log_dir: str | Path | None = None,
        rows: int = PROBE_ROWS,
        on_finding: Callable[[int, Finding], None] = print_finding,
    ):
        super().__init__()
        for name, value in (("interval", interval), ("rows", rows)):
            if value < 1:
                raise ValueError(f"Argument `{name}` must be positive. Received: {name}={value}")
        self.interval = interval
        self._batch = _first_rows(data, rows)
        self._settings: dict[str, Any] = {
            "path": path, "log_dir": log_dir, "on_finding": on_finding,
        }  # fmt: skip
        self._recorder: DiagnosticsRecorder | None = None

    @property
    def findings(self) -> dict[str, Finding]:
        """What was found so far, by kind."""
        return {} if self._recorder is None else self._recorder.findings

    @property
    def seconds(self) -> float:
        """What all records took so far."""
        return 0.0 if self._recorder is None else self._recorder.seconds

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Make the first record."""
        if self._recorder is None or self._recorder.model is not self.model:
            self._recorder = DiagnosticsRecorder(self.model, *self._batch, **self._settings)
        self._recorder.record(int(self.model.optimizer.iterations))

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Make a record every `interval` steps."""
        step = int(self.model.optimizer.iterations)
        if step % self.interval == 0 and self._recorder is not None:
            self._recorder.record(step)


def _first_rows(data: Nested, rows: int) -> tuple:
    if isinstance(data, tf.data.Dataset):
        data = next(iter(data))
    elif isinstance(data, keras.utils.PyDataset):
        data = data[0]
    cut = tf.nest.map_structure(lambda values: None if values is None else values[:rows], data)
    return keras.utils.unpack_x_y_sample_weight(tuple(cut))
