"""Music as text: the notes of each step, and piano rolls of them.

Steps are separated by spaces, the MIDI numbers of a step by commas, and a rest is ``-``:
``60,64,67 60,64,67 - 62`` is four steps. Keys are the 88 of a piano, 21 (A0) to 108 (C8).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from seqsuite.errors import UserError

LOWEST, NUM_KEYS = 21, 88
HIGHEST = LOWEST + NUM_KEYS - 1
REST = "-"


def text_of_steps(steps: Iterable[Iterable[int]]) -> str:
    """Return the text of steps.

    Args:
        steps: The MIDI numbers of each step.

    Example:
        >>> text_of_steps([[64, 60], [], [62]])
        '60,64 - 62'
    """
    return " ".join(",".join(map(str, sorted(set(notes)))) or REST for notes in steps)


def text_of_roll(roll: np.ndarray) -> str:
    """Return the text of a piano roll.

    Args:
        roll: Zeros and ones ``(time, 88)``.
    """
    return text_of_steps((np.flatnonzero(row) + LOWEST).tolist() for row in roll)


def roll_of_text(text: str) -> np.ndarray:
    """Return the piano roll of a text, uint8 ``(time, 88)``.

    Raises:
        UserError: A step is no list of notes, or a note is no key of a piano.

    Example:
        >>> roll_of_text("60,64 -").sum(axis=1).tolist()
        [2, 0]
    """
    steps = text.split()
    roll = np.zeros((len(steps), NUM_KEYS), np.uint8)
    for row, step in enumerate(steps):
        for note in [] if step == REST else step.split(","):
            if not (note.isascii() and note.isdecimal() and LOWEST <= int(note) <= HIGHEST):
                raise UserError(
                    f"Step {row + 1} ({step[:40]!r}) has a note {note[:20]!r}. Notes are MIDI "
                    f"numbers from {LOWEST} to {HIGHEST}, with commas between those of a step, "
                    f"spaces between steps, and {REST} for a rest: 60,64,67 - 62."
                )
            roll[row, int(note) - LOWEST] = 1
    return roll


def transposed(roll: np.ndarray, semitones: int) -> np.ndarray:
    """Return a piano roll moved up by semitones (down if negative); ``(time, 88)``.

    Notes that would leave the keyboard stay where an octave brings them back.
    """
    if not semitones:
        return roll
    moved = np.zeros_like(roll)
    keys = np.arange(NUM_KEYS) + semitones
    keys = np.where(keys < 0, keys + 12, np.where(keys >= NUM_KEYS, keys - 12, keys))
    for key in np.flatnonzero(roll.any(axis=0)):
        moved[:, keys[key]] |= roll[:, key]
    return moved


NAMES: Sequence[str] = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def name_of(note: int) -> str:
    """Return the name of a MIDI number.

    Example:
        >>> name_of(60), name_of(21)
        ('C4', 'A0')
    """
    return f"{NAMES[note % 12]}{note // 12 - 1}"
