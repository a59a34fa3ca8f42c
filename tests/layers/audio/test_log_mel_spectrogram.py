"""LogMelSpectrogram: against NumPy, at the ends of rows, and on silence."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers import LogMelSpectrogram
from tests.reference import audio

SAMPLES = np.random.default_rng(0).uniform(-0.9, 0.9, (2, 700)).astype("float32")


@pytest.mark.parametrize(
    ("arguments", "size"),
    [
        ({"sample_rate": 8000, "num_mel_bins": 40}, 256),
        # Bands so narrow that frequencies of 256 samples would miss some of them.
        ({"sample_rate": 8000, "num_mel_bins": 80}, 512),
        ({"sample_rate": 8000, "num_mel_bins": 9, "hop_seconds": 0.025, "preemphasis": 0.0}, 256),
        ({"sample_rate": 11025, "num_mel_bins": 9, "min_hertz": 60.0, "max_hertz": 4000.0}, 512),
    ],
)
def test_it_is_what_numpy_says(arguments, size):
    layer = LogMelSpectrogram(**arguments)
    rate = arguments["sample_rate"]
    frame, hop = round(rate * 0.025), round(rate * arguments.get("hop_seconds", 0.010))
    bands = arguments["num_mel_bins"], frame, hop, size
    edges = arguments.get("min_hertz", 20.0), arguments.get("max_hertz")
    emphasis = arguments.get("preemphasis", 0.97)
    for row, found in zip(SAMPLES, layer(SAMPLES), strict=True):
        expected = audio.log_mel(row, rate, *bands, *edges, emphasis)
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_coefficients_are_the_cosine_transform_of_the_log_energies():
    energies = np.array(LogMelSpectrogram(8000, 20)(SAMPLES))
    cepstra = np.array(LogMelSpectrogram(8000, 20, num_coefficients=13)(SAMPLES))
    expected = np.apply_along_axis(audio.cosine_transform, 2, energies.astype("float64"))
    np.testing.assert_allclose(cepstra, expected[:, :, :13], atol=1e-4)


@pytest.mark.parametrize("num_samples", [0, 1, 199, 200, 279, 280, 281, 699])
def test_only_whole_frames_within_a_row_count(num_samples):
    layer = LogMelSpectrogram(8000, 10)
    expected = max(0, (num_samples - 200) // 80 + 1)
    assert layer.output_lengths([num_samples]).numpy().tolist() == [expected]
    alone = layer(SAMPLES[:1, :num_samples])
    assert alone.shape == (1, expected, 10)
    spoiled = np.where(np.arange(700) < num_samples, SAMPLES[:1], np.nan).astype("float32")
    padded = np.array(layer(spoiled, lengths=[num_samples]))
    np.testing.assert_allclose(padded[:, :expected], alone, atol=1e-5)
    assert not padded[:, expected:].any()


def test_silence_is_the_floor_whatever_its_level_and_no_outlier():
    layer = LogMelSpectrogram(16000, 80)
    floor = -30 * np.log(2)
    for level in (0.0, 1.0, -0.25, 0.3):
        silence = layer(np.full((1, 400), level, "float32"))
        np.testing.assert_allclose(silence, floor, atol=1e-3)
    # The last bit of 16-bit samples going up and down at random is hardly louder.
    bits = np.random.default_rng(0).integers(-1, 2, (1, 16000)) / 2**15
    assert 0 < np.mean(layer(bits.astype("float32"))) - floor < 4


def test_one_graph_takes_any_number_of_samples_even_none():
    layer = LogMelSpectrogram(8000, 10)
    traced = tf.function(layer, autograph=False)
    function = traced.get_concrete_function(tf.TensorSpec((None, None)))
    for shape in ((2, 0), (0, 700), (2, 150), (2, 700)):
        found = function(tf.zeros(shape))
        assert found.shape == (shape[0], max(0, (shape[1] - 200) // 80 + 1), 10)


def test_gradients_are_finite_on_silence():
    samples = tf.Variable(tf.zeros((1, 400)))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(LogMelSpectrogram(8000, 10)(samples))
    assert np.isfinite(tape.gradient(total, samples)).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hop_seconds": 0.03}, "hop_seconds=0.03"),
        ({"hop_seconds": 0.0}, "hop_seconds=0.0"),
        ({"max_hertz": 8001.0}, "max_hertz=8001"),
        ({"min_hertz": 500.0, "max_hertz": 400.0}, "min_hertz=500"),
        ({"num_mel_bins": 0}, "num_mel_bins=0"),
        ({"num_mel_bins": 20, "num_coefficients": 21}, "num_coefficients=21"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        LogMelSpectrogram(**arguments)
