"""What a run on a memory problem shows: how far back it remembers, and its worst mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from seqsuite.data.examples import Examples
from seqsuite.plotting import blank_figure, save_figure
from seqsuite.tasks.memory.problems import MemoryProblem
from seqsuite.tasks.memory.scores import distance_ranges, recalled, recalled_right, squared_errors

_COLOR, _GREY = "#0072B2", "#767676"


def by_distance(
    problem: MemoryProblem, predictions: dict[str, Any], references: dict[str, Any], path: Path
) -> Path:
    """Draw accuracy, or squared error, by the distance over which something was remembered.

    Args:
        problem: What is answered.
        predictions: As for ``memory_scores``.
        references: As for ``memory_scores``.
        path: PNG file to write.

    Returns:
        ``path``.
    """
    if problem.numeric:
        values, label = squared_errors(predictions, references), "mean squared error"
    else:
        values = recalled_right(problem, predictions, references).mean(axis=1)
        label = "share of symbols recalled"
    figure = blank_figure((6.2, 3.8))
    axis = figure.subplots()
    ticks = []
    for position, (span, rows) in enumerate(distance_ranges(references["distance"])):
        chosen = values[rows]
        spread = 1.96 * chosen.std() / np.sqrt(len(chosen))
        axis.errorbar(position, chosen.mean(), spread, fmt="o", color=_COLOR, capsize=3)
        ticks.append(f"{span}\nn={len(chosen):,}")
    axis.axhline(
        problem.memoryless, color=_GREY, linestyle="--", linewidth=1, label="without memory"
    )
    axis.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0))
    axis.set_xticks(range(len(ticks)), ticks, fontsize=8)
    axis.set(xlabel="steps from what is remembered to its answer, examples", ylabel=label)
    axis.set_ylim(bottom=0, top=None if problem.numeric else 1.05)
    axis.margins(x=0.08)
    return save_figure(figure, path)


def mistakes(
    problem: MemoryProblem,
    examples: Examples,
    predictions: dict[str, Any],
    references: dict[str, Any],
) -> list[dict[str, Any]]:
    """Return wrong answers as JSON records: those most sure of first, or the largest errors.

    Args:
        problem: What is answered.
        examples: The raw examples.
        predictions: As for ``memory_scores``.
        references: As for ``memory_scores``.
    """
    if problem.numeric:
        size = squared_errors(predictions, references)
        answers = [f"{value:.3f}" for value in predictions["value"][:, 0]]
        wrong, extra = np.arange(len(size)), {"squared_error": size}
    else:
        logits = recalled(problem, predictions["logits"]).astype(float)
        answers = [" ".join(problem.answers[i] for i in row) for row in logits.argmax(axis=-1)]
        right = recalled_right(problem, predictions, references)
        shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
        size = (1.0 / shares.sum(axis=-1)).prod(axis=-1)
        wrong, extra = np.flatnonzero(~right.all(axis=1)), {"probability": size}
    order = wrong[np.argsort(-size[wrong], kind="stable")]
    labels = examples.labels or []
    return [
        {
            "sequence": examples.features["sequence"][row],
            "label": labels[row],
            "answer": answers[row],
            "distance": int(references["distance"][row]),
            **{name: float(values[row]) for name, values in extra.items()},
        }
        for row in order
    ]
