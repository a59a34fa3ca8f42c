"""What watches or steers a run: the progress line, TensorBoard, diagnostics, scheduled sampling."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from seqsuite import schedules
from seqsuite.diagnostics import DiagnosticsRecorder
from seqsuite.errors import nearest
from seqsuite.layers import ScheduledSampling, ValueDecoder

SAMPLING_SCHEDULES = ("constant", "linear", "exponential", "inverse_sigmoid")


class ProgressLine:
    """One line that is redrawn while an epoch runs: share done, real tokens per second, loss.

    Padding is not counted as tokens. Where standard output is not a terminal nothing is drawn, so
    logs hold one line per epoch.

    Args:
        name: Phase.
        epoch: Epoch, from 0.
        epochs: Number of epochs.
        batches: Batches of the epoch.
        done: Batches that an earlier process has done.
        quiet: Draw nothing.
    """

    def __init__(
        self, name: str, epoch: int, epochs: int, batches: int, done: int = 0, quiet: bool = False
    ):
        self.label = f"{name} {epoch + 1}/{epochs}"
        self.batches = batches
        self.done_before = done
        self.active = not quiet and sys.stdout.isatty()
        self.tokens = 0
        self.started = self.drawn = time.monotonic()

    def update(self, batch: int, tokens: int, loss: Any) -> None:
        """Count a finished batch and redraw at most ten times a second.

        Args:
            batch: Batches done.
            tokens: Real tokens of this batch.
            loss: Running mean of the loss.
        """
        self.tokens += tokens
        now = time.monotonic()
        if not self.active or (now - self.drawn < 0.1 and batch < self.batches):
            return
        self.drawn = now
        elapsed = max(now - self.started, 1e-6)
        done = int(24 * batch / self.batches)
        remaining = elapsed / max(batch - self.done_before, 1) * (self.batches - batch)
        sys.stdout.write(
            f"\r{self.label} [{'=' * done}{' ' * (24 - done)}] {batch}/{self.batches} "
            f"{self.tokens / elapsed:,.0f} tokens/s  loss {float(loss):.4f}  "
            f"{remaining:.0f} s left \x1b[K"
        )
        sys.stdout.flush()

    def close(self) -> float:
        """Clear the line for what is printed next and return the real tokens per second."""
        if self.active:
            sys.stdout.write("\r\x1b[K")
            sys.stdout.flush()
        return self.tokens / max(time.monotonic() - self.started, 1e-6)


class TensorBoardWriter:
    """Write a row of numbers per epoch as TensorBoard scalars.

    Args:
        run_dir: The run directory; files go to ``tensorboard/<phase>`` in it.
        phase: Phase of the run.
        enabled: Do nothing when false.
    """

    def __init__(self, run_dir: Path, phase: str, enabled: bool):
        self._writer = None
        if enabled:
            self._writer = tf.summary.create_file_writer(str(run_dir / "tensorboard" / phase))

    def write(self, row: dict[str, Any], epoch: int) -> None:
        """Write the numbers of ``row`` at step ``epoch``."""
        if self._writer is None:
            return
        with self._writer.as_default():
            for name, value in row.items():
                if isinstance(value, int | float):
                    tf.summary.scalar(name, value, step=epoch)
        self._writer.flush()


class DiagnosticsCallback:
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
        log_dir = run_dir / "tensorboard" / "diagnostics" if tensorboard else None
        self.recorder = DiagnosticsRecorder(
            model, *batch, path=run_dir / "diagnostics.csv", log_dir=log_dir
        )
        self.interval = interval

    def __call__(self, model: keras.Model, step: int, total_steps: int) -> None:
        """Make a record before a step of training, if it is due."""
        if step % self.interval == 0:
            self.recorder.record(step)


class ScheduledSamplingCallback(keras.callbacks.Callback):
    """Move the sampling probability of every `ScheduledSampling` layer in a model by a schedule.

    A schedule tells which share of the true tokens is left at a step; the probability is `maximum`
    times the share that is gone: with ``"linear"`` it rises to `maximum` at `total_steps`, with
    ``"exponential"`` and ``"inverse_sigmoid"`` towards it, and with ``"constant"`` it is always
    `maximum`. The layers are found however deep they are nested.

    Batches are counted by the optimizer, so that a run that goes on goes on with its schedule; the
    last probability is saved with the model. Where the training loop is not ``fit``, call
    `set_model` once and `update` before each step.

    Args:
        schedule: ``"constant"``, ``"linear"``, ``"exponential"`` or ``"inverse_sigmoid"``, which
            are in `seqsuite.schedules`; or a function from a step to a probability, which
            `maximum` multiplies.
        maximum: The largest probability, in [0, 1].
        per: What a step is: ``"batch"`` or ``"epoch"``.
        **settings: The schedule's own: ``total_steps`` of a linear one, ``decay`` of an
            exponential one, ``k`` of an inverse sigmoid.

    Raises:
        ValueError: For an unknown name, wrong settings, or a model without such a layer.

    Example:
        >>> schedule = ScheduledSamplingCallback("linear", maximum=0.5, total_steps=10)
        >>> [schedule.probability(step) for step in (0, 5, 10, 11)]
        [0.0, 0.25, 0.5, 0.5]

    Reference:
        Bengio et al., "Scheduled Sampling", 2015, https://arxiv.org/abs/1506.03099
    """

    def __init__(
        self,
        schedule: str | Callable[..., float],
        maximum: float = 1.0,
        per: str = "batch",
        **settings: float,
    ):
        super().__init__()
        if not callable(schedule) and schedule not in SAMPLING_SCHEDULES:
            raise ValueError(
                f"Argument `schedule` must be one of {SAMPLING_SCHEDULES}, or a function. "
                f"Received: schedule={schedule!r}.{nearest(str(schedule), SAMPLING_SCHEDULES)}"
            )
        if not 0 <= maximum <= 1:
            raise ValueError(f"Argument `maximum` must be in [0, 1]. Received: maximum={maximum}")
        if per not in ("batch", "epoch"):
            raise ValueError(f"Argument `per` must be 'batch' or 'epoch'. Received: per={per!r}")
        self.schedule = schedule
        self.maximum = maximum
        self.per = per
        self.settings = settings
        self._layers: list[ScheduledSampling] = []
        try:
            self.probability(0)
        except TypeError as error:
            raise ValueError(
                f"Argument `settings` must be what the schedule takes: {error}. "
                f"Received: settings={settings}"
            ) from error

    def probability(self, step: int) -> float:
        """Return the sampling probability at a step."""
        return schedules.sampling_probability(self.schedule, step, self.maximum, **self.settings)

    def update(self, step: int) -> float:
        """Set the weights to what they are at a step, and return the probability."""
        probability = self.probability(step)
        for layer in self._layers:
            layer.sampling_probability.assign(probability)
        return probability

    def set_model(self, model: keras.Model) -> None:
        """Find the layers."""
        super().set_model(model)
        self._layers = [
            layer
            for layer in model._flatten_layers()
            if isinstance(layer, (ScheduledSampling, ValueDecoder))
        ]
        if not self._layers:
            raise ValueError(
                "Argument `model` must have a ScheduledSampling or ValueDecoder layer. "
                f"Received: model={model.name!r}"
            )

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Move the weights, when a step is an epoch."""
        if self.per == "epoch":
            batches = (self.params or {}).get("steps")
            done = self._iterations() // batches if batches else epoch
            self.update(max(epoch, done))

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Move the weights, when a step is a batch."""
        if self.per == "batch":
            self.update(self._iterations())

    def _iterations(self) -> int:
        return int(self.model.optimizer.iterations)
