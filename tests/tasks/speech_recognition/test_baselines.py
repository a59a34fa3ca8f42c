"""What a recogniser must beat: the most frequent transcript, and the nearest template."""

import numpy as np
import pytest

from seqsuite.data.examples import Examples
from seqsuite.tasks.speech_recognition.baselines import cepstra, speech_baselines
from seqsuite.tasks.speech_recognition.data.waveforms import Waveform
from seqsuite.tasks.speech_recognition.preprocessor import SpeechPreprocessor

RATE = 2000


def glide(first, last, samples=800):
    hertz = np.linspace(first, last, samples)
    return (9000 * np.sin(2 * np.pi * np.cumsum(hertz) / RATE)).astype(np.int16)


def recordings(rows, labels=None):
    return Examples({"audio": [Waveform(row, RATE) for row in rows]}, labels)


def preprocessor(**settings):
    return SpeechPreprocessor(
        sample_rate=RATE, frame_samples=50, hop_samples=20, alphabet=" abcdefilrs", **settings
    )


def test_isolated_words_are_given_to_the_nearest_template():
    train = recordings([glide(100, 800), glide(800, 100), glide(850, 90)], ["Rise", "fall", "fall"])
    test = recordings(
        [glide(110, 780, 1000), glide(780, 110, 700), glide(120, 800)], ["rise", "fall", "rise"]
    )
    found = speech_baselines(train, test, preprocessor())
    assert found["most frequent transcript"]["wer"] == pytest.approx(2 / 3)
    assert found["nearest template (DTW)"]["wer"] == 0


def test_strings_of_words_are_no_templates_and_have_none():
    words = recordings([glide(100, 800), glide(800, 100)], ["rise", "fall"])
    strings = recordings([glide(100, 800), glide(800, 100)], ["fall rise", "rise"])
    assert set(speech_baselines(words, strings, preprocessor())) == {"most frequent transcript"}
    # The only template says "rise".
    found = speech_baselines(strings, words, preprocessor())
    assert found["nearest template (DTW)"]["wer"] == 0.5


def test_many_different_words_have_no_templates():
    words = [f"{a}{b}" for a in "abcdefilrs" for b in "abcdefilrs"] + [
        "a" * n for n in range(3, 120)
    ]
    train = recordings([glide(100, 800, 60)] * len(words), words)
    assert len(speech_baselines(train, train, preprocessor())) == 1


def test_cepstra_do_not_depend_on_what_stands_beside_them():
    rows = [glide(100, 800), glide(800, 300, 1200)]
    together = cepstra(recordings(rows), preprocessor())
    for row, found in zip(rows, together, strict=True):
        (alone,) = cepstra(recordings([row]), preprocessor())
        assert found.shape == ((len(row) - 50) // 20 + 1, 13)
        np.testing.assert_allclose(found, alone, atol=1e-4)


def test_recordings_shorter_than_a_frame_have_one_frame_of_zeros():
    for rows in (
        [np.zeros(0, np.int16)] * 2,
        [glide(100, 800, 49)],
        [glide(1, 2, 9), glide(100, 800)],
    ):
        short = cepstra(recordings(rows), preprocessor())[0]
        np.testing.assert_array_equal(short, np.zeros((1, 13)))
    train = recordings([glide(100, 800), glide(1, 2, 9)], ["rise", "fall"])
    found = speech_baselines(train, recordings([glide(1, 2, 9)], ["fall"]), preprocessor())
    assert found["nearest template (DTW)"]["wer"] == 0


def test_ready_features_are_compared_as_they_are():
    features = preprocessor(feature_size=3)
    rows = np.random.default_rng(0).normal(2.0, 5.0, (2, 7, 3)).astype(np.float32)
    train = Examples({"features": list(rows)}, ["a", "b"])
    test = Examples({"features": [rows[1][::2], rows[0][1:]]}, ["b", "a"])
    assert speech_baselines(train, test, features)["nearest template (DTW)"]["wer"] == 0
    (first, _) = cepstra(train, features)
    np.testing.assert_allclose(first.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(first.std(axis=0), 1, atol=1e-3)
