"""Files of a folder are filtered alike, whatever else is asked and in whatever order."""

from functools import partial
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import soundfile
import tensorflow as tf

from seqsuite.config import build_config
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.layers import BlankPadding, LogMelSpectrogram
from seqsuite.serving import export
from seqsuite.task import EXTRA_FOLDER
from seqsuite.tasks.speech_recognition.data.waveforms import Waveform
from seqsuite.tasks.speech_recognition.equalization import (
    average_spectrum,
    equalize,
    equalize_speakers,
)
from seqsuite.tasks.speech_recognition.equalized_reader import EqualizedReader
from seqsuite.tasks.speech_recognition.exported import Exported
from seqsuite.tasks.speech_recognition.task import SpeechRecognition
from seqsuite.tasks.speech_recognition.transcriber import parts
from tests.clients import client_of
from tests.clients import read as client_read
from tests.tasks.speech_recognition.test_equalization import RATE, noises, padded, through

TARGET = average_spectrum(noises(5), ["a"] * 5, RATE)


@pytest.fixture
def muffled(tmp_path):
    rows = through(noises(4, seed=7), [0.05, 0.05])
    paths = [str(tmp_path / f"{number}.wav") for number in range(len(rows))]
    for path, row in zip(paths, rows, strict=True):
        soundfile.write(path, row, RATE)
    return rows, paths


def reader():
    return EqualizedReader(partial(parts, sample_rate=RATE), TARGET, RATE)


def read(reader, path):
    return np.concatenate(list(reader(path)))


def test_files_together_are_filtered_as_one_speakers_recordings(muffled, tmp_path):
    rows, paths = muffled
    expected = equalize_speakers(rows, ["b"] * 4, TARGET, RATE)
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF")
    heard = reader()
    heard.together([*paths, str(broken)])
    # What is named again, or alone, stays where it is.
    heard.together(paths[2:])
    for path, row in reversed(list(zip(paths, expected, strict=True))):
        np.testing.assert_allclose(read(heard, path), row / 32768, atol=1 / 32768)
    with pytest.raises(UserError, match=r"broken\.wav"):
        read(heard, broken)


def test_a_file_that_nobody_named_is_alone(muffled):
    rows, paths = muffled
    (expected,) = equalize_speakers(rows[:1], ["b"], TARGET, RATE)
    np.testing.assert_allclose(read(reader(), paths[0]), expected / 32768, atol=1 / 32768)


def test_a_long_file_is_read_in_parts(tmp_path):
    row = np.concatenate(through(noises(9, seed=8), [0.1]))
    soundfile.write(tmp_path / "long.wav", row, RATE)
    heard = EqualizedReader(partial(parts, sample_rate=RATE, seconds=2.0), TARGET, RATE)
    found = list(heard(tmp_path / "long.wav"))
    assert len(found) > 2
    assert sum(map(len, found)) == len(row)
    assert np.abs(np.concatenate(found)).max() > 3 * np.abs(row / 32768).max()


def test_each_folder_within_a_folder_is_one_speakers(tmp_path, monkeypatch):
    speakers = {"b": through(noises(3, seed=9), [0.1]), "c/today": through(noises(3, seed=10), [2])}
    for folder, rows in speakers.items():
        (tmp_path / folder).mkdir(parents=True)
        for number, row in enumerate(rows):
            soundfile.write(tmp_path / folder / f"{number}.wav", row, RATE)
    config = build_config(SpeechRecognition.spec.config_class, {"data": {"equalize": True}})
    heard = reader()
    monkeypatch.setattr(Exported, "read", lambda folder: SimpleNamespace(read_audio=heard))
    client = client_of(SpeechRecognition(config))
    assert len(client_read(client, str(tmp_path))) == 6
    for folder, rows in speakers.items():
        expected = equalize_speakers(rows, [folder] * 3, TARGET, RATE)
        for number, row in enumerate(expected):
            found = read(heard, tmp_path / folder / f"{number}.wav")
            np.testing.assert_allclose(found, row / 32768, atol=1 / 32768)


def test_an_exported_model_filters_a_request_once(muffled, tmp_path):
    rows, paths = muffled
    settings = {"data": {"equalize": "true"}, "model": {"kernel_sizes": "1", "strides": "1"}}
    task = SpeechRecognition(build_config(SpeechRecognition.spec.config_class, settings))
    known = [Waveform(row, RATE, "a") for row in noises(3)]
    preprocessor = task.build_preprocessor(Examples({"audio": known}, ["one two"] * 3))
    samples = keras.Input((None,), name="samples")
    length = keras.Input((), dtype="int32", name="length")
    log_mel = LogMelSpectrogram(RATE, num_mel_bins=len(preprocessor.symbols))
    logits = BlankPadding()(log_mel(samples), lengths=log_mel.output_lengths(length))
    network = keras.Model({"samples": samples, "length": length}, {"logits": logits})
    folder = export.export(task, preprocessor, network, tmp_path / "export")
    assert Exported.read(folder / EXTRA_FOLDER).spectrum == preprocessor.spectrum

    signatures = tf.saved_model.load(str(folder)).signatures
    samples, lengths = map(tf.constant, padded(rows))
    filtered = equalize(samples, lengths, preprocessor.spectrum, RATE)
    raw = signatures["samples"](samples=samples, length=lengths)["log_probabilities"]
    given = signatures["equalized"](equalized=filtered, length=lengths)["log_probabilities"]
    as_it_is = signatures["equalized"](equalized=samples, length=lengths)["log_probabilities"]
    np.testing.assert_allclose(raw, given, atol=1e-4)
    assert np.abs(raw - as_it_is).max() > 0.1
    files = tf.constant([Path(path).read_bytes() for path in paths])
    scores = signatures["serving_default"](audio=files)["score"]
    expected = signatures["samples"](samples=samples, length=lengths)["score"]
    np.testing.assert_allclose(scores, expected, rtol=1e-4)
