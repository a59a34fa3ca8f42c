"""A recording of speech as samples: what speech readers return."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Waveform:
    """One channel of audio.

    Args:
        samples: int16 ``(num_samples,)``; full scale is 32,768.
        sample_rate: Samples a second.
        speaker: Who speaks; ``""`` when that is not known.
        unique_id: Its name within its data set.

    Raises:
        ValueError: The samples are not int16 ``(num_samples,)``, or the rate is not positive.

    Example:
        >>> Waveform(np.zeros(4000, np.int16), 8000).seconds
        0.5
    """

    samples: np.ndarray
    sample_rate: int
    speaker: str = ""
    unique_id: str = ""

    def __post_init__(self):
        if self.samples.ndim != 1 or self.samples.dtype != np.int16:
            raise ValueError(
                "Argument `samples` must be int16 (num_samples,). Received: "
                f"samples={self.samples.dtype} {self.samples.shape} (waveform {self.unique_id!r})"
            )
        if self.sample_rate <= 0:
            raise ValueError(
                f"Argument `sample_rate` must be positive. Received: sample_rate={self.sample_rate}"
            )

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples) / self.sample_rate
