"""Blind equalisation: taking away what a speaker's microphone and room do to all recordings.

A microphone, a line and a room are a filter that does not change, and what is said does: averaged
over much speech, the spectrum shows the filter. So recordings of one speaker through one microphone
are filtered by what takes their long-term average spectrum to that of the training data. Nothing is
said about their transcripts, but they must be heard together.

Reference:
    Stockham, Cannon and Ingebretsen, "Blind deconvolution through digital signal processing",
    Proceedings of the IEEE 63(4), 1975, https://doi.org/10.1109/PROC.1975.9800
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from seqsuite.errors import UserError
from seqsuite.tasks.speech_recognition.data.audio import FULL_SCALE

Tensor = Any
Batch = tuple[list[int], Tensor, Tensor]
"""Numbers of recordings, their padded samples and their lengths."""

PRIOR_SECONDS = 5.0
"""Speech of no effect that is counted beside what is heard: of a single word, the average spectrum
is mostly that of its vowels, which are not to be taken away."""
_FRAME_SECONDS = 0.025
# What is between bands of about so many hertz is taken for the speaker's, not the channel's.
_SMOOTH_HERTZ = 160.0
_MAX_DECIBELS = 40.0
# The power of one step of 16-bit samples; softer rows are silent.
_POWER_FLOOR = 2.0**-30
# Samples that are filtered at once, padded.
_BATCH_SAMPLES = 4_000_000


def transform_size(sample_rate: int) -> int:
    """Return the samples of a frame, a power of two of at least 25 ms.

    Example:
        >>> transform_size(8000), transform_size(16000)
        (256, 512)
    """
    return 1 << (round(_FRAME_SECONDS * sample_rate) - 1).bit_length()


def log_spectra(samples: Tensor, lengths: Tensor, size: int) -> Tensor:
    """Return the logarithm of each row's mean power spectrum, by Welch's method.

    Args:
        samples: float32 ``(batch, time)`` in [-1, 1].
        lengths: int32 ``(batch,)``.
        size: Samples of a frame; frames overlap by half, under a Hann window. Of a shorter row
            there is one, padded with zeros.

    Returns:
        float32 ``(batch, size // 2 + 1)``.
    """
    hop = size // 2
    counts = tf.maximum((lengths - size) // hop + 1, 1)
    samples = tf.where(tf.sequence_mask(lengths, tf.shape(samples)[1]), samples, 0.0)
    frames = tf.signal.frame(tf.pad(samples, [[0, 0], [0, size]]), size, hop)
    window = tf.signal.hann_window(size)
    power = tf.square(tf.abs(tf.signal.rfft(frames * window))) / tf.reduce_sum(window**2)
    real = tf.sequence_mask(counts, tf.shape(frames)[1], tf.float32)[:, :, None]
    mean = tf.reduce_sum(power * real, axis=1) / tf.cast(counts, tf.float32)[:, None]
    return tf.math.log(mean + _POWER_FLOOR)


def gains(spectra: Tensor, lengths: Tensor, target: Tensor, sample_rate: int) -> Tensor:
    """Return the filter that takes what recordings have in common to a target.

    Args:
        spectra: Of recordings of one speaker, from `log_spectra`, ``(batch, bins)``.
        lengths: Their samples, int32 ``(batch,)``; silent ones do not count.
        target: The spectrum wanted, float32 ``(bins,)``.
        sample_rate: In hertz.

    Returns:
        Logarithms of the amplification of amplitudes, float32 ``(bins,)``; zeros when all are
        silent.
    """
    heard = tf.cast(_heard(spectra), tf.float32)
    seconds = tf.reduce_sum(heard * tf.cast(lengths, tf.float32)) / sample_rate
    # Every recording counts the same, however loud.
    mean = tf.reduce_sum(spectra * heard[:, None], axis=0) / tf.maximum(tf.reduce_sum(heard), 1.0)
    share = seconds / (seconds + PRIOR_SECONDS)
    limit = _MAX_DECIBELS * np.log(10.0) / 20
    return tf.clip_by_value(share * _smooth(target - mean, sample_rate) / 2, -limit, limit)


def _heard(spectra: Tensor) -> Tensor:
    """Return which rows are not silent, bool ``(batch,)``."""
    return tf.reduce_max(spectra, axis=1) > np.log(16 * _POWER_FLOOR)


def _smooth(curve: Tensor, sample_rate: int) -> Tensor:
    bins = curve.shape[0]
    width = round(_SMOOTH_HERTZ / sample_rate * 2 * (bins - 1))
    window = np.hanning(2 * width + 3)[1:-1].astype("float32")
    reach = len(window) // 2
    ends = tf.ones(reach, tf.float32)
    padded = tf.concat([curve[:1] * ends, curve, curve[-1:] * ends], axis=0)
    return tf.linalg.matvec(tf.signal.frame(padded, len(window), 1), window / window.sum())


def apply_gains(samples: Tensor, log_gains: Tensor) -> Tensor:
    """Filter rows without shifting them in time.

    Args:
        samples: float32 ``(batch, time)``.
        log_gains: Of amplitudes, float32 ``(bins,)``.

    Returns:
        float32 ``(batch, time)``.
    """
    size = 2 * (log_gains.shape[0] - 1)
    response = tf.signal.irfft(tf.complex(tf.exp(log_gains), tf.zeros_like(log_gains)))
    # Symmetric taps around the middle, tapered to nothing at the ends.
    taps = tf.roll(response, size // 2, axis=0) * tf.signal.hann_window(size)
    time = tf.shape(samples)[1]
    whole = time + size
    product = tf.signal.rfft(samples, [whole]) * tf.signal.rfft(taps, [whole])
    return tf.signal.irfft(product, [whole])[:, size // 2 : size // 2 + time]


def equalize(samples: Tensor, lengths: Tensor, target: Tensor, sample_rate: int) -> Tensor:
    """Filter the recordings of one speaker.

    Args:
        samples: float32 ``(batch, time)`` in [-1, 1].
        lengths: int32 ``(batch,)``.
        target: From `average_spectrum`.
        sample_rate: In hertz.

    Returns:
        Samples of the same shape in [-1, 1], zero behind their lengths.

    Example:
        >>> noise = tf.random.stateless_normal((4, 16000), [1, 2], stddev=0.01)
        >>> lengths, target = tf.fill(4, 16000), np.full(129, np.log(0.1), "float32")
        >>> louder = equalize(noise, lengths, target, 8000)
        >>> float(tf.math.reduce_std(louder) / tf.math.reduce_std(noise)) > 5
        True
    """
    target = tf.convert_to_tensor(target, tf.float32)
    size = 2 * (target.shape[0] - 1)
    log_gains = gains(log_spectra(samples, lengths, size), lengths, target, sample_rate)
    filtered = tf.clip_by_value(apply_gains(samples, log_gains), -1.0, 1.0)
    return tf.where(tf.sequence_mask(lengths, tf.shape(samples)[1]), filtered, 0.0)


def average_spectrum(
    rows: Sequence[np.ndarray], speakers: Sequence[str], sample_rate: int
) -> np.ndarray:
    """Return the spectrum to which speakers are equalised: the mean over those of training.

    Args:
        rows: Recordings, int16 ``(samples,)`` each; silent ones do not count.
        speakers: Who speaks in each; all those without a name count as one.
        sample_rate: In hertz.

    Returns:
        float32 ``(bins,)``: each speaker counts the same.

    Raises:
        UserError: All recordings are silent.
        ValueError: There are not as many speakers as recordings, or these are not int16.
    """
    _check(rows, speakers)
    size = transform_size(sample_rate)
    means = []
    for group in _by_speaker(speakers).values():
        spectra = _spectra(list(_batches(rows, group)), size)
        heard = tf.boolean_mask(spectra, _heard(spectra)).numpy()
        if len(heard):
            means.append(heard.mean(axis=0))
    if not means:
        raise UserError("All recordings are silent: there is no spectrum to equalise to.")
    return np.mean(means, axis=0)


def equalize_speakers(
    rows: Sequence[np.ndarray], speakers: Sequence[str], target: Sequence[float], sample_rate: int
) -> list[np.ndarray]:
    """Filter recordings, each speaker's together.

    Args:
        rows: Recordings, int16 ``(samples,)`` each.
        speakers: Who speaks in each; one without a name is heard alone.
        target: From `average_spectrum`, ``(bins,)``.
        sample_rate: In hertz.

    Returns:
        Recordings of the same lengths and dtype.

    Raises:
        ValueError: There are not as many speakers as recordings, these are not int16, or the target
            is that of another sample rate.
    """
    _check(rows, speakers)
    equal: list[np.ndarray] = [np.zeros(0, np.int16)] * len(rows)
    size = transform_size(sample_rate)
    goal = tf.convert_to_tensor(target, tf.float32)
    if goal.shape != (size // 2 + 1,):
        raise ValueError(
            f"Argument `target` must be ({size // 2 + 1},) at {sample_rate} samples a second. "
            f"Received: {tuple(goal.shape)}"
        )
    groups = _by_speaker(speakers)
    alone = groups.pop("", [])
    for indices in [*groups.values(), *([index] for index in alone)]:
        batches = list(_batches(rows, indices))
        lengths = tf.concat([lengths for *_, lengths in batches], axis=0)
        log_gains = gains(_spectra(batches, size), lengths, goal, sample_rate)
        for chosen, samples, _ in batches:
            filtered = np.rint(apply_gains(samples, log_gains).numpy() * FULL_SCALE)
            filtered = np.clip(filtered, -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
            for index, row in zip(chosen, filtered, strict=True):
                equal[index] = row[: len(rows[index])].copy()
    return equal


def _check(rows: Sequence[np.ndarray], speakers: Sequence[str]) -> None:
    if any(row.dtype != np.int16 for row in rows):
        raise ValueError(
            "Argument `rows` must hold int16 samples. "
            f"Received: {', '.join(sorted({str(row.dtype) for row in rows}))}"
        )
    if len(speakers) != len(rows):
        raise ValueError(
            f"Argument `speakers` must name one for each of {len(rows)} recordings. "
            f"Received: {len(speakers)} names"
        )


def _by_speaker(speakers: Sequence[str]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for index, speaker in enumerate(speakers):
        groups.setdefault(speaker, []).append(index)
    return groups


def _spectra(batches: list[Batch], size: int) -> Tensor:
    found = [log_spectra(samples, lengths, size) for _, samples, lengths in batches]
    return tf.concat(found, axis=0)


def _batches(rows: Sequence[np.ndarray], indices: Sequence[int]) -> Iterator[Batch]:
    """Yield indices, samples and lengths of recordings, padded, not too many at once."""
    order = sorted(indices, key=lambda index: len(rows[index]))
    while order:
        count = max(1, _BATCH_SAMPLES // max(1, len(rows[order[-1]])))
        chosen, order = order[-count:], order[:-count]
        lengths = np.array([len(rows[index]) for index in chosen], np.int32)
        samples = np.zeros((len(chosen), lengths.max()), np.float32)
        for row, index in enumerate(chosen):
            samples[row, : lengths[row]] = rows[index] / FULL_SCALE
        yield chosen, tf.constant(samples), tf.constant(lengths)
