"""The training loop: phases, schedules, averaging, selection on validation, exact resume.

A run is a pure function of its configuration. The checkpoint holds everything that a step depends
on (weights, optimizer, random generators, position in the plan of batches), so a resumed run ends
with the same weights as an uninterrupted one.
"""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from seqsuite import schedules
from seqsuite.data.batching import EncodedExamples, batch_dataset
from seqsuite.diagnostics import PROBE_ROWS
from seqsuite.errors import Interrupted, UserError
from seqsuite.metrics.metric import Metrics
from seqsuite.preprocessor import Preprocessor
from seqsuite.task import Phase, Task
from seqsuite.training import checkpoint, model_runner
from seqsuite.training.diagnostics import DiagnosticsCallback
from seqsuite.training.progress import ProgressLine
from seqsuite.training.report import write_history
from seqsuite.training.run_progress import Progress
from seqsuite.training.selection import Selection
from seqsuite.training.signals import StopSignals
from seqsuite.training.tensorboard import EpochScalarsCallback
from seqsuite.training.training_step import compile_step, targets_of_losses
from seqsuite.training.weight_average import WeightAverage

LAST, BEST = "last.npz", "best.npz"

Step = Callable[[tuple, tf.Tensor], tf.Tensor]


class Trainer:
    """Fit a task's model; the selected weights end up in the model and in ``best.npz``.

    Callbacks see each phase as Keras' own loop would show it: ``on_train_begin`` and
    ``on_train_end``, ``on_epoch_begin`` and ``on_epoch_end`` (with the numbers of the history),
    ``on_train_batch_begin`` and ``on_train_batch_end`` (with the mean loss of the epoch so far).
    ``params`` holds ``epochs``, ``steps`` of the first epoch, and ``total_steps``. Callbacks keep
    their own state when a run is resumed; ``model.optimizer.iterations`` continues.
    ``model.stop_training`` ends a phase after the epoch. The learning rate belongs to the schedule.

    Args:
        task: The configured task.
        preprocessor: Its adapted preprocessor.
        phases: Models to fit in order; the last one is the task's model.
        run_dir: Folder for checkpoints and history.
        callbacks: Keras callbacks of all phases.
    """

    def __init__(
        self,
        task: Task,
        preprocessor: Preprocessor,
        phases: Sequence[Phase],
        run_dir: Path,
        callbacks: Sequence[keras.callbacks.Callback] = (),
    ):
        self.task = task
        self.metrics = Metrics(task.metrics)
        self.preprocessor = preprocessor
        self.phases = list(phases)
        self.model = self.phases[-1].model
        self.run_dir = run_dir
        self.callbacks = list(callbacks)
        self.training = task.config.training
        self.progress = Progress()
        for phase in self.phases:
            phase.model.optimizer.build(phase.model.trainable_variables)
        self.average = WeightAverage(self.model.trainable_variables, self.training.average_decay)
        self.predict = model_runner.build_predictor(task, preprocessor, self.model)
        self.selection = Selection(
            self.metrics.selecting,
            self.average,
            model_runner.ValidationLoss(self.model, self.training),
            run_dir / BEST,
            self.training,
        )
        self.mean_loss = tf.Variable(0.0, trainable=False)
        self._stop = StopSignals()
        self._saved_at = time.monotonic()

    def resume(self) -> None:
        """Restore the state of the run directory's last checkpoint."""
        groups, record = checkpoint.load_checkpoint(self.run_dir / LAST)
        self.progress = Progress(**record)
        for name, variables in self._state().items():
            checkpoint.assign(variables, groups.get(name, []))

    def fit(self, train: EncodedExamples, validation: EncodedExamples) -> Progress:
        """Run the remaining phases.

        Args:
            train: Encoded training examples.
            validation: Encoded validation examples.

        Returns:
            The final progress, with the history of epochs.

        Raises:
            Interrupted: Ctrl-C or SIGTERM; the state is saved first.
        """
        with self._stop:
            while self.progress.phase < len(self.phases):
                phase = self.phases[self.progress.phase]
                self._fit_phase(phase, train, validation)
                self.progress.phase += 1
                self.progress.epoch = self.progress.batch = self.progress.step = 0
                if not phase.selects:
                    self.average.reset()
                self._save()
        self.selection.load()
        return self.progress

    def resume_hint(self) -> str:
        """Return the command that resumes this run."""
        directory = shlex.quote(str(self.run_dir))
        return self.task.spec.command("train", "--run_dir", directory, "--resume")

    def _fit_phase(self, phase: Phase, train: EncodedExamples, validation: EncodedExamples) -> None:
        progress = self.progress
        first = self._plan(train, phase, 0)
        total_steps = sum(len(self._plan(train, phase, epoch)) for epoch in range(phase.epochs))
        average = self.average if phase.selects else None
        step = compile_step(phase.model, train, first[0][:1], self.mean_loss, average)
        callbacks = keras.callbacks.CallbackList(
            [*phase.callbacks, *self._own_callbacks(phase, train), *self.callbacks],
            model=phase.model,
            epochs=phase.epochs,
            steps=len(first),
            total_steps=total_steps,
            verbose=0,
        )
        phase.model.stop_training = False
        callbacks.on_train_begin()
        while progress.epoch < phase.epochs:
            callbacks.on_epoch_begin(progress.epoch)
            speed = self._run_epoch(phase, train, step, total_steps, callbacks)
            row = self._finish_epoch(phase, validation, speed)
            numbers = {name: row[name] for name in row if name not in ("phase", "epoch")}
            callbacks.on_epoch_end(progress.epoch - 1, numbers)
            reason = self.selection.end_of_training(progress) if phase.selects else None
            if reason:
                print(reason)
            if reason or phase.model.stop_training:
                break
            self._save()
            self._stop_if_requested()
        callbacks.on_train_end()

    def _run_epoch(
        self,
        phase: Phase,
        train: EncodedExamples,
        step: Step,
        total_steps: int,
        callbacks: keras.callbacks.CallbackList,
    ) -> float:
        """Train on the rest of an epoch; return time steps per second, without padding."""
        progress, optimizer = self.progress, phase.model.optimizer
        plan = self._plan(train, phase, progress.epoch)
        label = f"{phase.name} {progress.epoch + 1}/{phase.epochs}"
        line = ProgressLine(label, progress.batch, sys.stdout)
        if progress.batch == 0:
            self.mean_loss.assign(0.0)
        tokens, began = 0, time.monotonic()
        started = began
        for batch in batch_dataset(train, plan[progress.batch :]):
            indices = batch[-1].numpy()
            rate = self._learning_rate(phase, total_steps)
            optimizer.learning_rate.assign(rate * train.rate_factor(indices, self.training))
            callbacks.on_train_batch_begin(progress.batch)
            progress.step += 1
            progress.batch += 1
            loss = step(batch, tf.constant(progress.batch))
            now = time.monotonic()
            progress.seconds, started = progress.seconds + now - started, now
            # Padding is not counted.
            tokens += train.count(indices)
            # Reading the loss waits for the device, so only a line that is drawn reads it.
            details = partial(_details, tokens / max(now - began, 1e-6), loss)
            line(progress.batch, len(plan), details)
            callbacks.on_train_batch_end(progress.batch - 1, {"loss": loss})
            self._stop_if_requested()
            if now - self._saved_at > self.training.checkpoint_seconds:
                self._save()
        return tokens / max(time.monotonic() - began, 1e-6)

    def _finish_epoch(
        self, phase: Phase, validation: EncodedExamples, tokens_per_second: float
    ) -> dict[str, Any]:
        """Validate, select and write the history; return the epoch's row."""
        progress, loss = self.progress, float(self.mean_loss)
        if not np.isfinite(loss):
            raise UserError(
                f"Training diverged: the loss is {loss}. Lower "
                "--training.learning_rate or --training.clip_norm."
            )
        row: dict[str, Any] = {
            "phase": phase.name,
            "epoch": progress.epoch + 1,
            "loss": loss,
            "learning_rate": float(phase.model.optimizer.learning_rate),
        }
        started = time.monotonic()
        if phase.selects:
            row |= self._validate(validation)
            self.selection.update(progress, row, validation)
        progress.seconds += time.monotonic() - started
        row["tokens_per_second"] = round(tokens_per_second)
        row["seconds"] = round(progress.seconds, 1)
        progress.history.append(row)
        progress.epoch, progress.batch = progress.epoch + 1, 0
        write_history(self.run_dir / "history.csv", progress.history)
        print(_epoch_line(row, phase.epochs, self.metrics), flush=True)
        return row

    def _stop_if_requested(self) -> None:
        if self._stop.requested:
            self._save()
            raise Interrupted(
                f"Stopped in epoch {self.progress.epoch + 1} after batch {self.progress.batch}; "
                f"the state is saved. Resume with: {self.resume_hint()}"
            )

    def _learning_rate(self, phase: Phase, total_steps: int) -> float:
        settings = self.training
        factor = schedules.learning_rate_factor(
            settings.schedule,
            self.progress.step,
            total_steps,
            warm_up_steps=int(settings.warm_up_fraction * total_steps),
            final_fraction=settings.final_learning_rate_fraction,
        )
        return phase.learning_rate * factor * self.progress.plateau_factor

    def _plan(self, train: EncodedExamples, phase: Phase, epoch: int) -> list[np.ndarray]:
        # Phases see different orders; the offset keeps them apart for any number of epochs.
        offset = 0 if phase.selects else 1_000_000
        return train.plan(self.training, offset + epoch)

    def _own_callbacks(
        self, phase: Phase, train: EncodedExamples
    ) -> list[keras.callbacks.Callback]:
        settings = self.training
        callbacks: list[keras.callbacks.Callback] = []
        if settings.tensorboard:
            callbacks.append(EpochScalarsCallback(self.run_dir / "tensorboard" / phase.name))
        if settings.diagnostics_interval and phase.selects:
            # A batch of middle length.
            rows = [batch[:PROBE_ROWS] for batch in self._plan(train, phase, 0)]
            middle = sorted(rows, key=train.count)[len(rows) // 2]
            features, targets, *_ = next(iter(batch_dataset(train, [middle])))
            batch = features, targets_of_losses(phase.model, targets)
            interval, tensorboard = settings.diagnostics_interval, settings.tensorboard
            callbacks.append(DiagnosticsCallback(batch, self.run_dir, interval, tensorboard))
        return callbacks

    def _validate(self, validation: EncodedExamples) -> dict[str, float]:
        with self.average.applied():
            predictions = self.predict(validation)
        assert validation.targets is not None
        # Scored as it will be used: what calibration makes of these very weights.
        self.task.calibrate(self.preprocessor, predictions, validation.targets)
        scores = self.task.score(predictions, validation.targets, self.preprocessor)
        return {f"val_{name}": value for name, value in scores.items() if "/" not in name}

    def _state(self) -> dict[str, list[Any]]:
        state: dict[str, list[Any]] = {"average": list(self.average.values)}
        state["mean_loss"] = [self.mean_loss]
        for phase in self.phases:
            model = phase.model
            state[f"{phase.name}.model"] = list(model.variables)
            state[f"{phase.name}.optimizer"] = list(model.optimizer.variables)
        return state

    def _save(self) -> None:
        checkpoint.save_checkpoint(self.run_dir / LAST, self._state(), asdict(self.progress))
        self._saved_at = time.monotonic()


def _details(tokens_per_second: float, loss: tf.Tensor) -> str:
    return f"{tokens_per_second:,.0f} tokens/s  loss {float(loss):.4f}"


def _epoch_line(row: dict[str, Any], epochs: int, metrics: Metrics) -> str:
    shown = ["loss", *(f"val_{name}" for name in metrics.headlines)]
    parts = [f"{row['phase']} {row['epoch']}/{epochs}"]
    parts += [f"{name} {row[name]:.4f}" for name in shown if name in row]
    rate = f"{row['tokens_per_second']:,.0f} tokens/s"
    return "  ".join([*parts, rate, f"{row['seconds']:.0f} s"])
