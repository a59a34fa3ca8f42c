"""What a run on music shows: a test piece beside what was expected, and its worst surprises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from seqsuite.plotting import blank_figure, save_figure
from seqsuite.tasks.music.notes import LOWEST, name_of, text_of_roll
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


def draw_roll(axis: Any, roll: np.ndarray, title: str, like: np.ndarray | None = None) -> None:
    """Draw a piano roll.

    Args:
        axis: Matplotlib's axes.
        roll: Numbers in [0, 1] ``(time, 88)``.
        title: Title of the axes.
        like: A roll whose range of keys is drawn; None: that of ``roll``.
    """
    keys = np.flatnonzero((roll if like is None else like).any(axis=0))
    low, high = (keys[0], keys[-1]) if len(keys) else (39, 51)
    low, high = max(0, low - 3), min(roll.shape[1] - 1, high + 3)
    extent = (0, len(roll), low - 0.5 + LOWEST, high + 0.5 + LOWEST)
    axis.imshow(
        roll[:, low : high + 1].T, origin="lower", aspect="auto", cmap="Blues", vmin=0, vmax=1,
        interpolation="nearest", extent=extent,
    )  # fmt: skip
    ticks = [note for note in range(low + LOWEST, high + LOWEST + 1) if note % 12 == 0]
    axis.set_yticks(ticks, [name_of(note) for note in ticks])
    axis.set(title=title, ylabel="key")


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
