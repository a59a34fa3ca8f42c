"""The command line that all tasks share: train, evaluate, predict, export.

TensorFlow is imported after the arguments are parsed, so that ``--help`` and mistakes in flags
answer at once.
"""

from __future__ import annotations

import argparse
import atexit
import importlib
import math
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from seqsuite.config import build_parser, parse, parse_flags
from seqsuite.errors import UserError, nearest
from seqsuite.task import CONFIG_FILE, EXTRA_FOLDER, Task

VERBS = ("train", "evaluate", "predict", "export")


def main(task_class: type[Task], arguments: Sequence[str] | None = None) -> int:
    """Run one verb of a task and return the exit code.

    Args:
        task_class: The task.
        arguments: Command-line words; ``sys.argv[1:]`` when None. No verb means ``train``.

    Returns:
        0 done, 2 the user's input or flags are wrong, 1 anything else, 130 stopped by Ctrl-C.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    verb = "train"
    try:
        if words and not words[0].startswith("-"):
            verb = words.pop(0)
        verbs = (*VERBS, *task_class.further_verbs)
        if verb not in verbs:
            raise UserError(
                f"Unknown verb {verb!r}.{nearest(verb, verbs)} Verbs are {', '.join(verbs)}."
            )
        if verb in task_class.further_verbs:
            module, _, function = task_class.further_verbs[verb].partition(":")
            return getattr(importlib.import_module(module), function)(task_class, words)
        run = {"train": _train, "evaluate": _evaluate, "predict": _predict, "export": _export}[verb]
        return run(task_class, words)
    except UserError as error:
        sys.stdout.flush()
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # `predict ... | head` closes our output: no error, and nothing more to flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ValueError as error:
        if not str(error).startswith(("Argument `", "Arguments ")):
            raise
        # A layer refuses a value that the configuration let through.
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {error.strerror or error}: {error.filename or ''}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


class Parser(argparse.ArgumentParser):
    """An argument parser whose mistakes are one line, like all other mistakes."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}. See {self.prog.split()[-1]} --help.")


def _train(task_class: type[Task], words: list[str]) -> int:
    parser = build_parser(
        task_class.config_class,
        prog=f"python -m seqsuite.tasks.{task_class.name} train",
        description=f"Train: {task_class.summary}. Without flags, on the built-in sample.",
    )
    parser.add_argument("--run_dir", type=str | None, help="Where the run goes.")
    parser.add_argument("--resume", action="store_true", help="Go on with the run in --run_dir.")
    parser.add_argument("--export_dir", type=str | None, help="Default: saved_models/<task>.")
    config: Any
    config, options = parse(task_class.config_class, words, parser)
    if options.resume:
        if not options.run_dir:
            raise UserError("--resume needs --run_dir DIR, the run to go on with.")
        sections = ("--config", *(f"--{name}" for name in vars(config)))
        if any(word.split("=")[0].split(".")[0] in sections for word in words):
            raise UserError(
                "--resume takes the configuration of the run itself. Leave out "
                f"{', '.join(sections)} flags, or start another run with another --run_dir."
            )
        config = read_run_config(task_class, Path(options.run_dir))
    export_dir = Path(options.export_dir or Path("saved_models") / task_class.name)
    _check_writable(export_dir)
    quiet_tensorflow()
    from seqsuite.training import runs

    name = _recipe_name(words) or config.data.source.replace("tfds:", "").replace("/", "_")
    run_dir = (
        Path(options.run_dir) if options.run_dir else runs.new_directory(task_class.name, name)
    )
    run = runs.train(task_class(config), run_dir, resume=options.resume, command=words)
    version = runs.export_run(run, export_dir)
    _print_next_steps(run.task, run_dir, version)
    return 0


def _evaluate(task_class: type[Task], words: list[str]) -> int:
    parser = build_parser(
        task_class.config_class,
        prog=f"python -m seqsuite.tasks.{task_class.name} evaluate",
        description="Score a run on a test split, beside the baselines.",
    )
    parser.add_argument("--run_dir", type=str | None, help="The run to evaluate.")
    parser.add_argument("--json", action="store_true", help="Print one JSON object, nothing else.")
    _, options = parse(task_class.config_class, words, parser)
    run_dir = _required_run_dir(options.run_dir)
    if any(word.startswith(("--model", "--training", "--config")) for word in words):
        raise UserError(
            "evaluate takes the configuration of the run itself; only --data flags may differ."
        )
    config = read_run_config(task_class, run_dir, words)
    quiet_tensorflow()
    from seqsuite.training import report, runs

    run = runs.load(task_class(config), run_dir)
    result = runs.evaluate(run)
    if options.json:
        print(report.to_json(result))
    else:
        print(runs.format_result(result))
    return 0


