"""Answers to memory problems without memory: a constant, and a look at the last few steps."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge

from seqsuite.data.batching import EncodedExamples, RaggedColumn
from seqsuite.tasks.memory.problems import MemoryProblem

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
    if problem.numeric:
        return {"value": np.full((len(test), 1), _values(train).mean())}
    recalling, due = _recalling(problem, train), _due(train)
    logits = np.zeros((int(test.lengths.sum()), len(problem.answers)))
    at = _recalling(problem, test)
    for chosen, learned in ((at, recalling), (~at, ~recalling & (due >= 0))):
        counts = np.bincount(due[learned], minlength=len(problem.answers))
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
    if problem.numeric:
        ridge = Ridge().fit(_last_numbers(train, window), _values(train))
        return {"value": ridge.predict(_last_numbers(test, window)).reshape(-1, 1)}
    due = _due(train)
    steps = np.flatnonzero(due >= 0)
    if len(steps) > _MAX_FITTED_STEPS:
        steps = np.sort(np.random.default_rng(0).choice(steps, _MAX_FITTED_STEPS, replace=False))
    num_symbols = len(problem.symbols) + 1
    model = LogisticRegression(max_iter=1000)
    model.fit(_one_hot(_windows(train, window)[steps], num_symbols), due[steps])
    windows = _windows(test, window)
    logits = np.full((len(windows), len(problem.answers)), _NEVER)
    # Steps at which nothing is due keep logits that are not looked at.
    asked = np.flatnonzero(_due(test) >= 0)
    for part in np.array_split(asked, 1 + len(asked) // _MAX_FITTED_STEPS):
        found = model.predict_log_proba(_one_hot(windows[part], num_symbols))
        logits[np.ix_(part, model.classes_)] = np.maximum(found, _NEVER)
    return {"logits": _by_row(logits, test)}


def _due(encoded: EncodedExamples) -> np.ndarray:
    """Return the answers of all rows' steps, int ``(total steps,)``; -1: none is due."""
    return cast(dict[str, Any], encoded.targets)["logits"].values


def _values(encoded: EncodedExamples) -> np.ndarray:
    """Return the numbers to be answered, float ``(rows, 1)``."""
    return cast(dict[str, Any], encoded.targets)["value"]


def _rows(encoded: EncodedExamples, name: str) -> list[np.ndarray]:
    return cast(RaggedColumn, encoded.features[name]).rows()


def _recalling(problem: MemoryProblem, encoded: EncodedExamples) -> np.ndarray:
    """Return which of all rows' steps recall, bool ``(total steps,)``."""
    left = np.concatenate([np.arange(length)[::-1] for length in encoded.lengths])
    return left < problem.num_recalled


def _by_row(values: np.ndarray, encoded: EncodedExamples) -> RaggedColumn:
    return RaggedColumn(values, np.concatenate([[0], np.cumsum(encoded.lengths)]))


def _windows(encoded: EncodedExamples, window: int) -> np.ndarray:
    """Return the ids that end at each step, 0 before the first, int ``(total steps, window)``."""
    before = np.zeros(window - 1, np.int32)
    padded = [np.concatenate([before, row]) for row in _rows(encoded, "token_ids")]
    return np.concatenate([np.lib.stride_tricks.sliding_window_view(p, window) for p in padded])


def _one_hot(ids: np.ndarray, size: int) -> np.ndarray:
    return np.eye(size, dtype=np.float32)[ids].reshape(len(ids), -1)


def _last_numbers(encoded: EncodedExamples, window: int) -> np.ndarray:
    """Return number, mark, and number where marked of the last steps, ``(rows, window * 3)``."""
    width = np.zeros((window, 2), np.float32)
    rows = _rows(encoded, "numbers")
    last = np.stack([np.concatenate([width, row])[-window:] for row in rows])
    return np.concatenate([last, last[..., :1] * last[..., 1:]], axis=-1).reshape(len(last), -1)
