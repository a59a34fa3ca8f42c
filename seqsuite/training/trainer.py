"""The training loop: phases, schedules, averaging, selection on validation, exact resume.

A run is a pure function of its configuration. All that a step depends on (weights, optimizer,
random generators, position in the plan of batches) is in the checkpoint, so a run that was stopped
or killed and resumed ends with the weights of the run that was not.
"""

from __future__ import annotations

import shlex
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from seqsuite import schedules
from seqsuite.data.batching import EncodedExamples, batch_dataset
from seqsuite.diagnostics import PROBE_ROWS
from seqsuite.errors import Interrupted, UserError
from seqsuite.layers.nested import Nested
from seqsuite.metrics.metric import Metrics
from seqsuite.task import Phase, Task
from seqsuite.training import checkpoint, model_runner
from seqsuite.training.diagnostics import DiagnosticsCallback
from seqsuite.training.progress import ProgressLine, TensorBoardWriter
from seqsuite.training.report import write_history
from seqsuite.training.weight_average import WeightAverage

LAST, BEST = "last.npz", "best.npz"


@dataclass
class Progress:
    """Where a run stands; everything here travels in the checkpoint.

    Args:
        phase: Index of the phase (pre-training comes first).
        epoch: Epoch within the phase.
        batch: Next batch within the epoch.
        step: Steps taken in the phase.
        plateau_factor: What reduce_on_plateau has made of the learning rate so far.
        best: Best value of the selecting metric on validation, negated where less is better.
        best_loss: Loss of that epoch, which decides between equal values.
        stale_epochs: Epochs since ``best``.
        seconds: Time spent in the loop so far, validation included.
        history: One row per finished epoch.
    """

    phase: int = 0
    epoch: int = 0
    batch: int = 0
    step: int = 0
    plateau_factor: float = 1.0
    best: float = -np.inf
    best_loss: float = np.inf
    stale_epochs: int = 0
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)


