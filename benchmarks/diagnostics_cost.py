"""What records of gradients and gates cost a recipe, and what they say.

    python benchmarks/diagnostics_cost.py sentiment --config tasks/sentiment/sample.toml
    python benchmarks/diagnostics_cost.py char_lm --interval 100 --config tasks/char_lm/sample.toml

The recipe is fitted without records and with them; both runs have the same seed and end with the
same weights. Flags of the task go on after those named here. Times are processor time of all
threads in the training loop, compiling and validation included, which other work on the machine
changes little. The first record is made before the first step, and compiles its pass. The test
split is not looked at.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from seqsuite.cli.terminal import quiet_tensorflow
from seqsuite.config import parse
from seqsuite.tasks import find_task


def timed(function: Callable[..., Any], seconds: list[float]) -> Callable[..., Any]:
    """Return a function that does the same and appends the processor time that it took.

    Args:
        function: What is called.
        seconds: The list.
    """

    def run(*args: Any, **kwargs: Any) -> Any:
        started = time.process_time()
        try:
            return function(*args, **kwargs)
        finally:
            seconds.append(time.process_time() - started)

    return run


def fit(name: str, words: list[str], interval: int) -> tuple[float, list[float], list[np.ndarray]]:
    """Fit a recipe.

    Args:
        name: The task.
        words: Its flags.
        interval: Steps between two records; 0: none.

    Returns:
        Processor seconds of the training loop, of each record in it, and the weights in the end.
    """
    from seqsuite.diagnostics import DiagnosticsRecorder
    from seqsuite.training import runs, splits
    from seqsuite.training.trainer import Trainer

    task_class = find_task(name)
    flags = [*words, "--training.diagnostics_interval", str(interval)]
    config, _ = parse(task_class.config_class, flags)
    task = task_class(config)
    loop: list[float] = []
    records: list[float] = []
    with (
        tempfile.TemporaryDirectory() as run_dir,
        mock.patch.object(Trainer, "fit", timed(Trainer.fit, loop)),
        mock.patch.object(
            DiagnosticsRecorder, "record", timed(DiagnosticsRecorder.record, records)
        ),
    ):
        run, _ = runs.fit(task, splits.load_splits(task), Path(run_dir))
        return loop[0], records, run.model.get_weights()


def main() -> None:
    """Print both times."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("task")
    parser.add_argument("--interval", type=int, default=200, help="steps between two records")
    options, words = parser.parse_known_args()
    quiet_tensorflow()
    plain, _, expected = fit(options.task, words, 0)
    print(f"without records: {plain:.1f} s of processor time", flush=True)
    watched, (first, *others), weights = fit(options.task, words, options.interval)
    print(f"with {1 + len(others)} records: {watched:.1f} s")
    print(f"first record {first:.2f} s", end="")
    if others:
        print(f", each later one {np.mean(others):.3f} s on average", end="")
    share = (first + sum(others)) / (watched - first - sum(others))
    later = sum(others) / (watched - first - sum(others))
    print(f"; all together {share:.1%} of the rest, without the first {later:.1%}")
    same = all(np.array_equal(a, b) for a, b in zip(weights, expected, strict=True))
    print(f"weights in the end are the same: {same}")


if __name__ == "__main__":
    main()
