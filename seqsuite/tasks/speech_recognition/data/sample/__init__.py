"""The built-in sample of speech recognition: digits, spoken by a synthesizer."""

from __future__ import annotations

from seqsuite.data.examples import Examples
from seqsuite.tasks.speech_recognition.config import SpeechDataConfig
from seqsuite.tasks.speech_recognition.data.sample.digits import generate
from seqsuite.tasks.speech_recognition.data.utterances import SAMPLE_RATE, resampled

NAME = "sample"
DESCRIPTION = "built-in sample, no network: digits of synthetic voices"


def load(split: str, options: SpeechDataConfig) -> Examples | None:
    """Generate a split; the same every time.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section; ``sample_rate`` for another than 8,000 samples a second.
    """
    return resampled(generate(split), getattr(options, "sample_rate", SAMPLE_RATE))
