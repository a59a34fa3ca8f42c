"""Runs: training, evaluation and the run directory."""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from seqsuite.config import to_toml
from seqsuite.data.examples import Examples
from seqsuite.data.writing import write_text
from seqsuite.errors import EnvironmentFailure, UserError
from seqsuite.metrics.metric import Metrics
from seqsuite.preprocessor import Preprocessor
from seqsuite.serving import export
from seqsuite.task import Baselines, Results, Serving, Task
from seqsuite.training import checkpoint, learning_curves, report
from seqsuite.training.keras_model import KERAS_FILE, save_keras_model
from seqsuite.training.model_runner import Predictor, build_predictor
from seqsuite.training.run_progress import Progress
from seqsuite.training.splits import Splits, encode, encode_labels, encode_training, load_splits
from seqsuite.training.trainer import BEST, LAST, Trainer

_MAX_MISTAKES = 200


@dataclass(frozen=True)
class Run:
    """A trained model and its run directory.

    Args:
        task: The configured task.
        directory: The run directory.
        preprocessor: The adapted preprocessor.
        model: The model with its selected weights.
        predict: The traced predictor of validation; None: build one.
    """

    task: Task
    directory: Path
    preprocessor: Preprocessor
    model: keras.Model
    predict: Predictor | None = None


def new_directory(task_name: str, name: str) -> Path:
    """Return a run directory that does not exist yet, ``runs/<task>/<name>[-2, -3, ...]``."""
    base = Path("runs") / task_name
    candidate, number = base / name, 1
    while candidate.exists():
        number += 1
        candidate = base / f"{name}-{number}"
    return candidate


