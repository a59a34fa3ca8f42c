"""The verb ``backtest``: forecasts from past origins, beside those of baselines."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from seqsuite.cli import parsing, terminal
from seqsuite.errors import UserError
from seqsuite.metrics.metric import Metrics
from seqsuite.task import TaskSpec


def backtest(spec: TaskSpec, words: list[str]) -> int:
    """Forecast from past origins, print the scores, and write tables and a picture."""
    parser = parsing.Parser(
        prog=spec.command("backtest"),
        description="Forecast the last rows of each series of a run from several origins.",
        allow_abbrev=False,
    )
    parser.add_argument("--run_dir", required=True, help="the run; results go there too")
    parser.add_argument("--n_windows", type=int, default=5, help="origins of each series")
    parser.add_argument("--step_size", type=int, help="rows between (default: prediction_length)")
    parser.add_argument(
        "--refit", default="false", help="false: the run's model; true, or N: trained anew at every"
        " origin, or at every N-th, on what was known",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    options = parser.parse_args(words)
    refit = parse_refit(options.refit)
    for name in ("n_windows", "step_size"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise UserError(f"--{name} must be at least 1. Received: {value}.")
    if options.step_size is not None and options.n_windows == 1:
        raise UserError("--step_size is between origins, and --n_windows 1 has one: leave it out.")
    run_dir = Path(options.run_dir)
    config = parsing.read_run_config(spec, run_dir)
    terminal.quiet_tensorflow()
    from seqsuite.tasks.forecasting.backtest import runner

    task, data = spec(config), config.data
    where = runner.Origins(
        data.prediction_length,
        options.n_windows,
        options.step_size or data.prediction_length,
        refit,
        data.covariates["future"],
    )
    quiet = contextlib.redirect_stdout(sys.stderr) if options.json else contextlib.nullcontext()
    with quiet:
        result = runner.run_backtest(task, run_dir, where)
    print(
        runner.report.to_json(result)
        if options.json
        else runner.format_backtest(result, run_dir, Metrics(task.metrics))
    )
    return 0


def parse_refit(text: str) -> bool | int:
    """Return what ``--refit`` says.

    Raises:
        UserError: It is neither true, nor false, nor a positive number.

    Example:
        >>> parse_refit("false"), parse_refit("True"), parse_refit("3")
        (False, True, 3)
    """
    word = text.lower()
    if word in ("true", "false"):
        return word == "true"
    if not word.isdecimal() or not int(word):
        raise UserError(
            "--refit must be false, true, or a positive number N, to train anew at every N-th "
            f"origin. Received: {text!r}."
        )
    return int(word)
