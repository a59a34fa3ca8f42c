"""A stream in pieces says what the whole recording says."""

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.config import build_config
from seqsuite.data.examples import Examples
from seqsuite.tasks.speech_recognition.data.waveforms import Waveform
from seqsuite.tasks.speech_recognition.model import convolution_layer
from seqsuite.tasks.speech_recognition.streaming import initial_states, stream_inputs, take_step
from seqsuite.tasks.speech_recognition.task import SpeechRecognition
from seqsuite.training import runs


def tones(seconds, seed):
    """Tones that change ten times a second, so that what is heard changes too."""
    generator = np.random.default_rng(seed)
    hertz = np.repeat(generator.uniform(100, 3500, round(10 * seconds)), 800)
    loudness = np.repeat(generator.uniform(0, 9000, round(10 * seconds)), 800)
    return (loudness * np.sin(2 * np.pi * np.cumsum(hertz) / 8000)).astype(np.int16)


@pytest.fixture(scope="module", params=[("running", "characters"), ("global", "words")])
def recogniser(request):
    """A task that streams, and its server, with weights that say many different things."""
    normalization, units = request.param
    model = {
        "bidirectional": "false",
        "look_ahead": 4,
        "normalization": normalization,
        "units": 8,
        "filters": 8,
        "cell": "gru" if normalization == "global" else "lstm",
    }
    settings = {"model": model, "data": {"units": units}}
    task = SpeechRecognition(build_config(SpeechRecognition.spec.config_class, settings))
    runs.set_seeds(5)
    examples = Examples({"audio": [Waveform(tones(1, s), 8000) for s in (1, 2)]}, ["ab", "c d"])
    preprocessor = task.build_preprocessor(examples)
    network = task.build_model(preprocessor)
    task.phases(preprocessor, network, examples)
    for weight in network.get_layer("recurrent").trainable_variables:
        weight.assign(4.0 * weight)
    kernel = network.get_layer("prediction").kernel
    kernel.assign(tf.random.normal(kernel.shape, stddev=3.0))
    return task, tf.function(task.serving(preprocessor, network).function, autograph=False)


def before(task):
    """The states before the first chunk."""
    spelled = task.config.data.units != "characters"
    config = task.config.model
    padding = convolution_layer(config).left_padding
    return initial_states(stream_inputs(config, spelled), padding)


def streamed(task, answer, samples, sizes):
    states = before(task)
    text, start, index = "", 0, 0
    while start < len(samples):
        size = sizes[index % len(sizes)]
        index += 1
        chunk = samples[None, start : start + size]
        heard, states = take_step(lambda **inputs: answer(inputs), states, chunk)
        text, start = text + heard, start + size
    end = np.zeros((1, 0), np.float32)
    return text + take_step(lambda **inputs: answer(inputs), states, end, final=True)[0]


@pytest.mark.full
def test_any_cut_gives_the_transcript_of_the_whole(recogniser):
    task, answer = recogniser
    samples = tones(3, seed=9).astype(np.float32) / 32768
    whole = answer({"samples": tf.constant(samples[None]), "length": tf.constant([len(samples)])})
    expected = whole["transcript"].numpy()[0].decode()
    assert len(set(expected)) > 2
    for sizes in ([len(samples)], [800], [1, 333, 0, 4000]):
        assert streamed(task, answer, samples, sizes) == expected


def test_a_stream_without_samples_says_nothing(recogniser):
    task, answer = recogniser
    assert streamed(task, answer, np.zeros(0, np.float32), [800]) == ""


def test_states_stay_as_small_as_they_are(recogniser):
    """Constant memory: what waits is less than a frame, or than a receptive field."""
    task, answer = recogniser
    states = before(task)
    sizes = []
    for seed in range(12):
        chunk = tones(0.1, seed)[None].astype(np.float32) / 32768
        _, states = take_step(lambda **inputs: answer(inputs), states, chunk)
        sizes.append(sum(int(tf.size(value)) for value in states.values()))
    assert max(sizes[6:]) <= max(sizes[:6])
    assert states["state_samples"].shape[1] < 200


def test_a_model_that_reads_both_ways_has_no_step():
    task = SpeechRecognition()
    preprocessor = task.build_preprocessor(Examples({"audio": []}, ["a"]))
    assert set(task.serving(preprocessor, None).signatures) == {"serving_default", "samples"}
