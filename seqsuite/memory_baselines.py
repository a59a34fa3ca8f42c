"""What memory problems are answered without memory: a constant, and a look at the last few steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge

from seqsuite.datasets.memory_problems import MemoryProblem
from seqsuite.pipeline import EncodedExamples, RaggedColumn

WINDOW = 10
# More steps teach so small a model no more.
_MAX_FITTED_STEPS = 20_000
_NEVER = -50.0
"""Logit of an answer that never occurred."""

Predictions = dict[str, Any]


def memoryless(
    problem: MemoryProblem, train: EncodedExamples, test: EncodedExamples
) -> Predictions:
    """Answer the mean, or how often each symbol is right; the loss cannot be less without memory.

    Args:
        problem: What is to be answered.
        train: Encoded training examples.
        test: Encoded test examples.

    Returns:
        What a model would put out for the test examples.
    """
    assert isinstance(train.targets, dict)
    if problem.numeric:
        return {"value": np.full((len(test), 1), np.mean(train.targets["value"]))}
    recalling, due = _recalling(problem, train), train.targets["logits"]
    logits = np.zeros((int(test.lengths.sum()), len(problem.answers)))
    at = _recalling(problem, test)
    for chosen, learned in ((at, recalling), (~at, ~recalling & (due.values >= 0))):
        counts = np.bincount(due.values[learned], minlength=len(problem.answers))
        logits[chosen] = np.where(counts, np.log(np.maximum(counts, 1)), _NEVER)
    return {"logits": _by_row(logits, test)}


def window_model(
    problem: MemoryProblem, train: EncodedExamples, test: EncodedExamples, window: int = WINDOW
) -> Predictions:
    """Fit a linear model (ridge or logistic regression) that sees the last steps alone.

    Args:
        problem: What is to be answered.
        train: Encoded training examples.
        test: Encoded test examples.
        window: Steps that it sees.

    Returns:
        What a model would put out for the test examples.
    """
    assert isinstance(train.targets, dict)
    if problem.numeric:
        ridge = Ridge().fit(_last_numbers(train, window), train.targets["value"])
        return {"value": ridge.predict(_last_numbers(test, window)).reshape(-1, 1)}
    due = train.targets["logits"].values
    steps = np.flatnonzero(due >= 0)
    if len(steps) > _MAX_FITTED_STEPS:
        steps = np.sort(np.random.default_rng(0).choice(steps, _MAX_FITTED_STEPS, replace=False))
    num_symbols = len(problem.symbols) + 1
    model = LogisticRegression(max_iter=1000)
    model.fit(_one_hot(_windows(train, window)[steps], num_symbols), due[steps])
    windows = _windows(test, window)
    logits = np.full((len(windows), len(problem.answers)), _NEVER)
    # Steps at which nothing is due keep logits that are not looked at.
    asked = np.flatnonzero(test.targets["logits"].values >= 0)
    for part in np.array_split(asked, 1 + len(asked) // _MAX_FITTED_STEPS):
        found = model.predict_log_proba(_one_hot(windows[part], num_symbols))
        logits[np.ix_(part, model.classes_)] = np.maximum(found, _NEVER)
    return {"logits": _by_row(logits, test)}


def _recalling(problem: MemoryProblem, encoded: EncodedExamples) -> np.ndarray:
    """Return which of all rows' steps recall, bool ``(total steps,)``."""
    left = np.concatenate([np.arange(length)[::-1] for length in encoded.lengths])
    return left < problem.num_recalled


def _by_row(values: np.ndarray, encoded: EncodedExamples) -> RaggedColumn:
    return RaggedColumn(values, np.concatenate([[0], np.cumsum(encoded.lengths)]))


def _windows(encoded: EncodedExamples, window: int) -> np.ndarray:
    """Return the ids that end at each step, 0 before the first, int ``(total steps, window)``."""
    column = encoded.features["token_ids"]
    padded = [np.concatenate([np.zeros(window - 1, np.int32), row]) for row in column.rows()]
    return np.concatenate([np.lib.stride_tricks.sliding_window_view(p, window) for p in padded])


def _one_hot(ids: np.ndarray, size: int) -> np.ndarray:
    return np.eye(size, dtype=np.float32)[ids].reshape(len(ids), -1)


def _last_numbers(encoded: EncodedExamples, window: int) -> np.ndarray:
    """Return number, mark, and number where marked of the last steps, ``(rows, window * 3)``."""
    width = np.zeros((window, 2), np.float32)
    column = encoded.features["numbers"]
    last = np.stack([np.concatenate([width, row])[-window:] for row in column.rows()])
    return np.concatenate([last, last[..., :1] * last[..., 1:]], axis=-1).reshape(len(last), -1)
