"""The verb ``export``: write a run's model as a SavedModel."""

from __future__ import annotations

from pathlib import Path

from seqsuite.cli import parsing, terminal
from seqsuite.cli.evaluate import required_run_dir
from seqsuite.cli.train import print_next_steps
from seqsuite.config import build_parser, parse_flags
from seqsuite.task import Task, command


def export(task_class: type[Task], words: list[str]) -> int:
    """Export the model of a run and return the exit code."""
    parser = build_parser(
        task_class.config_class,
        sections=["serving"],
        prog=command(task_class, "export"),
        description="Write the next version of a run's model as a SavedModel for serving.",
    )
    parser.add_argument("--run_dir", type=str | None, help="The run to export.")
    parser.add_argument(
        "--output", type=str | None, help=f"Default: saved_models/{task_class.name}."
    )
    parsing.refuse_other_sections(task_class, words, "export", kept="serving")
    options = parse_flags(task_class.config_class, words, parser)
    run_dir = required_run_dir(options.run_dir)
    config = parsing.read_run_config(task_class, run_dir, words, section="serving")
    terminal.quiet_tensorflow()
    from seqsuite.training import runs

    run = runs.load(task_class(config), run_dir)
    output = Path(options.output or Path("saved_models") / task_class.name)
    serving = run.task.serving(run.preprocessor, run.model)
    version = runs.export_run(run, output, serving)
    print_next_steps(run.task, run_dir, version, serving.example)
    return 0
