"""A small formant synthesiser: a glottal source and noise through resonators that move.

Speech is made as in the source-filter theory of Fant: pulses of the glottis, and noise where air is
pressed through a narrow place, excite the vocal tract, whose resonances (formants) are a cascade of
second-order filters; frication, which arises in front of most of the tract, passes a resonator of
its own. What a phoneme is like is told by tracks of a few numbers every 5 ms.

Reference:
    Klatt, "Software for a cascade/parallel formant synthesizer", 1980,
    https://doi.org/10.1121/1.383940; Rosenberg, "Effect of glottal pulse shape on the quality of
    natural vowels", 1971, https://doi.org/10.1121/1.1912389
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SAMPLE_RATE = 8000
FRAME_SAMPLES = 40
"""Samples that share their resonances: 5 ms."""
NUM_FORMANTS = 4

# Of a period of the glottis: it opens, then closes, then stays closed.
_OPENING, _CLOSING = 0.4, 0.16
# Root mean square of the source before it is scaled, from the shape of the pulse.
_SOURCE_LEVEL = np.pi * np.sqrt(1 / (8 * _OPENING) + 1 / (8 * _CLOSING))
# Strings that are filtered together: enough to make a NumPy call worth its while.
_BATCH = 128


@dataclass(frozen=True, eq=False)
class Tracks:
    """What the synthesiser is told about each frame of an utterance.

    Args:
        pitch: Hz, float ``(frames,)``; without meaning where `voicing` is 0.
        formants: Hz, float ``(frames, 4)``, below half of the sample rate.
        bandwidths: Hz, float ``(frames, 4)``.
        voicing: Amplitude of the glottal pulses, float ``(frames,)``.
        aspiration: Amplitude of noise that passes the formants, float ``(frames,)``.
        frication: Amplitude of noise that passes its own resonator, float ``(frames,)``.
        frication_band: Centre and bandwidth of that resonator in Hz, float ``(frames, 2)``.
    """

    pitch: np.ndarray
    formants: np.ndarray
    bandwidths: np.ndarray
    voicing: np.ndarray
    aspiration: np.ndarray
    frication: np.ndarray
    frication_band: np.ndarray

    def __len__(self) -> int:
        return len(self.pitch)


def synthesize(tracks: Sequence[Tracks], generator: np.random.Generator) -> list[np.ndarray]:
    """Return the sound of each utterance.

    Args:
        tracks: One an utterance.
        generator: Of the noise.

    Returns:
        float32 ``(frames * 40,)`` each, 8,000 samples a second; a steady vowel of amplitude 1 has a
        level of about 1 times the gain of its formants.

    Example:
        >>> frames = np.ones(20)
        >>> vowel = Tracks(120 * frames, np.outer(frames, [640, 1190, 2390, 3500]),
        ...                np.outer(frames, [60, 90, 150, 250]), frames, 0 * frames, 0 * frames,
        ...                np.outer(frames, [3000, 1000]))
        >>> synthesize([vowel], np.random.default_rng(0))[0].shape
        (800,)
    """
    order = sorted(range(len(tracks)), key=lambda i: len(tracks[i]))
    sounds: dict[int, np.ndarray] = {}
    for start in range(0, len(order), _BATCH):
        indices = order[start : start + _BATCH]
        output = _filtered(*_excitation([tracks[i] for i in indices], generator))
        for column, index in enumerate(indices):
            sounds[index] = output[: len(tracks[index]) * FRAME_SAMPLES, column].copy()
    return [sounds[index] for index in range(len(tracks))]


def glottal_source(pitch: np.ndarray) -> np.ndarray:
    """Return the derivative of the glottal flow, as it sounds once it has left the mouth.

    Args:
        pitch: Hz, float ``(samples, utterances)``.

    Returns:
        float of that shape, of root mean square 1 whatever the pitch.
    """
    step = pitch / SAMPLE_RATE
    phase = np.cumsum(step, axis=0, dtype=np.float64)
    # The mean slope of the flow between two samples rather than the slope at one: a pulse that
    # closes within a sample has more high frequencies than 8 kHz can hold.
    flow = _flow(phase % 1.0)
    return np.diff(flow, axis=0, prepend=flow[:1]) / step / _SOURCE_LEVEL


def _flow(position: np.ndarray) -> np.ndarray:
    """Return Rosenberg's pulse (his type C) at positions within the period."""
    rising = 0.5 * (1 - np.cos(np.pi * np.minimum(position / _OPENING, 1.0)))
    falling = np.cos(np.pi / 2 * np.clip((position - _OPENING) / _CLOSING, 0.0, 1.0))
    return rising * falling


