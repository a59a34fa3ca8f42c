"""A small grammar of cadences in four voices, in three keys."""

from __future__ import annotations

import random
from functools import cache

from seqsuite.data.examples import Examples
from seqsuite.tasks.music.config import MusicDataConfig
from seqsuite.tasks.music.notes import text_of_steps

NAME = "sample"
DESCRIPTION = "built-in sample, no network: generated cadences in four voices"
SIZES = {"train": 300, "validation": 60, "test": 100}

# Degrees of the major scale that may follow each other, and the chord tones above each root.
_FOLLOWING = {1: (4, 5, 6, 2), 2: (5, 7), 4: (5, 1, 2), 5: (1, 6), 6: (4, 2), 7: (1,)}
_SCALE = (0, 2, 4, 5, 7, 9, 11)
_TONICS = (0, 5, 7)  # C, F and G
_PHRASES = 3
_PHRASE_CHORDS = 6


def load(split: str, options: MusicDataConfig) -> Examples:
    """Generate a split; the same every time.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section, of which the sample reads nothing.

    Example:
        >>> load("test", MusicDataConfig()).features["notes"][0].split()[0]
        '55,59,62,67'
    """
    return Examples({"notes": list(_pieces(split))})


@cache
def _pieces(split: str) -> tuple[str, ...]:
    generator = random.Random(f"cadences {split}")
    return tuple(text_of_steps(_piece(generator)) for _ in range(SIZES[split]))


def _piece(generator: random.Random) -> list[list[int]]:
    tonic = generator.choice(_TONICS)
    steps: list[list[int]] = []
    voices = [48 + tonic % 12, 60, 64, 67]
    for _ in range(_PHRASES):
        degree = 1
        for place in range(_PHRASE_CHORDS):
            if place == _PHRASE_CHORDS - 2:
                degree = 5
            elif place == _PHRASE_CHORDS - 1:
                degree = 1
            elif place:
                degree = generator.choice(_FOLLOWING[degree])
            voices = _voices(degree, tonic, voices)
            duration = 2 if place < _PHRASE_CHORDS - 1 else 4
            steps += [list(voices)] * duration
            # A passing note of the soprano, between two chords.
            if duration == 2 and generator.random() < 0.3:
                steps[-1] = [*voices[:3], _step_above(voices[3], tonic)]
        steps.append([])
    return steps


def _voices(degree: int, tonic: int, before: list[int]) -> list[int]:
    """Return the bass at the root, and three voices at the chord tones nearest to before."""
    tones = [(tonic + _SCALE[(degree - 1 + third) % 7]) % 12 for third in (0, 2, 4)]
    voices = [_nearest(tones[0], 50)]
    for number, voice in enumerate(before[1:]):
        free = [tone for tone in tones if all(v % 12 != tone for v in voices[1:])]
        voices.append(
            min(
                (_nearest(tone, voice, 59 + 2 * number) for tone in free),
                key=lambda note: (abs(note - voice), note),
            )
        )
    return sorted(voices)


def _nearest(tone: int, note: int, lowest: int = 40) -> int:
    """Return the note of a pitch class that is nearest to a note, within a voice's range."""
    candidates = [n for n in range(lowest, lowest + 18) if n % 12 == tone]
    return min(candidates, key=lambda n: (abs(n - note), n))


def _step_above(note: int, tonic: int) -> int:
    scale = {(tonic + interval) % 12 for interval in _SCALE}
    return next(n for n in range(note + 1, note + 4) if n % 12 in scale)
