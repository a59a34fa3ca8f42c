"""The verb ``train``: train, evaluate and export."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seqsuite.cli import parsing, terminal
from seqsuite.config import build_parser, parse
from seqsuite.errors import UserError
from seqsuite.task import Task, command, summary


def train(task_class: type[Task], words: list[str]) -> int:
    """Train a model, evaluate and export it, and return the exit code."""
    parser = build_parser(
        task_class.config_class,
        prog=command(task_class, "train"),
        description=f"Train: {summary(task_class)}. Without flags, on the built-in sample.",
    )
    parser.add_argument("--run_dir", type=str | None, help="Where the run goes.")
    parser.add_argument("--resume", action="store_true", help="Go on with the run in --run_dir.")
    parser.add_argument("--export_dir", type=str | None, help="Default: saved_models/<task>.")
    config: Any
    config, options = parse(task_class.config_class, words, parser)
    if options.resume:
        if not options.run_dir:
            raise UserError("--resume needs --run_dir DIR, the run to go on with.")
        parsing.refuse_other_sections(task_class, words, "--resume")
        config = parsing.read_run_config(task_class, Path(options.run_dir))
    export_dir = Path(options.export_dir or Path("saved_models") / task_class.name)
    _check_writable(export_dir)
    terminal.quiet_tensorflow()
    from seqsuite.training import runs

    name = _recipe_name(words) or config.data.source.replace("tfds:", "").replace("/", "_")
    run_dir = (
        Path(options.run_dir) if options.run_dir else runs.new_directory(task_class.name, name)
    )
    run = runs.train(task_class(config), run_dir, resume=options.resume, command=words)
    serving = run.task.serving(run.preprocessor, run.model)
    version = runs.export_run(run, export_dir, serving)
    print_next_steps(run.task, run_dir, version, serving.example)
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


def print_next_steps(task: Task, run_dir: Path, version: Path, example: str) -> None:
    """Print the commands that use an exported model."""
    module = command(type(task))
    print(f"\nExported {version}")
    print("Predict:   " + f"{module} predict --model {version} {example}")
    print("Evaluate:  " + f"{module} evaluate --run_dir {run_dir}")
