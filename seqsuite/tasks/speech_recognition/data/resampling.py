"""Another sample rate, for a signal at once or as it comes in."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from scipy.signal import firwin, resample_poly


class Resampler:
    """Resamples a stream by SciPy's polyphase filter, block by block.

    What comes out, joined, is ``scipy.signal.resample_poly(signal, target_rate, source_rate)``:
    blocks overlap by the length of the filter, so none has edges of its own. The filter (a sinc
    within a Kaiser window, ``beta`` 5) passes what lies below 0.42 of the lower rate, and damps by
    6 dB at half of it and by more than 50 dB from 0.59 on: what is between is mirrored, but faintly
    and into the highest fifth of the band alone.

    Args:
        source_rate: Samples a second of what is pushed.
        target_rate: Samples a second of what is returned.

    Example:
        >>> resampler = Resampler(16000, 8000)
        >>> halves = [resampler.push(np.ones(200, np.float32)) for _ in range(2)]
        >>> sum(map(len, halves)) + len(resampler.finish())
        200
    """

    def __init__(self, source_rate: int, target_rate: int):
        divisor = math.gcd(source_rate, target_rate)
        self._up, self._down = target_rate // divisor, source_rate // divisor
        self._half_length = _HALF_CYCLES * max(self._up, self._down)
        # Input that is still needed, which begins at a multiple of `down` of the whole input, so
        # that outputs of it fall where outputs of the whole do.
        self._kept = np.zeros(0, np.float32)
        self._start = 0
        self._returned = 0

    def push(self, samples: np.ndarray) -> np.ndarray:
        """Take in the next samples.

        Args:
            samples: float32 ``(num_samples,)``.

        Returns:
            float32 ``(num_ready,)``: all output that what is still to come cannot change.
        """
        self._kept = np.concatenate([self._kept, samples])
        if self._up == self._down:
            return self._take(len(self._kept))
        last = self._start + len(self._kept) - 1
        ready = (last * self._up - self._half_length) // self._down + 1
        return self._take(max(ready, self._returned))

    def finish(self) -> np.ndarray:
        """Return the rest, float32 ``(num_samples,)``, as if silence followed."""
        end = self._start + len(self._kept)
        return self._take(-(-end * self._up // self._down))

    def _take(self, stop: int) -> np.ndarray:
        """Return output samples up to ``stop`` and drop the input that no later one needs."""
        if self._up == self._down:
            taken, self._kept = self._kept, self._kept[:0]
            return taken
        if stop <= self._returned:
            return np.zeros(0, np.float32)
        taps = _taps(max(self._up, self._down))
        output = resample_poly(self._kept, self._up, self._down, window=taps)
        offset = self._start * self._up // self._down
        taken = output[self._returned - offset : stop - offset]
        self._returned = stop
        needed = -(-(stop * self._down - self._half_length) // self._up)
        start = max(self._start, needed // self._down * self._down)
        self._kept = self._kept[start - self._start :]
        self._start = start
        return taken


# SciPy's own choice of the filter's length.
_HALF_CYCLES = 10


@lru_cache(maxsize=8)
def _taps(longer: int) -> np.ndarray:
    """Return the filter that `resample_poly` designs anew at every call."""
    taps = firwin(2 * _HALF_CYCLES * longer + 1, 1.0 / longer, window=("kaiser", 5.0))
    return taps.astype(np.float32)
