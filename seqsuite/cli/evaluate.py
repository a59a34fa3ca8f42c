"""The verb ``evaluate``: score a run on a test split."""

from __future__ import annotations

from pathlib import Path

from seqsuite.cli import parsing, terminal
from seqsuite.config import build_parser, parse_flags
from seqsuite.errors import UserError
from seqsuite.metrics.metric import Metrics
from seqsuite.task import TaskSpec


def evaluate(task: TaskSpec, words: list[str]) -> int:
    """Score a run on a test split and return the exit code."""
    parser = build_parser(
        task.config_class,
        sections=["data"],
        prog=task.command("evaluate"),
        description="Score a run on a test split, beside the baselines.",
    )
    parser.add_argument("--run_dir", type=str | None, help="The run to evaluate.")
    parser.add_argument("--baselines", type=bool, default=True, help="Fit the baselines, too.")
    parser.add_argument("--json", action="store_true", help="Print one JSON object, nothing else.")
    parsing.refuse_other_sections(task, words, "evaluate", kept="data")
    options = parse_flags(task.config_class, words, parser)
    run_dir = required_run_dir(options.run_dir)
    config = parsing.read_run_config(task, run_dir, words)
    terminal.quiet_tensorflow()
    from seqsuite.training import report, runs

    run = runs.load(task(config), run_dir)
    result = runs.evaluate(run, baselines=options.baselines)
    if options.json:
        print(report.to_json(result))
    else:
        print(runs.format_result(result, Metrics(run.task.metrics)))
    return 0


def required_run_dir(run_dir: str | None) -> Path:
    """Return the folder of a run, which must have been given."""
    if not run_dir:
        raise UserError("--run_dir DIR is needed: the folder that `train` wrote.")
    return Path(run_dir)
