"""Classical predictions of the next chord: without memory, and from the last chord."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from seqsuite.data.batching import EncodedExamples, RaggedColumn

_MAX_STEPS = 40_000
_NUM_UPDATES = 8000


def memoryless(train: EncodedExamples, test: EncodedExamples) -> dict[str, RaggedColumn]:
    """Predict each key's frequency, with one step added that has and one that lacks it."""
    played = _rolls_of(train).values
    frequency = (played.sum(axis=0) + 1) / (len(played) + 2)
    asked = _rolls_of(test)
    logits = np.log(frequency) - np.log1p(-frequency)
    return _predictions(np.tile(logits, (len(asked.values), 1)), asked)


def first_order(train: EncodedExamples, test: EncodedExamples) -> dict[str, RaggedColumn]:
    """Predict each key by logistic regression on the keys of the step before."""
    known, asked = _rolls_of(train), _rolls_of(test)
    before, played = _before(known)[:_MAX_STEPS], known.values[:_MAX_STEPS] > 0
    # A key that is never played, or always, is nothing to fit; nor is a single key that is left.
    varied = np.flatnonzero(played.any(axis=0) & ~played.all(axis=0))
    frequency = (played.sum(axis=0) + 1) / (len(played) + 2)
    logits = np.tile(np.log(frequency) - np.log1p(-frequency), (len(asked.values), 1))
    if len(varied) > 1:
        # Without hidden layers it is one logistic regression for each key.
        # scikit-learn's batches have 200 rows; few rows need more passes for as many updates.
        passes = int(np.clip(_NUM_UPDATES * 200 / len(before), 40, 500))
        model = MLPClassifier(
            (), alpha=1e-2, learning_rate_init=1e-2, max_iter=passes, random_state=0
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(before, played[:, varied])
        found = np.clip(model.predict_proba(_before(asked)), 1e-6, 1 - 1e-6)
        logits[:, varied] = np.log(found) - np.log1p(-found)
    return _predictions(logits, asked)


def _predictions(logits: np.ndarray, asked: RaggedColumn) -> dict[str, RaggedColumn]:
    return {
        "logits": RaggedColumn(logits, asked.starts),
        "frames": RaggedColumn(logits > 0, asked.starts),
    }


def _rolls_of(encoded: EncodedExamples) -> RaggedColumn:
    assert isinstance(encoded.targets, dict)
    column = encoded.targets["logits"]
    assert isinstance(column, RaggedColumn)
    return column


def _before(column: RaggedColumn) -> np.ndarray:
    """Return the step before each step, zeros before the first of a piece."""
    before = np.roll(column.values, 1, axis=0)
    before[column.starts[:-1][np.diff(column.starts) > 0]] = 0
    return before