def _predict(task_class: type[Task], words: list[str]) -> int:
    parser = Parser(
        prog=f"python -m seqsuite.tasks.{task_class.name} predict",
        description="Answer with an exported model, the artifact that is served.",
        allow_abbrev=False,
    )
    parser.add_argument("items", nargs="*", metavar="ITEM", help="raw inputs")
    parser.add_argument("--model", required=True, help="exported model (a version, or its parent)")
    parser.add_argument("--input", help="a file: a line each, or csv, tsv, jsonl; - for a pipe")
    parser.add_argument("--column", default=None, help="column of a csv, tsv or jsonl input")
    parser.add_argument("--output", default="-", help="file to write to; - for standard output")
    formats = task_class.output_formats
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--format", choices=formats, help="what to write; --json is short for json")
    explains = task_class.explain is not Task.explain
    explain_help = "mark what moved the answer" if explains else argparse.SUPPRESS
    parser.add_argument("--explain", action="store_true", help=explain_help)
    parser.add_argument("--batch_size", type=int, default=64, help="items per call")
    task_class.add_predict_arguments(parser)
    options = parser.parse_intermixed_args(words)
    if not options.items and options.input is None:
        raise UserError("Nothing to predict: give items, or --input FILE (- for a pipe).")
    # Told before an output file is emptied.
    if options.explain and not explains:
        raise UserError(f"Task {task_class.name} has no --explain. Leave it out.")
    if options.json and options.format not in (None, "json"):
        raise UserError(f"--json and --format {options.format} exclude each other: choose one.")
    if options.batch_size < 1:
        raise UserError(f"--batch_size must be at least 1. Received: {options.batch_size}.")
    quiet_tensorflow()
    from seqsuite.serving import exported_model, predict

    server = exported_model.Server(options.model)
    return predict.run(exported_task(task_class, server.version), server, options)


class ProgressPercent:
    """A line on standard error while a verb works, where that is a terminal.

    Args:
        verb: What it says.
    """

    def __init__(self, verb: str):
        self.verb = verb
        self.shown = sys.stderr.isatty()

    def __call__(self, done: int, total: int) -> None:
        """Say how much of the work is done."""
        if self.shown:
            share = math.floor(100 * done / total) if total else 100
            end = "\n" if done >= total else ""
            print(f"\r{self.verb} {share} %", end=end, file=sys.stderr, flush=True)


def exported_task(task_class: type[Task], version: Path) -> Task:
    """Return a task as it was configured for a model that was exported."""
    recipe = version / CONFIG_FILE
    config = parse(task_class.config_class, [f"--config={recipe}"])[0] if recipe.is_file() else None
    task = task_class(config)
    task.read_export(version / EXTRA_FOLDER)
    return task


def _export(task_class: type[Task], words: list[str]) -> int:
    parser = build_parser(
        task_class.config_class,
        sections=["serving"],
        prog=f"python -m seqsuite.tasks.{task_class.name} export",
        description="Write the next version of a run's model as a SavedModel for serving.",
    )
    parser.add_argument("--run_dir", type=str | None, help="The run to export.")
    parser.add_argument(
        "--output", type=str | None, help=f"Default: saved_models/{task_class.name}."
    )
    options = parse_flags(task_class.config_class, words, parser)
    run_dir = _required_run_dir(options.run_dir)
    config = read_run_config(task_class, run_dir, words, section="serving")
    quiet_tensorflow()
    from seqsuite.training import runs

    run = runs.load(task_class(config), run_dir)
    output = Path(options.output or Path("saved_models") / task_class.name)
    _print_next_steps(run.task, run_dir, runs.export_run(run, output))
    return 0


def _check_writable(directory: Path) -> None:
    """Fail before training, not after it, when the model could not be exported."""
    existing = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise UserError(
            f"The model cannot be exported to {directory}: {existing} is not a folder that can be "
            "written. Give another --export_dir."
        )


def _required_run_dir(run_dir: str | None) -> Path:
    if not run_dir:
        raise UserError("--run_dir DIR is needed: the folder that `train` wrote.")
    return Path(run_dir)


def read_run_config(
    task_class: type[Task], run_dir: Path, words: Sequence[str] = (), section: str = "data"
) -> Any:
    """Return the configuration of a run, under the flags of a section among ``words``."""
    recipe = run_dir / "config.toml"
    if not recipe.is_file():
        raise UserError(
            f"{run_dir} is not a run directory: it has no config.toml. Give --run_dir the folder "
            "that `train` wrote (it prints it at the end)."
        )
    flags = [f"--config={recipe}"]
    for index, word in enumerate(words):
        if word.startswith(f"--{section}."):
            flags += [word] if "=" in word else words[index : index + 2]
    return parse(task_class.config_class, flags)[0]


def _recipe_name(words: Sequence[str]) -> str | None:
    for index, word in enumerate(words):
        if word == "--config":
            return Path(words[index + 1]).stem
        if word.startswith("--config="):
            return Path(word.removeprefix("--config=")).stem
    return None


def quiet_tensorflow() -> None:
    """Keep TensorFlow's start-up log (missing GPU drivers, CPU features) off the screen.

    The log is written by C++ code to file descriptor 2 before any setting is read. It goes to a
    file instead, whose name is kept so that an abort in C++ can be looked into; Python's own
    messages stay on the screen. ``SEQSUITE_VERBOSE=1`` switches this off.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    try:
        is_plain = sys.stderr.fileno() == 2
    except (OSError, ValueError):  # captured by a test runner or a notebook
        is_plain = False
    if not is_plain or os.environ.get("SEQSUITE_VERBOSE") or "tensorflow" in sys.modules:
        return
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
    descriptor, log = tempfile.mkstemp(prefix="seqsuite-tensorflow-", suffix=".log")
    os.dup2(descriptor, 2)
    os.close(descriptor)
    atexit.register(Path(log).unlink, missing_ok=True)


def _print_next_steps(task: Task, run_dir: Path, version: Path) -> None:
    module = f"python -m seqsuite.tasks.{task.name}"
    print(f"\nExported {version}")
    print("Predict:   " + f"{module} predict --model {version} {task.example_words()}")
    print("Evaluate:  " + f"{module} evaluate --run_dir {run_dir}")
