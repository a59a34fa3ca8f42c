"""The verb ``train``: train, evaluate and export."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seqsuite.cli import parsing, terminal
from seqsuite.config import build_parser, parse
from seqsuite.errors import UserError
from seqsuite.task import TaskSpec


def train(task: TaskSpec, words: list[str]) -> int:
    """Train a model, evaluate and export it, and return the exit code."""
    parser = build_parser(
        task.config_class,
        prog=task.command("train"),
        description=f"Train: {task.summary}. Without flags, on the built-in sample.",
    )
    parser.add_argument("--run_dir", type=str | None, help="Where the run goes.")
    parser.add_argument("--resume", action="store_true", help="Resume the run in --run_dir.")
    parser.add_argument("--export_dir", type=str | None, help="Default: saved_models/<task>.")
    config: Any
    config, options = parse(task.config_class, words, parser)
    if options.resume:
        if not options.run_dir:
            raise UserError("--resume needs --run_dir DIR, the run to resume.")
        parsing.refuse_other_sections(task, words, "--resume")
        config = parsing.read_run_config(task, Path(options.run_dir))
    export_dir = Path(options.export_dir or Path("saved_models") / task.name)
    _check_writable(export_dir)
    terminal.quiet_tensorflow()
    from seqsuite.training import runs

    name = _recipe_name(words) or config.data.source.replace("tfds:", "").replace("/", "_")
    run_dir = Path(options.run_dir) if options.run_dir else runs.new_directory(task.name, name)
    run = runs.train(task(config), run_dir, resume=options.resume, command=words)
    serving = run.task.serving(run.preprocessor, run.model)
    version = runs.export_run(run, export_dir, serving)
    print_next_steps(task, run_dir, version, serving.example)
    return 0


def _check_writable(directory: Path) -> None:
    """Fail before training, not after it, when the model could not be exported."""
    existing = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise UserError(
            f"The model cannot be exported to {directory}: {existing} is not a folder that can be "
            "written. Give another --export_dir."
        )


def _recipe_name(words: Sequence[str]) -> str | None:
    for index, word in enumerate(words):
        if word == "--config":
            return Path(words[index + 1]).stem
        if word.startswith("--config="):
            return Path(word.removeprefix("--config=")).stem
    return None


def print_next_steps(task: TaskSpec, run_dir: Path, version: Path, example: str) -> None:
    """Print the commands that use an exported model."""
    print(f"\nExported {version}")
    print("Predict:   " + task.command("predict", "--model", str(version), example))
    print("Evaluate:  " + task.command("evaluate", "--run_dir", str(run_dir)))
