"""Strings of digits, joined from recordings of single ones with a quiet pause between."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from seqsuite.tasks.speech_recognition.data.waveforms import Waveform

LENGTHS = (2, 5)
"""How many recordings a string has, at least and at most."""
PAUSE_SECONDS = (0.05, 0.3)

# Of the frames whose level is compared to find the quiet ones.
_FRAME_SECONDS = 0.01


def join_recordings(
    waveforms: Sequence[Waveform],
    transcripts: Sequence[str],
    groups: Sequence[int],
    number: int,
    seed: str,
) -> tuple[list[Waveform], list[str], list[int]]:
    """Join recordings of one speaker and one group to strings.

    Recordings are left as they are. Pauses hold noise as quiet as the quietest parts of their
    neighbours: digital silence would tell a model where a word ends.

    Args:
        waveforms: Recordings of one sample rate.
        transcripts: What is said in each.
        groups: Of each: no string joins two groups, so it can be cut with its group.
        number: How many strings to make.
        seed: Decides all that is drawn.

    Returns:
        Strings, their transcripts and their groups.

    Example:
        >>> tones = [Waveform(np.full(800, 99, np.int16), 8000, "mary") for _ in range(3)]
        >>> _, texts, groups = join_recordings(tones, ["one"] * 3, [7] * 3, 1, "a seed")
        >>> set(texts[0].split()), groups
        ({'one'}, [7])
    """
    generator = random.Random(seed)
    noise = np.random.default_rng(generator.getrandbits(64))
    pools: dict[tuple[str, int], list[int]] = {}
    for index, (waveform, group) in enumerate(zip(waveforms, groups, strict=True)):
        pools.setdefault((waveform.speaker, group), []).append(index)
    keys = sorted(pools)
    strings, texts, chosen_groups = [], [], []
    for index in range(number):
        # By turns, so that all speakers have their share.
        speaker, group = keys[index % len(keys)]
        picked = generator.choices(pools[speaker, group], k=generator.randint(*LENGTHS))
        pauses = [generator.uniform(*PAUSE_SECONDS) for _ in picked[1:]]
        samples = _joined([waveforms[i] for i in picked], pauses, noise)
        rate = waveforms[picked[0]].sample_rate
        strings.append(Waveform(samples, rate, speaker, f"{seed} {index}"))
        texts.append(" ".join(transcripts[i] for i in picked))
        chosen_groups.append(group)
    return strings, texts, chosen_groups


def _joined(
    parts: Sequence[Waveform], pauses: Sequence[float], noise: np.random.Generator
) -> np.ndarray:
    pieces = [parts[0].samples]
    for before, after, seconds in zip(parts, parts[1:], pauses, strict=False):
        level = min(quiet_level(before), quiet_level(after))
        silence = noise.normal(0.0, level, round(seconds * before.sample_rate))
        pieces += [np.rint(silence).astype(np.int16), after.samples]
    return np.concatenate(pieces)


def quiet_level(waveform: Waveform) -> float:
    """Return the root mean square of the quietest frames of 10 ms (their 10th percentile), >= 1.

    Example:
        >>> quiet_level(Waveform(np.repeat(np.array([1000, 3], np.int16), 4000), 8000))
        3.0
    """
    size = max(1, round(_FRAME_SECONDS * waveform.sample_rate))
    frames = waveform.samples[: len(waveform.samples) // size * size].reshape(-1, size)
    if not len(frames):
        return 1.0
    levels = np.sqrt(np.mean(frames.astype(np.float64) ** 2, axis=1))
    return max(1.0, float(np.quantile(levels, 0.1, method="lower")))
