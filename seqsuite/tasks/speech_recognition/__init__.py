"""The speech recognition task: recordings in, transcripts out."""

from __future__ import annotations

from seqsuite.task import TaskSpec
from seqsuite.tasks.speech_recognition.config import SpeechConfig

__all__ = ["TASK", "SpeechConfig"]

TASK = TaskSpec(
    package=__name__,
    summary="recordings of speech to transcripts",
    config_class=SpeechConfig,
    task="task:SpeechRecognition",
    client="client:SpeechClient",
)
