"""One forecaster over very many series: speed, and the memory that a series takes.

    python benchmarks/many_series.py --series 100 1000 10000 --rows 500

Each number of series is measured in a fresh process that does what `train`, `evaluate` and the
exported model do, on hourly series of waves and noise: adapt and encode, train for two epochs (the
second is timed, validation apart), forecast from the end of every series as it is served, score
every window of the last fifth, and fit and score the baselines on the same windows. Seconds are
those of the processor, of all threads, which tell more on a machine that does other things. Memory
is the peak of the process without what it had before there was any series (TensorFlow, mostly) and
without the values themselves, 8 bytes each.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np

from seqsuite.config import build_config
from seqsuite.tasks import find_task
from seqsuite.tasks.forecasting.backtest.forecasters import ServedForecasts
from seqsuite.tasks.forecasting.data.series import Series, split_series
from seqsuite.training import runs
from seqsuite.training.splits import Splits

HOUR, DAY = 3600, 24
COLUMNS = {
    "series": "series",
    "prepare_seconds": "adapt and encode, s",
    "trained_windows_per_second": "training, windows/s",
    "forecast_series_per_second": "forecasting, series/s",
    "scored_windows": "windows scored",
    "scored_seconds": "scoring, s",
    "baseline_seconds": "baselines, s",
    "values_megabytes": "values, MB",
    "further_megabytes": "memory beside them, MB",
}


class Clock:
    """Seconds of the processor since it was asked last."""

    def __init__(self):
        self.last = time.process_time()

    def __call__(self) -> float:
        now = time.process_time()
        self.last, passed = now, now - self.last
        return passed


def make_series(count: int, rows: int) -> list[Series]:
    """Return waves of a day with noise and a drifting level, each of its own size."""
    generator = np.random.default_rng(0)
    steps = np.arange(rows)
    times = HOUR * steps
    found = []
    for number in range(count):
        size, phase = 10 ** generator.uniform(-1, 3), generator.uniform(0, DAY)
        level = generator.normal(scale=0.05, size=rows).cumsum()
        wave = np.sin(2 * np.pi * (steps + phase) / DAY)
        target = size * (5 + wave + level + generator.normal(scale=0.2, size=rows))
        found.append(Series(f"series {number}", times, target, frequency="1h"))
    return found


class Marks(keras.callbacks.Callback):
    """The processor's time before each step of training."""

    def __init__(self):
        super().__init__()
        self.seconds: list[float] = []

    def on_train_batch_begin(self, batch, logs=None):
        self.seconds.append(time.process_time())


def peak_megabytes() -> float:
    """Return the most memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(task_class, series: list[Series]) -> dict[str, float]:
    """Time each part of a run over some series."""
    rows = series[0].num_rows
    validation, test = int(0.7 * rows), int(0.8 * rows)
    parts = {
        split: split_series(series, split, validation, test, rows)
        for split in ("train", "validation", "test")
    }
    config = build_config(task_class.config_class, {"training": {"epochs": 2}})
    marks = Marks()
    task, clock = task_class(config), Clock()
    splits = Splits(parts["train"], parts["validation"], parts["test"], parts["train"])
    preprocessor = task.build_preprocessor(parts["train"])
    preprocessor.encode(parts["train"], training=True)
    result = {"series": len(series), "prepare_seconds": clock()}
    with tempfile.TemporaryDirectory() as folder:
        run, _ = runs.fit(task, splits, Path(folder), callbacks=[marks])
    # The first epoch traces, and validation comes between the two.
    second = marks.seconds[len(marks.seconds) // 2 :]
    windows = config.training.max_batch_size * (len(second) - 1)
    result["trained_windows_per_second"] = windows / (second[-1] - second[0])
    serve = ServedForecasts(run)
    serve(series[:2])
    clock()
    serve(series)
    result["forecast_series_per_second"] = len(series) / clock()
    encoded = run.preprocessor.encode(parts["test"])
    task.build_predictor(run.preprocessor, run.model, final=True)(encoded)
    result |= {"scored_windows": encoded.num_windows, "scored_seconds": clock()}
    task.baselines(parts["train"], parts["test"], run.preprocessor)
    return result | {"baseline_seconds": clock()}


def one_process(count: int, rows: int) -> dict[str, float]:
    """Measure one number of series in this process."""
    task_class = find_task("forecasting")
    # Everything once with two series, so that what TensorFlow takes is there.
    measure(task_class, make_series(2, rows))
    before = peak_megabytes()
    series = make_series(count, rows)
    result = measure(task_class, series)
    values = 8 * count * rows / 2**20
    further = peak_megabytes() - before - values
    return result | {"values_megabytes": values, "further_megabytes": further}


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--series", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--in_process", action="store_true", help="measure here, print JSON")
    options = parser.parse_args()
    if options.in_process:
        print(json.dumps(one_process(options.series[0], options.rows)))
        return
    results = []
    for count in options.series:
        words = ["--in_process", "--series", str(count), "--rows", str(options.rows)]
        found = subprocess.run(
            [sys.executable, __file__, *words], stdout=subprocess.PIPE, check=True, text=True
        )
        results.append(json.loads(found.stdout.splitlines()[-1]))
    print("| " + " | ".join(COLUMNS.values()) + " |")
    print("| " + " | ".join("---:" for _ in COLUMNS) + " |")
    for result in results:
        print("| " + " | ".join(f"{result[name]:,.4g}" for name in COLUMNS) + " |")
    if len(results) > 1:
        grown = results[-1]["further_megabytes"] - results[-2]["further_megabytes"]
        added = results[-1]["series"] - results[-2]["series"]
        kilobytes = 1024 * grown / added
        print(f"\n{kilobytes:.1f} kB for each further series, beside its values")


if __name__ == "__main__":
    main()
