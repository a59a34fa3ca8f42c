"""What a run on music shows: a test piece beside what was expected, and its worst surprises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from seqsuite.plotting import blank_figure, save_figure
from seqsuite.tasks.music.notes import text_of_roll
from seqsuite.tasks.music.pictures import draw_roll
from seqsuite.tasks.music.scores import nats_of_steps

_MAX_STEPS = 128
_MAX_MISTAKES = 200


def piano_rolls(predictions: dict[str, Any], references: dict[str, Any], path: Path) -> Path:
    """Draw the beginning of the first test piece, and the probability of each note.

    Args:
        predictions: As for ``music_scores``.
        references: As for ``music_scores``.
        path: PNG file to write.

    Returns:
        ``path``.
    """
    played = references["logits"].row(0)[:_MAX_STEPS]
    logits = predictions["logits"].row(0)[:_MAX_STEPS].astype(float)
    figure = blank_figure((8.0, 6.0))
    upper, lower = figure.subplots(2, 1, sharex=True)
    draw_roll(upper, played, "played")
    draw_roll(lower, 1 / (1 + np.exp(-logits)), "probability, given the steps before", played)
    lower.set_xlabel("step")
    return save_figure(figure, path)


def mistakes(predictions: dict[str, Any], references: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the steps that were expected least, as JSON records, worst first.

    Args:
        predictions: As for ``music_scores``, with frames.
        references: As for ``music_scores``.
    """
    played, frames = references["logits"], predictions["frames"]
    nats = nats_of_steps(predictions["logits"], played)
    piece = np.repeat(np.arange(len(played)), np.diff(played.starts))
    return [
        {
            "piece": int(piece[step]),
            "step": int(step - played.starts[piece[step]]),
            "notes": text_of_roll(played.values[step : step + 1]),
            "predicted": text_of_roll(frames.values[step : step + 1]),
            "nats": float(nats[step]),
        }
        for step in np.argsort(-nats, kind="stable")[:_MAX_MISTAKES]
    ]
