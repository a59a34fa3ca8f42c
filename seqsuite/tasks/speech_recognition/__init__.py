"""The speech recognition task: recordings in, transcripts out."""

from __future__ import annotations

from typing import Any

from seqsuite.tasks.speech_recognition.config import SpeechConfig

__all__ = ["TASK", "SpeechConfig"]


def __getattr__(name: str) -> Any:
    if name != "TASK":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from seqsuite.tasks.speech_recognition.task import TASK

    return TASK
