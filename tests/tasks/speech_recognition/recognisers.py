"""Small recognisers for tests: fresh weights that say many different things, and what they hear."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from seqsuite.config import build_config
from seqsuite.data.examples import Examples
from seqsuite.serving import export
from seqsuite.tasks.speech_recognition.data.waveforms import Waveform
from seqsuite.tasks.speech_recognition.task import SpeechRecognition
from seqsuite.training import runs

RATE = 2000
STREAMS = {"bidirectional": "false", "look_ahead": 4, "normalization": "running"}
SMALL = {"num_mel_bins": 8, "units": 8, "num_layers": 1, "filters": 8}


def tones(seconds, seed=0, rate=RATE):
    """Tones that change ten times a second, int16: what is heard changes too."""
    generator = np.random.default_rng(seed)
    count, size = round(10 * seconds), rate // 10
    hertz = np.repeat(generator.uniform(0.02, 0.45, count) * rate, size)
    loudness = np.repeat(generator.uniform(0, 9000, count), size)
    return (loudness * np.sin(2 * np.pi * np.cumsum(hertz) / rate)).astype(np.int16)


def talkative(model, decoding=None, transcripts=("ab", "c d"), data=None):
    """A task, its preprocessor and a network whose outputs are as sure as they are arbitrary."""
    data = {"sample_rate": RATE} | (data or {})
    settings = {"data": data, "model": SMALL | model, "decoding": decoding or {}}
    task = SpeechRecognition(build_config(SpeechRecognition.spec.config_class, settings))
    runs.set_seeds(5)
    waves = [Waveform(tones(1, seed), RATE) for seed in range(len(transcripts))]
    examples = Examples({"audio": waves}, list(transcripts))
    preprocessor = task.build_preprocessor(examples)
    network = task.build_model(preprocessor)
    task.phases(preprocessor, network, examples)
    kernel = network.get_layer("prediction").kernel
    kernel.assign(tf.random.normal(kernel.shape, stddev=3.0))
    return task, preprocessor, network


def exported(folder, model, decoding=None, data=None):
    """Export a talkative recogniser and return the folder of its version."""
    return export.export(*talkative(model, decoding, data=data), folder)
