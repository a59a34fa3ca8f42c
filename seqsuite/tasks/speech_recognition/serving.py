"""What is exported of the speech_recognition task: its signatures and requests."""

from __future__ import annotations

import io
import wave
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from seqsuite.serving.signatures import signature
from seqsuite.task import Serving
from seqsuite.tasks.speech_recognition.config import SpeechConfig, SpeechModelConfig
from seqsuite.tasks.speech_recognition.exported import export_files
from seqsuite.tasks.speech_recognition.model import convolution_layer
from seqsuite.tasks.speech_recognition.server import SpeechServer
from seqsuite.tasks.speech_recognition.streaming import (
    SpeechStream,
    initial_states,
    stream_inputs,
)

if TYPE_CHECKING:
    import keras

    from seqsuite.tasks.speech_recognition.preprocessor import SpeechPreprocessor


def serving(config: SpeechConfig, preprocessor: SpeechPreprocessor, model: keras.Model) -> Serving:
    """Return what is exported.

    Args:
        config: The task's configuration.
        preprocessor: An adapted ``SpeechPreprocessor``.
        model: The recogniser.
    """
    hears, limits = config.data.input == "audio", config.serving
    streams = hears and config.model.streams
    stream = SpeechStream(preprocessor, model, limits) if streams else None
    signatures = _signatures(config, preprocessor)
    return Serving(
        SpeechServer(preprocessor, model, limits, stream),
        signatures,
        _requests(signatures, config.model, preprocessor),
        example="FILE.wav" if hears else "FILE.mfc",
        files=partial(export_files, config, preprocessor),
    )


def _signatures(
    config: SpeechConfig, preprocessor: SpeechPreprocessor
) -> dict[str, dict[str, tf.TensorSpec]]:
    if preprocessor.feature_size:
        frames = [tf.float32, None, preprocessor.feature_size]
        return {"serving_default": signature(features=frames, length=[tf.int32])}
    samples = [tf.float32, None]
    signatures = {
        "serving_default": signature(audio=[tf.string]),
        "samples": signature(samples=samples, length=[tf.int32]),
    }
    if config.data.equalize:
        # By the caller, who knows more recordings of the speaker than a request holds.
        signatures["equalized"] = signature(equalized=samples, length=[tf.int32])
    if config.model.streams:
        spells = config.data.units != "characters"
        signatures["step"] = stream_inputs(config.model, spells)
    return signatures


def _requests(
    signatures: dict[str, dict[str, tf.TensorSpec]],
    config: SpeechModelConfig,
    preprocessor: SpeechPreprocessor,
) -> dict[str, dict[str, Any]]:
    """Return a request for each signature: half a second of silence, and nothing."""
    steps = round(0.5 * preprocessor.rate)
    length = np.array([steps, 0], np.int32)
    requests: dict[str, dict[str, Any]] = {}
    for name, inputs in signatures.items():
        if "audio" in inputs:
            requests[name] = {"audio": [silent_wav(preprocessor.sample_rate), b""]}
        elif "chunk" in inputs:
            states = initial_states(inputs, convolution_layer(config).left_padding, rows=2)
            chunk = np.zeros((2, steps), np.float32)
            requests[name] = {"chunk": chunk, "final": np.zeros(2, np.int32), **states}
        else:
            (values,) = inputs.keys() - {"length"}
            shape = [2, steps, *inputs[values].shape[2:]]
            requests[name] = {values: np.zeros(shape, np.float32), "length": length}
    return requests


def silent_wav(sample_rate: int, seconds: float = 0.5) -> bytes:
    """Return a wav file in which nothing is said.

    Args:
        sample_rate: Samples a second.
        seconds: Its length.

    Example:
        >>> len(silent_wav(8000))
        8044
    """
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(sample_rate)
        writer.writeframes(bytes(2 * round(seconds * sample_rate)))
    return file.getvalue()