def train(
    task: Task,
    run_dir: Path,
    resume: bool = False,
    command: Sequence[str] = (),
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Run:
    """Train, select on validation, calibrate, score on test once, and write the run directory.

    Args:
        task: The configured task.
        run_dir: The run directory.
        resume: Resume the run in ``run_dir``.
        command: Command-line words, for the model card.
        callbacks: Keras callbacks; see :class:`seqsuite.training.trainer.Trainer`.

    Returns:
        The finished run.
    """
    started = time.monotonic()
    if not resume and (run_dir / LAST).exists():
        raise UserError(
            f"{run_dir} already holds a run. Add --resume to resume it, or give another --run_dir."
        )
    set_seeds(task.config.training.seed)
    splits = load_splits(task)
    if not resume:
        _start_directory(task, run_dir)
    run, progress = fit(task, splits, run_dir, resume, callbacks)
    learning_curves.learning_curves(
        progress.history, _plots(run_dir) / "learning_curves.png", Metrics(task.metrics)
    )
    result = evaluate(run, splits=splits, write_plots=True)
    result["seconds"] = round(progress.seconds, 1)
    report.write_json(run_dir / "metrics.json", result)
    total = time.monotonic() - started
    _write_model_card(run, result, command, total)
    print(format_result(result, Metrics(task.metrics)))
    print(f"Trained in {progress.seconds:.0f} s; {total:.0f} s in all.")
    return run


def fit(
    task: Task,
    splits: Splits,
    run_dir: Path,
    resume: bool = False,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> tuple[Run, Progress]:
    """Train, select and calibrate on validation, without scores on test.

    Args:
        task: The configured task.
        splits: Its examples.
        run_dir: An existing folder, for checkpoints, history and the trained model.
        resume: Resume the run in ``run_dir``; a finished one is read.
        callbacks: Keras callbacks.

    Returns:
        The run, and the history of its epochs.
    """
    set_seeds(task.config.training.seed)
    print(f"{len(splits.train):,} training and {len(splits.validation):,} validation examples")
    preprocessor = _prepare(task, splits, run_dir, resume)
    encoded, encoded_validation = encode_training(preprocessor, splits)
    # Fail early on test labels that cannot be scored; nothing else of the test split is read.
    encode_labels(preprocessor, splits.test)
    print(encoded.summary(encoded.plan(task.config.training)))
    trainer = _build_trainer(task, splits, preprocessor, run_dir, resume, callbacks)
    progress = trainer.fit(encoded, encoded_validation)
    predictions = trainer.predict(encoded_validation)
    assert encoded_validation.targets is not None
    task.calibrate(preprocessor, predictions, encoded_validation.targets)
    preprocessor.save_to(run_dir)
    save_keras_model(trainer.model, run_dir / KERAS_FILE)
    # A task's own predictor may report other numbers than it selects by.
    plain = trainer.predict if isinstance(trainer.predict, Predictor) else None
    return Run(task, run_dir, preprocessor, trainer.model, plain), progress


def _build_trainer(
    task: Task,
    splits: Splits,
    preprocessor: Preprocessor,
    run_dir: Path,
    resume: bool,
    callbacks: Sequence[keras.callbacks.Callback],
) -> Trainer:
    # Preparation may draw random numbers; weights must not depend on whether it was loaded.
    set_seeds(task.config.training.seed)
    model = task.build_model(preprocessor)
    print(f"{model.count_params():,} weights; run directory {run_dir}")
    resumed = resume and (run_dir / LAST).is_file()
    phases = task.phases(preprocessor, model, None if resumed else splits.train)
    trainer = Trainer(task, preprocessor, phases, run_dir, callbacks)
    if resumed:
        trainer.resume()
    return trainer


def load(task: Task, run_dir: Path) -> Run:
    """Load a finished run.

    Raises:
        UserError: The directory holds no finished run.
    """
    if not (run_dir / "preprocessor.json").is_file() or not (run_dir / BEST).is_file():
        raise UserError(
            f"{run_dir} holds no trained model yet. Finish it with: "
            + task.spec.command("train", "--run_dir", str(run_dir), "--resume")
        )
    preprocessor = read_preprocessor(task, run_dir)
    model = task.build_model(preprocessor)
    groups, _ = checkpoint.load_checkpoint(run_dir / BEST)
    checkpoint.assign(model.weights, groups["weights"])
    return Run(task, run_dir, preprocessor, model)


def read_preprocessor(task: Task, run_dir: Path) -> Preprocessor:
    """Return the preprocessor of a run, also of an earlier version.

    Args:
        task: The task, whose package defines the preprocessor.
        run_dir: The run directory.
    """
    name = f"{task.spec.package}.preprocessor"
    # Keras looks classes up by their registered names, whatever module they were in.
    if importlib.util.find_spec(name):
        importlib.import_module(name)
    return Preprocessor.load_from(run_dir)


def evaluate(
    run: Run, splits: Splits | None = None, write_plots: bool = False, baselines: bool = True
) -> dict[str, Any]:
    """Score a run and the baselines on the configured test split.

    Args:
        run: A finished run.
        splits: Training examples for the baselines, when already loaded.
        write_plots: Also write the task's plots into the run directory.
        baselines: Fit and score the baselines.

    Returns:
        ``{"task", "metrics", "baseline", "examples"}``; ``"protocol"`` where there is one;
        ``"baseline_note"`` where baselines are missing.
    """
    task, note = run.task, None
    if splits:
        test = splits.test
    elif baselines:
        splits, test, note = _load_test(task)
    else:
        # Reading the training examples may take longer than scoring.
        test = task.load_examples("test") or load_splits(task, inherited=True).test
        note = "not fitted (--baselines false)"
    encoded = encode(run.preprocessor, test)
    assert encoded.targets is not None
    predict = run.predict or build_predictor(task, run.preprocessor, run.model, final=True)
    predictions = predict(encoded)
    metrics = task.score(predictions, encoded.targets, run.preprocessor)
    classical = Baselines()
    if splits is not None:
        classical = task.baselines(splits.all_train, test, run.preprocessor)
    results = Results(test, predictions, encoded.targets, run.preprocessor, classical)
    # Mistakes and plots may take as long as the scores: only where they are written.
    details = task.report(results, _plots(run.directory) if write_plots else None)
    if write_plots:
        report.write_mistakes(run.directory / "mistakes.jsonl", details.mistakes[:_MAX_MISTAKES])
    result: dict[str, Any] = {
        "task": task.spec.name,
        "metrics": metrics,
        "baseline": classical.metrics,
        "examples": len(test),
    }
    if note:
        result["baseline_note"] = note
    return {**result, "protocol": details.protocol} if details.protocol else result


def _load_test(task: Task) -> tuple[Splits | None, Examples, str | None]:
    """Return all splits, the test split, and a note if training examples are missing."""
    try:
        splits = load_splits(task, inherited=True)
        return splits, splits.test, None
    except UserError as error:
        test = task.load_examples("test")
        if test is None:
            raise
        print(f"note: no baseline, as the training examples are missing: {error}", file=sys.stderr)
        return None, test, "not fitted: the training examples are missing"


def export_run(run: Run, directory: Path, serving: Serving | None = None) -> Path:
    """Export a run as the next version below ``directory``."""
    return export.export(run.task, run.preprocessor, run.model, directory, serving)


def format_result(result: dict[str, Any], metrics: Metrics) -> str:
    """Return the table of a result: the model and the baselines, the best of each metric marked.

    Args:
        result: From :func:`evaluate`.
        metrics: Definitions of the metrics.
    """
    values = result["metrics"]
    rows = {f"{result['task']} (ours)": values, **result["baseline"]}
    # Precision and recall are shown per label, and intervals below the table.
    hidden = ("precision", "recall")
    plain = [
        key
        for key in values
        if "/" not in key and key not in hidden and not report.is_interval_end(key)
    ]
    keys = [key for key in plain if all(key in row for row in result["baseline"].values())]
    # A terminal is not wide enough for all metrics of forecasts.
    keys = [key for key in keys if not metrics[key].aside]
    lines = [report.results_table(rows, keys, metrics), ""]
    if "baseline_note" in result:
        lines.append(f"Baselines: {result['baseline_note']}.")
    lines += [f"{key}: {values[key]:.4f}" for key in plain if key not in keys]
    for name, ends in report.intervals(values).items():
        lines.append(f"95 % bootstrap interval of our {name}: {ends}")
    lines += [f"protocol of {name}: {text}" for name, text in result.get("protocol", {}).items()]
    labels = [key.partition("/")[2] for key in values if key.startswith("f1/")]
    for name in labels if len(labels) <= 20 else []:
        parts = [f"{part} {values[f'{part}/{name}']:.4f}" for part in ("precision", "recall", "f1")]
        lines.append(f"{name}: {', '.join(parts)}")
    return "\n".join(lines)


def set_seeds(seed: int) -> None:
    """Seed all random generators and make ops deterministic."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def _start_directory(task: Task, run_dir: Path) -> None:
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        write_text(run_dir / "config.toml", to_toml(task.config))
    except OSError as error:
        raise EnvironmentFailure(
            f"Cannot write to run directory {run_dir}: {error.strerror}. Give another --run_dir."
        ) from error


def _prepare(task: Task, splits: Splits, run_dir: Path, resume: bool) -> Preprocessor:
    # Without a checkpoint the run starts over, adaptation included.
    if resume and (run_dir / LAST).is_file():
        return read_preprocessor(task, run_dir)
    preprocessor = task.build_preprocessor(splits.all_train, splits.train)
    preprocessor.save_to(run_dir)
    return preprocessor


def _plots(run_dir: Path) -> Path:
    directory = run_dir / "plots"
    directory.mkdir(exist_ok=True)
    return directory


def _write_model_card(run: Run, result: dict, command: Sequence[str], seconds: float) -> None:
    report.write_model_card(
        run.directory / "model_card.md",
        task=run.task.spec.name,
        summary=run.task.spec.summary,
        source=run.task.config.data.source,
        result=result,
        config_text=to_toml(run.task.config),
        command=run.task.spec.command(*command),
        seconds=seconds,
        num_weights=run.model.count_params(),
        metrics=Metrics(run.task.metrics),
    )


def read_result(run_dir: Path) -> dict[str, Any]:
    """Return the content of a run's ``metrics.json``."""
    return json.loads((run_dir / "metrics.json").read_text(encoding="utf-8"))