class Trainer:
    """Fit a task's model and leave the selected weights in the model and in ``best.npz``.

    Args:
        task: The configured task.
        preprocessor: Its adapted preprocessor.
        phases: What is fitted one after the other; the last is the task's model.
        run_dir: Where checkpoints and history go.
        quiet: Print nothing.
    """

    def __init__(
        self, task: Task, preprocessor, phases: Sequence[Phase], run_dir: Path, quiet=False
    ):
        self.task = task
        self.metrics = Metrics(task.metrics)
        self.preprocessor = preprocessor
        self.phases = list(phases)
        self.model = self.phases[-1].model
        self.run_dir = run_dir
        self.quiet = quiet
        self.training = task.config.training
        self.progress = Progress()
        for phase in self.phases:
            phase.model.optimizer.build(phase.model.trainable_variables)
        self.average = WeightAverage(self.model.trainable_variables, self.training.average_decay)
        self.predict = model_runner.build_predictor(task, preprocessor, self.model)
        self.mean_loss = tf.Variable(0.0, trainable=False)
        self._stop_requested = False
        self._saved_at = time.monotonic()

    def resume(self) -> None:
        """Go on from the run directory's last checkpoint."""
        groups, record = checkpoint.load_checkpoint(self.run_dir / LAST)
        self.progress = Progress(**record)
        for name, variables in self._state().items():
            checkpoint.assign(variables, groups.get(name, []))

    def fit(self, train: EncodedExamples, validation: EncodedExamples) -> Progress:
        """Run all phases that are not done yet.

        Args:
            train: Encoded training examples.
            validation: Encoded validation examples.

        Returns:
            The final progress, with the history of epochs.

        Raises:
            Interrupted: Ctrl-C or SIGTERM; the state is saved first.
        """
        with self._catch_signals():
            while self.progress.phase < len(self.phases):
                phase = self.phases[self.progress.phase]
                self._fit_phase(phase, train, validation)
                self.progress.phase += 1
                self.progress.epoch = self.progress.batch = self.progress.step = 0
                if not phase.selects:
                    self.average.reset()
                self._save()
        groups, _ = checkpoint.load_checkpoint(self.run_dir / BEST)
        checkpoint.assign(self.model.weights, groups["weights"])
        return self.progress

    def save_best(self) -> None:
        """Write the model's present weights as the run's best."""
        checkpoint.save_checkpoint(self.run_dir / BEST, {"weights": self.model.weights}, {})

    def _fit_phase(self, phase: Phase, train: EncodedExamples, validation: EncodedExamples) -> None:
        progress, settings = self.progress, self.training
        plan_epochs = [len(self._plan(train, phase, epoch)) for epoch in range(phase.epochs)]
        total_steps = sum(plan_epochs)
        step = self._compile_step(phase, train)
        writer = TensorBoardWriter(self.run_dir, phase.name, settings.tensorboard)
        callbacks = keras.callbacks.CallbackList(
            [*phase.callbacks, *self._diagnostics(phase, train)],
            model=phase.model,
            epochs=phase.epochs,
            steps=plan_epochs[0],
            total_steps=total_steps,
        )
        callbacks.on_train_begin()
        while progress.epoch < phase.epochs:
            if progress.batch == 0:
                self.mean_loss.assign(0.0)
            callbacks.on_epoch_begin(progress.epoch)
            rate = self._run_epoch(phase, train, step, total_steps, callbacks)
            if not np.isfinite(float(self.mean_loss)):
                raise UserError(
                    f"Training diverged: the loss is {float(self.mean_loss)}. Lower "
                    "--training.learning_rate or --training.clip_norm."
                )
            row: dict[str, Any] = {
                "phase": phase.name,
                "epoch": progress.epoch + 1,
                "loss": float(self.mean_loss),
                "learning_rate": float(phase.model.optimizer.learning_rate),
            }
            started = time.monotonic()
            if phase.selects:
                row |= self._validate(validation)
                self._select(row)
            progress.seconds += time.monotonic() - started
            row |= {"tokens_per_second": round(rate), "seconds": round(progress.seconds, 1)}
            progress.history.append(row)
            callbacks.on_epoch_end(progress.epoch, row)
            progress.epoch, progress.batch = progress.epoch + 1, 0
            write_history(self.run_dir / "history.csv", progress.history)
            writer.write(row, progress.epoch)
            if not self.quiet:
                print(_epoch_line(row, phase.epochs, self.metrics), flush=True)
            patience = settings.early_stopping_patience
            if phase.selects and patience and progress.stale_epochs >= patience:
                print(f"No progress on validation for {patience} epochs: stopping early.")
                break
            if phase.selects and self._reached_target():
                print(f"Validation has reached {settings.target_score}: stopping.")
                break
            self._save()
            self._stop_if_requested()
        callbacks.on_train_end()

    def _run_epoch(
        self,
        phase: Phase,
        train: EncodedExamples,
        step: Callable,
        total_steps: int,
        callbacks: keras.callbacks.CallbackList,
    ) -> float:
        progress = self.progress
        plan = self._plan(train, phase, progress.epoch)
        done = progress.batch
        line = ProgressLine(phase.name, progress.epoch, phase.epochs, len(plan), done, self.quiet)
        started = time.monotonic()
        for batch in batch_dataset(train, plan[progress.batch :]):
            indices = batch[-1].numpy()
            rate = self._learning_rate(phase, total_steps)
            rate *= train.rate_factor(indices, self.training)
            phase.model.optimizer.learning_rate.assign(rate)
            callbacks.on_train_batch_begin(progress.batch)
            progress.step += 1
            progress.batch += 1
            loss = step(batch, tf.constant(progress.batch))
            callbacks.on_train_batch_end(progress.batch - 1, {"loss": loss})
            now = time.monotonic()
            progress.seconds, started = progress.seconds + now - started, now
            line.update(progress.batch, train.count(indices), loss)
            self._stop_if_requested()
            if now - self._saved_at > self.training.checkpoint_seconds:
                self._save()
        return line.close()

    def _stop_if_requested(self) -> None:
        if self._stop_requested:
            self._save()
            raise Interrupted(
                f"Stopped in epoch {self.progress.epoch + 1} after batch {self.progress.batch}; "
                f"the state is saved. Go on with: {self.resume_hint()}"
            )

    def resume_hint(self) -> str:
        """Return the command that resumes this run."""
        directory = shlex.quote(str(self.run_dir))
        return self.task.spec.command("train", "--run_dir", directory, "--resume")

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

    def _diagnostics(self, phase: Phase, train: EncodedExamples) -> list[DiagnosticsCallback]:
        """Return what records diagnostics, if configured, on examples of middle length."""
        settings = self.training
        if not (settings.diagnostics_interval and phase.selects):
            return []
        rows = [batch[:PROBE_ROWS] for batch in self._plan(train, phase, 0)]
        middle = sorted(rows, key=train.count)[len(rows) // 2]
        features, targets, *_ = next(iter(batch_dataset(train, [middle])))
        batch = features, targets_of_losses(phase.model, targets)
        interval, tensorboard = settings.diagnostics_interval, settings.tensorboard
        return [DiagnosticsCallback(phase.model, batch, self.run_dir, interval, tensorboard)]

    def _compile_step(self, phase: Phase, train: EncodedExamples):
        model, average, mean_loss = phase.model, self.average, self.mean_loss
        selects = phase.selects
        signature = [batch_dataset(train, []).element_spec, tf.TensorSpec((), tf.int32)]
        if isinstance(model.loss, dict) and len(model.loss) > 1:
            self._track_losses(phase, train)

        @tf.function(input_signature=signature, autograph=False)
        def step(batch, position):
            features, *rest = batch
            targets = targets_of_losses(model, rest[0]) if selects else None
            # Resetting before each step makes Keras report the loss of this batch, so that the mean
            # over the epoch is ours to keep in checkpoints.
            model.reset_metrics()
            loss = model.train_step((features, targets))["loss"]
            mean_loss.assign_add((loss - mean_loss) / tf.cast(position, loss.dtype))
            if selects:
                average.update()
            return mean_loss.read_value()

        return step

    def _track_losses(self, phase: Phase, train: EncodedExamples) -> None:
        """Let Keras make the trackers of several losses, which it does when it sees the first.

        Made while the step is traced, they would have all of it traced twice: seconds.
        """
        one_row = [self._plan(train, phase, 0)[0][:1]]
        features, targets, *_ = next(iter(batch_dataset(train, one_row)))
        outputs = phase.model(features, training=False)
        phase.model.compute_loss(features, targets_of_losses(phase.model, targets), outputs)

    def _validate(self, validation: EncodedExamples) -> dict[str, float]:
        with self.average.applied():
            predictions = self.predict(validation)
        assert validation.targets is not None
        # Scored as it will be used: what calibration makes of these very weights.
        self.task.calibrate(self.preprocessor, predictions, validation.targets)
        scores = self.task.score(predictions, validation.targets, self.preprocessor)
        return {f"val_{name}": value for name, value in scores.items() if "/" not in name}

    def _select(self, row: dict[str, Any]) -> None:
        progress = self.progress
        metric = self.metrics.selecting
        value = row[f"val_{metric.name}"]
        value = -value if metric.lower_is_better else value
        # A score that stays the same, as BLEU of 0 does at first, does not say that nothing is
        # learned. The loss is that of training where validation measures none.
        breaker = self.metrics.tie_breaker
        loss = row.get(f"val_{breaker}", row["loss"])
        improved = value > progress.best
        if improved or (value == progress.best and loss < progress.best_loss):
            progress.best, progress.best_loss = value, loss
            with self.average.applied():
                self.save_best()
        if improved:
            progress.stale_epochs = 0
            return
        progress.stale_epochs += 1
        patience = self.training.plateau_patience
        reducing = self.training.schedule == "reduce_on_plateau"
        if reducing and progress.stale_epochs % patience == 0:
            progress.plateau_factor *= 0.5

    def _reached_target(self) -> bool:
        target = self.training.target_score
        if target is None:
            return False
        return self.progress.best >= (-target if self.metrics.selecting.lower_is_better else target)

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

    @contextmanager
    def _catch_signals(self) -> Iterator[None]:
        """Let the running step finish on Ctrl-C or SIGTERM; a second one stops at once."""

        def request_stop(number, frame):
            self._stop_requested = True
            signal.signal(number, signal.default_int_handler)

        try:
            previous = {s: signal.signal(s, request_stop) for s in (signal.SIGINT, signal.SIGTERM)}
        except ValueError:  # not in the main thread: the host program handles signals
            previous = {}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


def targets_of_losses(model: keras.Model, targets: Nested) -> Any:
    """Return the targets of a model's losses; others are there for scores alone.

    Args:
        model: A compiled model.
        targets: A batch of encoded targets, or a dict of such.
    """
    if not isinstance(model.loss, dict):
        return targets
    if isinstance(targets, dict):
        return {key: targets[key] for key in model.loss}
    return dict.fromkeys(model.loss, targets)


def _epoch_line(row: dict[str, Any], epochs: int, metrics: Metrics) -> str:
    shown = ["loss", *(f"val_{name}" for name in metrics.headlines)]
    parts = [f"{row['phase']} {row['epoch']}/{epochs}"]
    parts += [f"{name} {row[name]:.4f}" for name in shown if name in row]
    rate = f"{row['tokens_per_second']:,.0f} tokens/s"
    return "  ".join([*parts, rate, f"{row['seconds']:.0f} s"])
