"""The verb ``export``: write a run's model as a SavedModel."""

from __future__ import annotations

from pathlib import Path

from seqsuite.cli import parsing, terminal
from seqsuite.cli.evaluate import required_run_dir
from seqsuite.cli.train import print_next_steps
from seqsuite.config import build_parser, parse_flags
from seqsuite.task import TaskSpec


def export(task: TaskSpec, words: list[str]) -> int:
    """Export the model of a run and return the exit code."""
    parser = build_parser(
        task.config_class,
        sections=["serving"],
        prog=task.command("export"),
        description="Write the next version of a run's model as a SavedModel for serving.",
    )
    parser.add_argument("--run_dir", type=str | None, help="The run to export.")
    parser.add_argument("--output", type=str | None, help=f"Default: saved_models/{task.name}.")
    parsing.refuse_other_sections(task, words, "export", kept="serving")
    options = parse_flags(task.config_class, words, parser)
    run_dir = required_run_dir(options.run_dir)
    config = parsing.read_run_config(task, run_dir, words, section="serving")
    terminal.quiet_tensorflow()
    from seqsuite.training import runs

    run = runs.load(task(config), run_dir)
    output = Path(options.output or Path("saved_models") / task.name)
    serving = run.task.serving(run.preprocessor, run.model)
    version = runs.export_run(run, output, serving)
    print_next_steps(task, run_dir, version, serving.example)
    return 0
