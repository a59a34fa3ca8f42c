"""Teacher forcing against scheduled sampling in translation, on several seeds.

    python benchmarks/scheduled_sampling.py --seeds 0 1 2
    python benchmarks/scheduled_sampling.py --schedules none inverse_sigmoid --epochs 10 \
        --training.sampling_probability 0.5
    python benchmarks/scheduled_sampling.py --output runs/sampling_multi30k \
        --config tasks/translation/multi30k_en_de.toml --data.dir /path/to/data

Flags that are not its own go to the task. Without any, models are trained on the built-in sample
with the task's defaults. Each run has a directory below ``--output``; what is finished there is
read and not trained again, and what was stopped goes on, so the same command ends what it began.

Prints a Markdown table of the test scores, mean and standard deviation over the seeds (of the
sample, n - 1): BLEU and chrF of the final search, perplexity after the true pieces and after the
model's own best ones, and the seconds of training. What schedules gain or lose must be seen against
the deviations: with three seeds, a difference below twice the deviation says little.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from seqsuite.cli.terminal import quiet_tensorflow
from seqsuite.config import parse, to_toml
from seqsuite.errors import UserError
from seqsuite.tasks import find_task

SCHEDULES = ("none", "linear", "exponential", "inverse_sigmoid")
COLUMNS = {
    "BLEU": "bleu",
    "chrF": "chrf",
    "perplexity, true pieces": "perplexity",
    "perplexity, own pieces": "perplexity_free_running",
    "seconds": "seconds",
}


def configuration(flags: Sequence[str], schedule: str, seed: int, epochs: int | None) -> Any:
    """Return the configuration of one run."""
    own = [f"--training.sampling_schedule={schedule}", f"--training.seed={seed}"]
    own += [f"--training.epochs={epochs}"] if epochs else []
    return parse(find_task("translation").config_class, [*flags, *own])[0]


def result_of(config: Any, directory: Path) -> dict[str, float]:
    """Train a run, or finish it, or read it when it is finished.

    Raises:
        UserError: The directory holds a run with other settings.
    """
    recipe = directory / "config.toml"
    if recipe.is_file() and recipe.read_text(encoding="utf-8") != to_toml(config):
        raise UserError(f"{directory} holds a run with other settings: give another --output.")
    if not (directory / "metrics.json").is_file():
        # A process of its own, so that no run finds warm what the one before had to load.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
            pool.submit(train, config, directory).result()
    result = json.loads((directory / "metrics.json").read_text(encoding="utf-8"))
    return {**result["metrics"], "seconds": result["seconds"]}


def train(config: Any, directory: Path) -> None:
    """Train a run, or go on with it."""
    quiet_tensorflow()
    from seqsuite.training import runs, trainer

    resume = (directory / trainer.LAST).is_file()
    runs.train(find_task("translation")(config), directory, resume=resume)


def row(name: str, results: Sequence[dict[str, float]]) -> str:
    """Return a row of the table: mean and standard deviation of each column.

    Example:
        >>> row("none", [dict.fromkeys(COLUMNS.values(), x) for x in (1.0, 3.0)]).split(" | ")[:2]
        ['| none', '2.00 ± 1.41']
    """
    cells = [name]
    for key in COLUMNS.values():
        values = [result[key] for result in results]
        digits = 0 if key == "seconds" else 2
        cell = f"{statistics.mean(values):.{digits}f}"
        if len(values) > 1:
            cell += f" ± {statistics.stdev(values):.{digits}f}"
        cells.append(cell)
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Run the experiment and print its table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--schedules", choices=SCHEDULES, nargs="+", default=[*SCHEDULES])
    parser.add_argument("--epochs", type=int, help="instead of those of the task or the recipe")
    parser.add_argument("--output", type=Path, default=Path("runs/translation/scheduled_sampling"))
    options, flags = parser.parse_known_args()
    names = {"none": "teacher forcing"}
    table = []
    try:
        # Mistakes in flags are told before anything is trained.
        for schedule in options.schedules:
            configuration(flags, schedule, options.seeds[0], options.epochs)
        for schedule in options.schedules:
            results = []
            for seed in options.seeds:
                directory = options.output / schedule / f"seed_{seed}"
                print(f"\n{schedule}, seed {seed}: {directory}", flush=True)
                config = configuration(flags, schedule, seed, options.epochs)
                results.append(result_of(config, directory))
            table.append(row(names.get(schedule, schedule), results))
    except UserError as error:
        raise SystemExit(f"error: {error}") from error
    except KeyboardInterrupt:
        raise SystemExit("Stopped; the same command goes on.") from None
    print(f"\n| fed by | {' | '.join(COLUMNS)} |")
    print("| --- |" + " ---: |" * len(COLUMNS))
    print("\n".join(table))
    print(f"\nSeeds {', '.join(map(str, options.seeds))}; flags: {' '.join(flags) or 'none'}")


if __name__ == "__main__":
    main()
