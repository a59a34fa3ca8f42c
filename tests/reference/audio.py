"""Features of audio in plain NumPy, one frame and one value at a time."""

from __future__ import annotations

import numpy as np


def mel(hertz: float) -> float:
    """HTK's mel scale."""
    return 2595 * np.log10(1 + hertz / 700)


def mel_weight(hertz: float, index: int, num_bins: int, lowest: float, highest: float) -> float:
    """How much a frequency counts in a band: a triangle on the mel scale."""
    width = (mel(highest) - mel(lowest)) / (num_bins + 1)
    centre = mel(lowest) + (index + 1) * width
    return max(0.0, 1 - abs(mel(hertz) - centre) / width)


def log_mel(
    samples: np.ndarray,
    sample_rate: int,
    num_bins: int,
    frame_length: int,
    hop_length: int,
    size: int,
    lowest: float = 20.0,
    highest: float | None = None,
    preemphasis: float = 0.97,
) -> np.ndarray:
    """Log-mel energies ``(frames, num_bins)`` of one row, by Fourier transforms of `size`."""
    highest = sample_rate / 2 if highest is None else highest
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(frame_length) / (frame_length - 1))) ** 0.85
    hertz = np.arange(size // 2 + 1) * sample_rate / size
    weights = np.array(
        [[mel_weight(f, b, num_bins, lowest, highest) for b in range(num_bins)] for f in hertz]
    )
    rows = []
    for start in range(0, len(samples) - frame_length + 1, hop_length):
        frame = samples[start : start + frame_length].astype("float64")
        frame = frame - frame.mean()
        before = np.concatenate([frame[:1], frame[:-1]])
        spectrum = np.fft.rfft((frame - preemphasis * before) * window, size)
        power = np.abs(spectrum) ** 2 / np.sum(window**2)
        rows.append(np.log(power @ weights + 2.0**-30))
    return np.array(rows).reshape(-1, num_bins)


def cosine_transform(values: np.ndarray) -> np.ndarray:
    """The orthonormal DCT-II of a vector."""
    size = len(values)
    result = []
    for k in range(size):
        total = sum(v * np.cos(np.pi * k * (2 * n + 1) / (2 * size)) for n, v in enumerate(values))
        result.append(total * np.sqrt((1 if k == 0 else 2) / size))
    return np.array(result)
