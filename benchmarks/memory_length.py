"""How far back, or how much, each cell remembers: the most solved within a number of updates.

    python benchmarks/memory_length.py
    python benchmarks/memory_length.py --problem adding --updates 800
    python benchmarks/memory_length.py --problem associative_recall --lengths 1 2 4 8 16
    python benchmarks/memory_length.py --seconds 400      # stop after a while; the same goes on

For each cell, initialization, clipping and attention, and each seed, a problem is learned anew at
each of ``--lengths`` until one is not solved: accuracy at least 0.99, or mean squared error below
0.01, on held-out examples, looked at every ``--every`` updates. Data and weights follow the seed.
Of ``associative_recall`` a length is the number of pairs, which are recalled as soon as they are
shown: what is asked is how many, not how long.
What is done is in the csv and is not done again, so a stopped benchmark goes on, and two may share
the work (``--part 0 --parts 2`` and ``--part 1 --parts 2``).

Prints a Markdown table: for each setting the solved lengths of the seeds, in their order; 0 where
the shortest was not solved. Where the longest was solved, the limit is not known.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from seqsuite.cli.terminal import quiet_tensorflow
from seqsuite.config import build_config
from seqsuite.tasks import find_task

CELLS = ("simple_rnn", "lstm", "gru")
INITIALIZATIONS = ("glorot", "orthogonal", "identity", "chrono")
CLIPS = (1.0, 0.0)
ATTENTIONS = ("none", "additive", "multiplicative")
# A SimpleRNN with the rate of the gated cells diverges more often than it learns.
LEARNING_RATES = {"simple_rnn": 3e-3, "lstm": 5e-3, "gru": 5e-3}
RESULTS = ("solved_length", "failed_length", "updates", "seconds")


class Setting(NamedTuple):
    """One row of the csv: what is varied."""

    problem: str
    cell: str
    initialization: str
    clip_norm: float
    attention: str
    seed: int


def settings(options: argparse.Namespace) -> Iterator[Setting]:
    """Yield the settings asked for, seed by seed, so that a part of them is a fair picture."""
    axes = (options.cells, options.initializations, options.clips, options.attentions)
    for seed in options.seeds:
        for cell, initialization, clip, attention in itertools.product(*axes):
            if (cell, initialization) != ("simple_rnn", "chrono"):
                yield Setting(options.problem, cell, initialization, clip, attention, seed)


class Learner:
    """A traced network that is started anew for each length: most of a short run is tracing."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        self._key: tuple | None = None

    def solves(self, setting: Setting, length: int) -> tuple[bool, int]:
        """Train at a length; return whether it was solved, and after how many updates.

        Args:
            setting: What is trained.
            length: T.
        """
        from seqsuite.data.batching import batch_dataset
        from seqsuite.training import runs

        task = self._task(setting, length)
        runs.set_seeds(setting.seed)
        examples = task.load_examples("train")
        preprocessor = task.build_preprocessor(examples)
        train = preprocessor.encode(examples)
        held_out = preprocessor.encode(task.load_examples("validation"))
        self._start(setting, task.build_model(preprocessor), batch_dataset(train, []).element_spec)
        done = 0
        for epoch in itertools.count():
            for features, targets, _ in batch_dataset(
                train, train.plan(task.config.training, epoch)
            ):
                self._step(features, {name: targets[name] for name in self._model.loss})
                done += 1
                if done % self.options.every == 0:
                    scores = task.score(self._predict(held_out), held_out.targets, preprocessor)
                    if scores["solved"] or done >= self.options.updates:
                        return bool(scores["solved"]), done
        raise AssertionError("epochs are endless")

    def _task(self, setting: Setting, length: int) -> Any:
        options = self.options
        task_class = find_task("memory")
        data = {"source": setting.problem, "length": length, "seed": setting.seed}
        data["num_examples"] = options.examples
        if setting.problem == "associative_recall":
            data |= {"length": 2 * length, "load": length}
        model = {name: getattr(setting, name) for name in ("cell", "initialization", "attention")}
        model |= {"units": options.units, "embedding_units": options.embedding_units}
        training = {
            "max_batch_size": options.batch_size,
            "learning_rate": options.learning_rate or LEARNING_RATES[setting.cell],
            "clip_norm": setting.clip_norm,
            "seed": setting.seed,
        }
        values = {"data": data, "model": model, "training": training}
        return task_class(build_config(task_class.config_class, values))

    def _start(self, setting: Setting, fresh: Any, specification: Any) -> None:
        """Make the traced network one that is as ``fresh``."""
        fresh.optimizer.build(fresh.trainable_variables)
        # All that weights do not say: a SimpleRNN's activation goes with its initialization.
        key = setting._replace(seed=0)
        if key != self._key:
            self._key, self._model = key, fresh
            self._step, self._predict = traced(fresh, specification)
            return
        for old, new in zip(self._model.variables, fresh.variables, strict=True):
            old.assign(new)
        optimizers = self._model.optimizer.variables, fresh.optimizer.variables
        for old, new in zip(*optimizers, strict=True):
            old.assign(new)


