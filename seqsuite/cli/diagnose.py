"""``python -m seqsuite diagnose --run_dir DIR``: training dynamics of recurrent layers.

Measured on validation examples only.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from seqsuite.cli import parsing, terminal
from seqsuite.cli.main import exit_code
from seqsuite.cli.parsing import Parser
from seqsuite.errors import UserError
from seqsuite.task import TaskSpec


def main(words: list[str], find_task: Callable[[str], TaskSpec]) -> int:
    """Write the report of one run and return the exit code.

    Args:
        words: Command-line words.
        find_task: Returns the task of a name.

    Returns:
        0: done, 2: invalid flags, 1: a file could not be written.
    """
    return exit_code(_report, words, find_task)


def _report(words: list[str], find_task: Callable[[str], TaskSpec]) -> int:
    parser = Parser(
        prog="python -m seqsuite diagnose",
        description="Say whether gradients vanish or explode and gates are stuck in a trained run.",
        allow_abbrev=False,
    )
    parser.add_argument("--run_dir", required=True, help="the folder that `train` wrote")
    parser.add_argument("--task", help="the run's task (default: what its metrics.json says)")
    parser.add_argument("--examples", type=int, default=32, help="validation examples to measure")
    parser.add_argument("--output", help="folder for the report (default: DIR/diagnostics)")
    options = parser.parse_args(words)
    if options.examples < 1:
        raise UserError(f"--examples must be at least 1. Received: {options.examples}.")
    run_dir = Path(options.run_dir)
    task = find_task(options.task or _task_name(run_dir))
    config = parsing.read_run_config(task, run_dir)
    output = Path(options.output or run_dir / "diagnostics")
    terminal.quiet_tensorflow()
    from seqsuite.cli import dynamics_report

    dynamics_report.write(task(config), run_dir, options.examples, output)
    return 0


def _task_name(run_dir: Path) -> str:
    path = run_dir / "metrics.json"
    if not path.is_file():
        raise UserError(
            f"{run_dir} has no metrics.json to tell its task. Give --run_dir the folder of a "
            "finished run, or name the task with --task."
        )
    return json.loads(path.read_text(encoding="utf-8"))["task"]
