"""The forecaster of a run in a back-test: as it was trained, or trained anew at the origins."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from seqsuite.config import to_toml
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.task import Task
from seqsuite.tasks.forecasting.backtest.rolling import Forecasts
from seqsuite.tasks.forecasting.data.series import Series, check_scorable
from seqsuite.tasks.forecasting.data.timestamps import time_text
from seqsuite.training import runs
from seqsuite.training.runs import Run
from seqsuite.training.splits import Splits
from seqsuite.training.trainer import LAST

# Series of a call: their whole histories are sent.
_BATCH = 256
# Of the rows that are known, where no number of rows is configured: a tenth, as readers cut it.
_VALIDATION_SHARE = 10


class TrainedForecaster:
    """The model of a run, whichever rows it learned from.

    Args:
        run: A finished run.
    """

    def __init__(self, run: Run):
        self.run = run

    def fit(self, known: list[Series]) -> ServedForecasts:
        """Return the run's model; nothing is fitted."""
        return ServedForecasts(self.run)

    def predict(self, model: ServedForecasts, known: list[Series]) -> Forecasts:
        """Forecast each series from ``first_target`` on."""
        return model(known)


class RefittedForecaster:
    """A model that is trained anew, from scratch, on what was known.

    Each has a folder of its own that is named by its data and its configuration. One that is done
    is read there, and one that was stopped goes on.

    Args:
        task: The configured task.
        directory: Where the folders lie.
    """

    def __init__(self, task: Task, directory: Path):
        self.task, self.directory = task, directory

    def fit(self, known: list[Series]) -> ServedForecasts:
        """Train a model; the last rows of what is known validate it."""
        last = time_text(max(int(one.timestamps[-1]) for one in known))
        train, validation = self._split(known, last)
        name = f"{last.replace(' ', 'T').replace(':', '')}-{self._fingerprint(known)}"
        folder = self.directory / name
        folder.mkdir(parents=True, exist_ok=True)
        print(f"refit on what was known by {last}, in {folder}")
        # Nothing is scored here: the back-test holds what is to be forecast.
        splits = Splits(train, validation, validation, train)
        run, _ = runs.fit(self.task, splits, folder, resume=(folder / LAST).is_file())
        return ServedForecasts(run)

    def predict(self, model: ServedForecasts, known: list[Series]) -> Forecasts:
        """Forecast each series from ``first_target`` on."""
        return model(known)

    def _split(self, known: list[Series], last: str) -> tuple[Examples, Examples]:
        data = self.task.config.data
        train, validation = [], []
        for one in known:
            held = data.validation_length or max(
                data.prediction_length, one.num_rows // _VALIDATION_SHARE
            )
            cut = one.num_rows - held
            if cut > data.prediction_length:
                train.append(one.part(cut))
                validation.append(one.part(one.num_rows, cut))
        if not train:
            longest = max(one.num_rows for one in known)
            raise UserError(
                f"--refit: by {last} no series has rows enough to train on: the longest has "
                f"{longest:,}, of which validation takes {data.validation_length or 'a tenth'}, "
                f"at least {data.prediction_length} rows, and more than as many must be left. "
                "Lower --n_windows or --step_size."
            )
        check_scorable(validation, data.scored_horizons[-1])
        return Examples({"series": train}), Examples({"series": validation})

    def _fingerprint(self, known: Sequence[Series]) -> str:
        """Return a digest of all that a refit depends on."""
        digest = hashlib.sha256(to_toml(self.task.config).encode())
        for one in known:
            digest.update(
                f"{one.unique_id}\0{one.frequency}\0{sorted(one.static.items())}".encode()
            )
            columns = [one.covariates[name] for name in sorted(one.covariates)]
            for column in (one.timestamps, one.target, *columns):
                texts = column.dtype == object
                digest.update("\0".join(column).encode() if texts else column.tobytes())
        return digest.hexdigest()[:10]


class ServedForecasts:
    """Forecasts of a run as its exported model would serve them, in the units of the data.

    Args:
        run: A finished run.
    """

    def __init__(self, run: Run):
        self.preprocessor: Any = run.preprocessor
        serving = run.task.serving(run.preprocessor, run.model)
        self._serve = tf.function(
            serving.function, input_signature=[serving.signatures["serving_default"]]
        )

    def __call__(self, known: Sequence[Series]) -> Forecasts:
        """Return means ``(series, steps)`` and, where there are any, quantiles."""
        parts = []
        for start in range(0, len(known), _BATCH):
            batch = Examples({"series": known[start : start + _BATCH]})
            answers = self._serve(self.preprocessor.to_tensors(batch))
            parts.append({name: value.numpy() for name, value in answers.items()})
        found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return (found["mean"], found["quantiles"]) if "quantiles" in found else found["mean"]
