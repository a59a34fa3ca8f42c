"""Spoken strings of one to five digits, synthesised in many voices: a sample of speech.

Validation and test are in voices that training does not have. Voices differ in pitch, in the length
of the vocal tract, in rate and in breath; digits run into each other where there is no pause; and
there is noise of different loudness and colour behind every string.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.ndimage import convolve1d
from scipy.signal import lfilter

from seqsuite.data.examples import Examples
from seqsuite.tasks.speech_recognition.data.sample.formant_synthesis import (
    FRAME_SAMPLES,
    SAMPLE_RATE,
    Tracks,
    synthesize,
)
from seqsuite.tasks.speech_recognition.data.utterances import speaker_groups
from seqsuite.tasks.speech_recognition.data.waveforms import Waveform

SIZES = {"train": 600, "validation": 100, "test": 150}
LENGTHS = (1, 5)
"""Digits of a string, at least and at most."""

# Amplitudes of pulses, of noise through the tract, and of frication with its centre and bandwidth.
_VOWEL, _SONORANT, _NASAL = (1.0, 0.0, 0.0), (0.6, 0.0, 0.0), (0.5, 0.0, 0.0)
_HIGH, _FLAT = (3600.0, 700.0), (2600.0, 2500.0)


@dataclass(frozen=True)
class Segment:
    """A phoneme, or a part of one.

    Args:
        formants: Of a man, in Hz.
        amplitudes: Of voicing, aspiration and frication.
        seconds: How long it lasts at an average rate.
        frication_band: Centre and bandwidth of the frication in Hz.
        bandwidths: Of the formants in Hz.
    """

    formants: tuple[float, float, float]
    amplitudes: tuple[float, float, float] = _VOWEL
    seconds: float = 0.1
    frication_band: tuple[float, float] = _FLAT
    bandwidths: tuple[float, float, float] = (60.0, 90.0, 150.0)


# Formants of vowels are the means of 33 men in Peterson and Barney, "Control methods used in a
# study of the vowels", 1952, https://doi.org/10.1121/1.1906875; those of consonants are Klatt's
# (1980, table III).
SEGMENTS = {
    "iy": Segment((270, 2290, 3010), seconds=0.12),
    "ih": Segment((390, 1990, 2550), seconds=0.08),
    "eh": Segment((530, 1840, 2480)),
    "ah": Segment((640, 1190, 2390)),
    "aa": Segment((730, 1090, 2440)),
    "ao": Segment((570, 840, 2410), seconds=0.12),
    "uh": Segment((440, 1020, 2240), seconds=0.08),
    "uw": Segment((300, 870, 2240), seconds=0.15),
    "w": Segment((290, 610, 2150), _SONORANT, 0.07),
    "r": Segment((310, 1060, 1380), _SONORANT, 0.07),
    "n": Segment((250, 1340, 2470), _NASAL, 0.08, bandwidths=(60.0, 300.0, 300.0)),
    "v": Segment((220, 1100, 2080), (0.3, 0.0, 0.12), 0.06),
    "z": Segment((240, 1390, 2530), (0.3, 0.0, 0.6), 0.09, _HIGH),
    "f": Segment((340, 1100, 2080), (0.0, 0.0, 0.3), 0.1),
    "th": Segment((320, 1290, 2540), (0.0, 0.0, 0.25), 0.1, (3200.0, 2000.0)),
    "s": Segment((320, 1390, 2530), (0.0, 0.0, 1.3), 0.11, _HIGH),
    # Stops are closed first, then burst, then breathe.
    "t-": Segment((400, 1600, 2600), (0.0, 0.0, 0.0), 0.05),
    "t": Segment((400, 1600, 2600), (0.0, 0.05, 1.3), 0.02, (3400.0, 900.0)),
    "t+": Segment((400, 1600, 2600), (0.0, 0.25, 0.1), 0.03, (3400.0, 900.0)),
    "k-": Segment((300, 1990, 2850), (0.0, 0.0, 0.0), 0.06),
    "k": Segment((300, 1990, 2850), (0.0, 0.05, 1.0), 0.03, (2000.0, 400.0)),
}
DIGITS = {
    "zero": "z ih r ao uh",
    "one": "w ah n",
    "two": "t- t t+ uw",
    "three": "th r iy",
    "four": "f ao r",
    "five": "f aa ih v",
    "six": "s ih k- k s",
    "seven": "s eh v ah n",
    "eight": "eh iy t- t",
    "nine": "n aa ih n",
}
"""How each digit is said, in segments; a diphthong is two."""


@dataclass(frozen=True)
class Voice:
    """A speaker.

    Args:
        name: Of the speaker.
        pitch: Hz, on average.
        formant_scale: By which a man's formants are multiplied: the shorter the tract, the higher.
        rate: By which durations are divided.
        breathiness: Amplitude of the noise that voiced sounds have.
    """

    name: str
    pitch: float
    formant_scale: float
    rate: float
    breathiness: float


def _voices(names: str, number: int, seed: int) -> tuple[Voice, ...]:
    """Draw voices: the shorter the tract, the higher the pitch, more or less."""
    generator = np.random.default_rng(seed)
    # Spread evenly from deep to high, so that few voices are varied too.
    height = (np.arange(number) + generator.uniform(0.2, 0.8, number)) / number
    return tuple(
        Voice(
            f"{names}{index}",
            pitch=90.0 * 2.8 ** (h + generator.normal(0.0, 0.08)),
            formant_scale=0.95 * 1.28 ** (h + generator.normal(0.0, 0.08)),
            rate=generator.uniform(0.85, 1.2),
            breathiness=generator.uniform(0.01, 0.08),
        )
        for index, h in enumerate(height)
    )


VOICES = {
    "train": _voices("a", 16, 1),
    "validation": _voices("b", 5, 2),
    "test": _voices("c", 6, 3),
}


@cache
def generate(split: str) -> Examples:
    """Generate a split, the same every time.

    Args:
        split: ``train``, ``validation`` or ``test``.

    Returns:
        ``audio``: waveforms of 8,000 samples a second; the digits' names as transcripts; grouped by
        voice.

    Example:
        >>> examples = generate("validation")
        >>> len(examples), examples.features["audio"][0].sample_rate
        (100, 8000)
    """
    generator = np.random.default_rng(["train", "validation", "test"].index(split))
    return _strings(SIZES[split], VOICES[split], generator, split)


def generate_more(count: int, num_voices: int = 64, seed: int = 100) -> Examples:
    """Generate strings in other voices than those of the sample, to be learned beside recordings.

    Args:
        count: How many.
        num_voices: In how many voices.
        seed: Others give other strings and voices.

    Returns:
        As for :func:`generate`.

    Example:
        >>> len(generate_more(3))
        3
    """
    voices = _voices("more", num_voices, seed)
    return _strings(count, voices, np.random.default_rng(seed), "more")


def _strings(
    count: int, voices: Sequence[Voice], generator: np.random.Generator, name: str
) -> Examples:
    tracks, transcripts, speakers = [], [], []
    for index in range(count):
        voice = voices[index % len(voices)]
        length = generator.integers(LENGTHS[0], LENGTHS[1] + 1)
        digits = generator.choice(list(DIGITS), length).tolist()
        tracks.append(string_tracks(digits, voice, generator))
        transcripts.append(" ".join(digits))
        speakers.append(voice.name)
    waveforms = [
        Waveform(_recorded(sound, generator), SAMPLE_RATE, speaker, f"{name} {index}")
        for index, (sound, speaker) in enumerate(
            zip(synthesize(tracks, generator), speakers, strict=True)
        )
    ]
    return Examples({"audio": waveforms}, transcripts, speaker_groups(speakers))


def string_tracks(digits: Sequence[str], voice: Voice, generator: np.random.Generator) -> Tracks:
    """Return how a voice says digits.

    Args:
        digits: Their names.
        voice: Who says them.
        generator: Decides durations, pauses and intonation.
    """
    segments: list[Segment] = [_pause(digits[0], generator.uniform(0.05, 0.2))]
    for position, digit in enumerate(digits):
        # A third of digits follow the one before without a pause.
        if position and generator.random() > 1 / 3:
            segments.append(_pause(digit, generator.uniform(0.02, 0.2)))
        segments += [SEGMENTS[name] for name in DIGITS[digit].split()]
    segments.append(Segment(segments[-1].formants, (0.0, 0.0, 0.0), generator.uniform(0.05, 0.2)))
    rate = voice.rate * generator.uniform(0.85, 1.15)
    seconds = np.array([segment.seconds for segment in segments]) / rate
    seconds *= generator.uniform(0.8, 1.25, len(segments))
    counts = np.maximum(1, np.rint(seconds * SAMPLE_RATE / FRAME_SAMPLES)).astype(int)
    index = np.repeat(np.arange(len(segments)), counts)
    amplitudes = _smooth(np.array([s.amplitudes for s in segments])[index], 5)
    targets = np.array([(*s.formants, 3500.0) for s in segments])[index] * voice.formant_scale
    bandwidths = np.array([(*s.bandwidths, 250.0) for s in segments])[index]
    band = np.array([s.frication_band for s in segments])[index]
    return Tracks(
        pitch=voice.pitch * _intonation(len(index), generator),
        # What a short tract resonates at above 3,800 Hz, a telephone line does not carry.
        formants=np.minimum(_smooth(targets, 13), 3800.0),
        bandwidths=_smooth(bandwidths, 13) * voice.formant_scale,
        voicing=amplitudes[:, 0],
        aspiration=amplitudes[:, 1] + voice.breathiness * amplitudes[:, 0],
        frication=amplitudes[:, 2],
        frication_band=np.minimum(band * [min(voice.formant_scale, 1.08), 1.0], 3900.0),
    )


def _pause(digit: str, seconds: float) -> Segment:
    """Return silence in which the mouth prepares for a digit."""
    return Segment(SEGMENTS[DIGITS[digit].split()[0]].formants, (0.0, 0.0, 0.0), seconds)


def _smooth(values: np.ndarray, frames: int) -> np.ndarray:
    """Move from target to target within a number of frames (a Hann window)."""
    window = np.hanning(frames + 2)[1:-1]
    return convolve1d(values, window / window.sum(), axis=0, mode="nearest")


def _intonation(frames: int, generator: np.random.Generator) -> np.ndarray:
    """Return a pitch around 1 that falls over the string, and wavers."""
    falls = np.linspace(0.1, -0.12, frames) * generator.uniform(0.3, 1.6)
    knots = generator.normal(0.0, 0.07, frames // 20 + 4)
    wavers = np.interp(np.arange(frames), 20 * np.arange(len(knots)), knots)
    return np.exp(falls + _smooth(wavers, 9) + generator.normal(0.0, 0.006, frames))


def _recorded(sound: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return int16 samples of a sound in noise, at a level as recordings have it."""
    level = np.sqrt(np.mean(sound**2))
    noise = generator.standard_normal(len(sound), np.float32)
    # From almost white to the colour of a ventilator.
    noise = lfilter([1.0], [1.0, -generator.uniform(0.2, 0.95)], noise)
    noise *= level / np.sqrt(np.mean(noise**2)) * 10 ** (-generator.uniform(14.0, 35.0) / 20)
    mixed = sound + noise
    peak = generator.uniform(0.05, 0.9) * 32767
    return np.rint(mixed / np.abs(mixed).max() * peak).astype(np.int16)
