"""Pictures and sound of pieces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from seqsuite.data.writing import replaced
from seqsuite.plotting import blank_figure, save_figure
from seqsuite.tasks.music.midi import SAMPLE_RATE, synthesize, write_midi
from seqsuite.tasks.music.notes import LOWEST, name_of


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


def save_piece(roll: np.ndarray, steps_per_beat: int, tempo: float, base: Path) -> list[Path]:
    """Write a piece as MIDI, WAV and PNG files.

    Args:
        roll: Zeros and ones ``(time, 88)``.
        steps_per_beat: Steps per quarter note.
        tempo: Quarter notes a minute.
        base: Path of the files without their endings.

    Returns:
        The files.
    """
    files = [base.with_name(f"{base.name}{ending}") for ending in (".mid", ".wav", ".png")]
    write_midi(roll, steps_per_beat, tempo, files[0])
    with replaced(files[1]) as partial:
        soundfile.write(partial, synthesize(roll, steps_per_beat, tempo), SAMPLE_RATE)
    figure = blank_figure((9.0, 3.6))
    axis = figure.subplots()
    draw_roll(axis, roll, f"piece {base.name}")
    axis.set_xlabel("step")
    save_figure(figure, files[2])
    return files
