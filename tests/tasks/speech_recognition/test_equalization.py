"""Blind equalisation against SciPy's spectra, and against channels that are known."""

from functools import partial

import numpy as np
import pytest
import tensorflow as tf
from scipy import signal

from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.preprocessor import Preprocessor
from seqsuite.tasks.speech_recognition.data.waveforms import Waveform
from seqsuite.tasks.speech_recognition.equalization import (
    apply_gains,
    average_spectrum,
    equalize,
    equalize_speakers,
    gains,
    log_spectra,
    transform_size,
)
from seqsuite.tasks.speech_recognition.preprocessor import SpeechPreprocessor

RATE = 8000
SIZE = transform_size(RATE)


def noises(count, seed=0, scale=0.05):
    """Recordings of different length whose spectrum is flat."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(4000, 9000, count)
    return [np.rint(generator.normal(0, scale * 32768, n)).astype(np.int16) for n in lengths]


def through(rows, taps):
    """The recordings as another microphone hears them."""
    return [np.rint(signal.lfilter(taps, [1.0], row)).astype(np.int16) for row in rows]


def padded(rows):
    lengths = np.array([len(row) for row in rows], np.int32)
    samples = np.zeros((len(rows), lengths.max()), np.float32)
    for index, row in enumerate(rows):
        samples[index, : len(row)] = row / 32768
    return samples, lengths


def test_spectra_are_welchs_whatever_stands_behind_the_end():
    samples, lengths = padded(noises(3))
    samples[1, lengths[1] :] = 1.0
    found = np.exp(log_spectra(samples, lengths, SIZE))
    for row, length, spectrum in zip(samples, lengths, found, strict=True):
        _, expected = signal.welch(
            row[:length], 1, "hann", SIZE, SIZE // 2, detrend=False, return_onesided=False
        )
        np.testing.assert_allclose(spectrum, expected[: SIZE // 2 + 1], rtol=1e-3, atol=1e-6)


def test_a_flat_gain_amplifies_and_does_not_shift():
    samples, _ = padded(noises(2))
    louder = apply_gains(samples, tf.fill(SIZE // 2 + 1, np.float32(np.log(2.0))))
    np.testing.assert_allclose(louder, 2 * samples, atol=1e-5)


def test_what_a_microphone_did_is_undone():
    plain, other = noises(20), noises(20, seed=1)
    # Softer, and high frequencies softer still.
    muffled = through(other, 0.2 * np.array([0.4, 0.3, 0.2, 0.1]))
    target = average_spectrum(plain, ["a"] * 20, RATE)
    mended = equalize_speakers(muffled, ["b"] * 20, target, RATE)
    before = log_spectra(*padded(muffled), SIZE).numpy().mean(axis=0) - target
    after = log_spectra(*padded(mended), SIZE).numpy().mean(axis=0) - target
    # In powers: 10 decibels are 2.3. Not at 0 Hz, of which speech has nothing.
    assert np.abs(before).max() > 4
    # So much is left as five seconds of prior leave it.
    heard = sum(map(len, muffled)) / RATE
    np.testing.assert_allclose(after[4:-4], before[4:-4] * 5 / (heard + 5), atol=0.25)
    assert [row.dtype for row in mended] == [np.int16] * 20
    assert [len(row) for row in mended] == [len(row) for row in muffled]


def test_speakers_are_mended_apart_and_each_counts_the_same():
    rows = noises(4) + through(noises(12, seed=2), [0.1])
    speakers = ["a"] * 4 + ["b"] * 12
    target = average_spectrum(rows, speakers, RATE)
    each = [log_spectra(*padded(part), SIZE).numpy().mean(axis=0) for part in (rows[:4], rows[4:])]
    np.testing.assert_allclose(target, np.mean(each, axis=0), rtol=1e-5)
    mended = equalize_speakers(rows, speakers, target, RATE)
    apart = equalize_speakers(rows[4:], ["b"] * 12, target, RATE)
    for one, two in zip(mended[4:], apart, strict=True):
        np.testing.assert_array_equal(one, two)


def test_recordings_without_a_name_are_alone():
    rows = [*noises(1), *through(noises(1, seed=3), [0.1])]
    target = average_spectrum(noises(5), ["a"] * 5, RATE)
    both = equalize_speakers(rows, ["", ""], target, RATE)
    for row, mended in zip(rows, both, strict=True):
        np.testing.assert_array_equal(mended, equalize_speakers([row], ["x"], target, RATE)[0])


@pytest.mark.parametrize("rows", [[[]], [[0] * 3000], [[], [0] * 10, [0] * 3000]])
def test_silence_stays_silent(rows):
    rows = [np.array(row, np.int16) for row in rows]
    target = average_spectrum(noises(3), ["a"] * 3, RATE)
    mended = equalize_speakers(rows, ["b"] * len(rows), target, RATE)
    assert [len(row) for row in mended] == [len(row) for row in rows]
    assert not np.concatenate(mended).any()


def test_silence_has_no_say_beside_speech():
    spectra = log_spectra(*padded(noises(2)), SIZE)
    target = np.zeros(SIZE // 2 + 1, np.float32)
    silent = np.full((1, SIZE // 2 + 1), np.log(2.0**-30), np.float32)
    lengths = np.array([8000, 8000], np.int32)
    expected = gains(spectra, lengths, target, RATE)
    more = tf.concat([spectra, silent], axis=0)
    found = gains(more, np.array([8000, 8000, 80_000], np.int32), target, RATE)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_silence_has_no_say_in_the_spectrum_of_training():
    rows = [*noises(2), *through(noises(2, seed=2), [0.1])]
    names, silence = ["a", "a", "b", "b"], np.zeros(8000, np.int16)
    expected = average_spectrum(rows, names, RATE)
    found = average_spectrum([*rows, silence, silence], [*names, "a", "c"], RATE)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    with pytest.raises(UserError, match="All recordings are silent"):
        average_spectrum([silence], ["a"], RATE)


@pytest.mark.parametrize(
    "call", [average_spectrum, partial(equalize_speakers, target=np.zeros(129))]
)
def test_every_recording_has_a_speaker(call):
    with pytest.raises(ValueError, match="one for each of 3 recordings"):
        call(noises(3), ["a", "b"], sample_rate=RATE)


def test_floats_and_spectra_of_another_rate_are_refused():
    with pytest.raises(ValueError, match=r"must hold int16 samples\. Received: float64"):
        average_spectrum([np.zeros(900)], ["a"], RATE)
    with pytest.raises(ValueError, match=r"must be \(257,\) at 16000 samples a second"):
        equalize_speakers(noises(1), ["a"], np.zeros(129), 16000)


def examples(rows, speaker):
    audio = [Waveform(row, RATE, speaker) for row in rows]
    return Examples({"audio": audio}, ["one"] * len(rows))


def test_a_request_is_answered_as_one_speaker_is_encoded(tmp_path):
    preprocessor = SpeechPreprocessor(equalize=True)
    preprocessor.adapt(examples(noises(6), "a"))
    preprocessor.save_to(tmp_path)
    loaded = Preprocessor.load_from(tmp_path)
    asked = examples(through(noises(5, seed=4), [0.05, 0.05]), "b")
    encoded = preprocessor.encode(asked)
    batch = encoded.batch(np.arange(5))
    for one in (preprocessor, loaded):
        served = one(one.to_tensors(asked))
        np.testing.assert_array_equal(served["length"], batch["length"])
        # Encoded samples have 16 bits.
        np.testing.assert_allclose(served["samples"], batch["samples"], atol=1 / 32768)
    raw = preprocessor.to_tensors(asked)["samples"]
    told = preprocessor({"equalized": raw, "length": batch["length"]})
    np.testing.assert_array_equal(told["samples"], raw)
    assert np.abs(batch["samples"]).max() > 3 * np.abs(raw).max()


def test_the_graph_does_as_the_functions_do():
    samples, lengths = padded(noises(3))
    target = average_spectrum(noises(3, seed=5), ["a"] * 3, RATE)
    spec = [tf.TensorSpec([None, None]), tf.TensorSpec([None], tf.int32)]
    traced = tf.function(lambda x, n: equalize(x, n, target, RATE), input_signature=spec)
    np.testing.assert_allclose(
        traced(samples, lengths), equalize(samples, lengths, target, RATE), atol=1e-5
    )
    assert traced(np.zeros((0, 0), np.float32), np.zeros(0, np.int32)).shape == (0, 0)
