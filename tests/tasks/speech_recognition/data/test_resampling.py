"""A signal resampled in blocks is the signal resampled at once."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import resample_poly

from seqsuite.tasks.speech_recognition.data.resampling import Resampler


def in_blocks(signal, source_rate, target_rate, sizes):
    resampler = Resampler(source_rate, target_rate)
    parts, start = [], 0
    for size in sizes:
        parts.append(resampler.push(signal[start : start + size]))
        start += size
    parts += [resampler.push(signal[start:]), resampler.finish()]
    return np.concatenate(parts)


@pytest.mark.parametrize(
    "rates", [(16000, 8000), (8000, 16000), (44100, 8000), (11025, 8000), (8000, 8000)]
)
@pytest.mark.parametrize("size", [1, 7, 160, 1000, 5000])
def test_blocks_of_any_size_join_to_the_whole(rates, size):
    signal = np.random.default_rng(0).normal(size=4321).astype(np.float32)
    sizes = [size] * min(40, len(signal) // size)
    found = in_blocks(signal, *rates, sizes)
    expected = resample_poly(signal, rates[1], rates[0])
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("length", [0, 1, 3])
def test_signals_shorter_than_the_filter_are_resampled_too(length):
    signal = np.ones(length, np.float32)
    expected = resample_poly(signal, 1, 2) if length else np.zeros(0)
    np.testing.assert_allclose(in_blocks(signal, 16000, 8000, [1]), expected, atol=1e-6)


def test_what_was_pushed_is_forgotten():
    resampler = Resampler(44100, 8000)
    kept = []
    for _ in range(50):
        resampler.push(np.zeros(4410, np.float32))
        kept.append(len(resampler._kept))
    # The filter spans 2 * 10 * 441 steps of 1/80 of an input sample, and blocks begin at
    # multiples of 441.
    assert max(kept[2:]) <= 2 * 10 * 441 / 80 + 441


def test_what_the_lower_rate_cannot_hold_is_removed_not_mirrored():
    times = np.arange(16000) / 16000

    def level(frequency):
        signal = np.sin(2 * np.pi * frequency * times).astype(np.float32)
        inner = in_blocks(signal, 16000, 8000, [1600] * 10)[100:-100]
        return 20 * np.log10(np.sqrt(2 * np.mean(inner**2)))

    assert abs(level(1000)) < 0.1
    assert abs(level(3360)) < 0.1
    # 4.72, 5 and 7 kHz would be heard at 3.28, 3 and 1 kHz.
    assert level(4720) < -50
    assert level(5000) < -50
    assert level(7000) < -50