def traced(model: Any, specification: Any) -> tuple[Callable[..., None], Callable[..., Any]]:
    """Return a training step and a predictor of a model, for batches of any length."""
    import tensorflow as tf

    from seqsuite.training.model_runner import Predictor

    features, targets, _ = specification
    signature = [features, {name: targets[name] for name in model.loss}]

    @tf.function(input_signature=signature, autograph=False)
    def step(features, targets):
        model.train_step((features, targets))

    return step, Predictor(model)


def measure(setting: Setting, learner: Learner, lengths: list[int]) -> dict[str, Any]:
    """Return the solved length of a setting (failed at 0: at none), and what finding it took."""
    started = time.process_time()
    solved, failed, updates = 0, 0, 0
    for length in lengths:
        success, done = learner.solves(setting, length)
        updates += done
        if not success:
            failed = length
            break
        solved = length
    # Of the processor: what else runs on the machine does not count.
    seconds = round(time.process_time() - started, 1)
    return dict(zip(RESULTS, (solved, failed, updates, seconds), strict=True))


def read(path: Path) -> dict[Setting, int]:
    """Return the solved lengths that a csv holds."""
    if not path.is_file():
        return {}
    with open(path, encoding="utf-8", newline="") as file:
        return {
            Setting(
                row["problem"], row["cell"], row["initialization"], float(row["clip_norm"]),
                row["attention"], int(row["seed"]),
            ): int(row["solved_length"])
            for row in csv.DictReader(file)
        }  # fmt: skip


def append(path: Path, setting: Setting, result: dict[str, Any]) -> None:
    """Add a row to the csv, and the header before the first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*Setting._fields, *RESULTS])
        if file.tell() == 0:
            writer.writeheader()
        writer.writerow({**setting._asdict(), **result})


def table(found: dict[Setting, int]) -> str:
    """Return what was found as a Markdown table.

    Example:
        >>> one = Setting("adding", "gru", "chrono", 1.0, "none", 0)
        >>> print(table({one: 50, one._replace(seed=1): 25}).splitlines()[2])
        | gru | chrono | 50, 25 |
    """
    columns = sorted(
        {(one.attention, one.clip_norm) for one in found},
        key=lambda column: (ATTENTIONS.index(column[0]), -column[1]),
    )
    titles = [
        f"{'no' if attention == 'none' else attention} attention, "
        f"{'clipped' if clip else 'unclipped'}"
        for attention, clip in columns
    ]
    lines = [
        f"| cell | initialization | {' | '.join(titles)} |",
        "| --- | --- |" + " ---: |" * len(columns),
    ]
    for cell, initialization in itertools.product(CELLS, INITIALIZATIONS):
        lengths = [
            ", ".join(
                str(found[setting])
                for setting in sorted(found)
                if setting[1:5] == (cell, initialization, clip, attention)
            )
            for attention, clip in columns
        ]
        if any(lengths):
            cells = " | ".join(text or "-" for text in lengths)
            lines.append(f"| {cell} | {initialization} | {cells} |")
    return "\n".join(lines)


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--problem", default="delayed_recall", help="a source of the task")
    parser.add_argument("--lengths", type=int, nargs="+", default=[12, 25, 50, 100, 200])
    parser.add_argument("--cells", choices=CELLS, nargs="+", default=[*CELLS])
    parser.add_argument(
        "--initializations", choices=INITIALIZATIONS, nargs="+", default=[*INITIALIZATIONS]
    )
    parser.add_argument("--clips", type=float, nargs="+", default=[*CLIPS], help="0: no clipping")
    parser.add_argument("--attentions", choices=ATTENTIONS, nargs="+", default=["none", "additive"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--units", type=int, default=64)
    parser.add_argument("--embedding_units", type=int, default=0, help="0: one-hot symbols")
    parser.add_argument("--learning_rate", type=float, default=0.0, help="0: that of the cell")
    parser.add_argument("--updates", type=int, default=600, help="at each length, at most")
    parser.add_argument("--every", type=int, default=50, help="updates between looks")
    parser.add_argument("--examples", type=int, default=12_800, help="for training")
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no more after")
    parser.add_argument("--part", type=int, default=0)
    parser.add_argument("--parts", type=int, default=1)
    parser.add_argument("--output", type=Path, default=Path("runs/memory/memory_length.csv"))
    options = parser.parse_args()
    quiet_tensorflow()
    learner, started = Learner(options), time.monotonic()
    for number, setting in enumerate(settings(options)):
        if number % options.parts != options.part or setting in read(options.output):
            continue
        if time.monotonic() - started > options.seconds:
            print("Out of time; the same command goes on.")
            break
        result = measure(setting, learner, sorted(options.lengths))
        append(options.output, setting, result)
        print(*setting, result, flush=True)
    found = {
        one: length
        for one, length in read(options.output).items()
        if one.problem == options.problem
    }
    print(table(found))


if __name__ == "__main__":
    main()
