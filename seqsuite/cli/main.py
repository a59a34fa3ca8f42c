"""The command line of all tasks: train, evaluate, predict, export.

TensorFlow is imported after the arguments are parsed, for fast ``--help`` and errors in flags.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from seqsuite.cli.evaluate import evaluate
from seqsuite.cli.export import export
from seqsuite.cli.predict import predict
from seqsuite.cli.train import train
from seqsuite.errors import UserError, nearest
from seqsuite.task import TaskSpec

VERBS = ("train", "evaluate", "predict", "export")


def main(task: TaskSpec, arguments: Sequence[str] | None = None) -> int:
    """Run one verb of a task and return the exit code.

    Args:
        task: The task's entry.
        arguments: Command-line words; ``sys.argv[1:]`` when None. No verb means ``train``.

    Returns:
        0: done, 2: invalid input or flags, 1: other failures, 130: stopped by Ctrl-C.
    """
    return exit_code(_run, task, list(sys.argv[1:] if arguments is None else arguments))


def exit_code(function: Callable[..., int], *arguments: Any) -> int:
    """Return the exit code of a function; user errors are one line on standard error."""
    try:
        return function(*arguments)
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


def _run(task: TaskSpec, words: list[str]) -> int:
    verb = "train"
    if words and not words[0].startswith("-"):
        verb = words.pop(0)
    verbs = (*VERBS, *task.verbs)
    if verb not in verbs:
        raise UserError(
            f"Unknown verb {verb!r}.{nearest(verb, verbs)} Verbs are {', '.join(verbs)}."
        )
    if verb in task.verbs:
        return task.verb(verb)(task, words)
    run = {"train": train, "evaluate": evaluate, "predict": predict, "export": export}[verb]
    return run(task, words)