def resonator(
    frequency: np.ndarray, bandwidth: np.ndarray, unit_at_peak: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return coefficients of ``y[t] = a x[t] + b y[t-1] + c y[t-2]`` with a resonance.

    Args:
        frequency: Hz.
        bandwidth: Hz.
        unit_at_peak: Gain 1 at ``frequency`` rather than at 0 Hz.
    """
    radius = np.exp(-np.pi * bandwidth / SAMPLE_RATE)
    angle = 2 * np.pi * frequency / SAMPLE_RATE
    b, c = 2 * radius * np.cos(angle), -(radius**2)
    turn = np.exp(-1j * angle) if unit_at_peak else 1.0
    return np.abs(1 - b * turn - c * turn**2), b, c


def _excitation(
    tracks: Sequence[Tracks], generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Return source and frication ``(samples, utterances)``, and coefficients of each frame."""
    # One more, so that the last frame of every utterance fades into silence.
    frames = 1 + max(len(track) for track in tracks)

    def stacked(name: str, after: float | None = None) -> np.ndarray:
        """Return a track of all utterances, ``(frames, ..., utterances)``."""
        columns = []
        for track in tracks:
            values = getattr(track, name)
            rest = frames - len(values)
            fill = values[-1:] if after is None else np.full_like(values[:1], after)
            columns.append(np.concatenate([values, np.repeat(fill, rest, axis=0)]))
        return np.stack(columns, axis=-1).astype(np.float32)

    shape = (frames * FRAME_SAMPLES, len(tracks))
    source = _between(stacked("voicing", 0.0)) * glottal_source(_between(stacked("pitch")))
    source += _between(stacked("aspiration", 0.0)) * generator.standard_normal(shape, np.float32)
    frication = _between(stacked("frication", 0.0)) * generator.standard_normal(shape, np.float32)
    cascade = resonator(stacked("formants"), stacked("bandwidths"))
    band = stacked("frication_band")
    beside = resonator(band[:, :1], band[:, 1:], unit_at_peak=True)
    coefficients = [
        np.concatenate(pair, axis=1, dtype=np.float32) for pair in zip(cascade, beside, strict=True)
    ]
    return source.astype(np.float32), frication.astype(np.float32), coefficients


def _between(values: np.ndarray) -> np.ndarray:
    """Interpolate ``(frames, utterances)`` to samples."""
    following = np.concatenate([values[1:], values[-1:]])
    share = (np.arange(FRAME_SAMPLES, dtype=np.float32) / FRAME_SAMPLES)[:, None]
    smooth = values[:, None] + (following - values)[:, None] * share
    return smooth.reshape(-1, values.shape[1])


def _filtered(
    source: np.ndarray, frication: np.ndarray, coefficients: list[np.ndarray]
) -> np.ndarray:
    """Filter all utterances at once, sample by sample.

    The filters change every frame, so SciPy would be called for each frame, filter and utterance. A
    filter of the cascade takes what the one before it gave at the sample before: all work at once,
    and the cascade delays by three samples.
    """
    output = np.empty_like(source)
    inputs = np.zeros((NUM_FORMANTS + 1, source.shape[1]), np.float32)
    last, before = np.zeros_like(inputs), np.zeros_like(inputs)
    for frame, (a, b, c) in enumerate(zip(*coefficients, strict=True)):
        for sample in range(frame * FRAME_SAMPLES, (frame + 1) * FRAME_SAMPLES):
            inputs[1:NUM_FORMANTS] = last[: NUM_FORMANTS - 1]
            inputs[0], inputs[NUM_FORMANTS] = source[sample], frication[sample]
            # The oldest outputs are not needed any more once they are weighed.
            np.multiply(c, before, out=before)
            before += a * inputs
            before += b * last
            last, before = before, last
            np.add(last[NUM_FORMANTS - 1], last[NUM_FORMANTS], out=output[sample])
    return output
