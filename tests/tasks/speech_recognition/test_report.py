"""What is reported of a recogniser: scores, mistakes in order, pictures that can be read."""

import numpy as np
import pytest
from matplotlib.image import imread

from seqsuite.data.examples import Examples
from seqsuite.tasks.speech_recognition.data.waveforms import Waveform
from seqsuite.tasks.speech_recognition.preprocessor import SpeechPreprocessor
from seqsuite.tasks.speech_recognition.report import (
    _heard,
    alignment_plot,
    confusion_plot,
    mistakes,
    scores,
)

REFERENCES = np.array(["one two", "six", "ten"], object)
BEST_PATHS = np.array(["one to", "six", "ten ten"], object)
SEARCHED = np.array(["one two", "six", "ten ten"], object)


def predictions(transcripts=BEST_PATHS, **more):
    found = {"best_paths": BEST_PATHS, "transcripts": transcripts}
    return found | {"scores": np.array([-3.0, -1.0, -2.0])} | more


def test_best_paths_are_scored_too_where_a_search_found_the_transcripts():
    alone = scores(predictions(), REFERENCES)
    assert alone["wer"] == pytest.approx(2 / 4)
    assert not any(name.endswith("_best_path") for name in alone)
    searched = scores(predictions(SEARCHED), REFERENCES)
    assert searched["wer"] == pytest.approx(1 / 4)
    assert searched["wer_best_path"] == alone["wer"]
    assert searched["cer_best_path"] == alone["cer"]
    assert searched["word_accuracy_best_path"] == alone["word_accuracy"]


def test_mistakes_come_with_the_likeliest_first_and_their_names():
    waves = [Waveform(np.zeros(9, np.int16), 8000, "", name) for name in ("a", "", "c")]
    found = mistakes(predictions(), REFERENCES, Examples({"audio": waves}))
    assert found == [
        {"utterance": "c", "said": "ten", "heard": "ten ten", "score": -2.0},
        {"utterance": "a", "said": "one two", "heard": "one to", "score": -3.0},
    ]


def test_features_have_numbers_for_names_and_spaces_are_no_mistakes():
    heard = np.array([" one  two ", "", "ten"], object)
    features = Examples({"features": [np.zeros((1, 13), np.float32)] * 3})
    found = mistakes(predictions(heard), REFERENCES, features)
    assert found == [{"utterance": 1, "said": "six", "heard": "", "score": -1.0}]


@pytest.mark.parametrize("heard", [BEST_PATHS, REFERENCES])
def test_confusions_are_drawn_also_where_there_are_none(heard, tmp_path):
    path = confusion_plot(REFERENCES, heard, tmp_path / "confusions.png")
    assert imread(path).std() > 0


@pytest.mark.parametrize("path", ["-a$ab", "----", "$_$$-"])
def test_an_utterance_is_drawn_with_what_was_heard_whatever_its_characters(path, tmp_path):
    preprocessor = SpeechPreprocessor(alphabet=" $_ab", stride=2)
    ids = np.array([preprocessor.symbols.index(c) if c != "-" else 0 for c in path])
    heard = "".join(
        c for c, before in zip(path, "-" + path, strict=False) if c not in ("-", before)
    )
    outputs = {
        "shown": 0,
        "best_paths": np.array([heard], object),
        "log_probabilities": np.log(np.eye(6)[ids] * 0.9 + 0.1 / 6),
        "frames": np.random.default_rng(0).normal(size=(2 * len(path), 8)),
    }
    said = "$_^$ and $x"
    picture = imread(alignment_plot(outputs, said, preprocessor, tmp_path / "alignment.png"))
    assert picture.std() > 0


@pytest.mark.parametrize(
    ("units", "path", "symbols", "words"),
    [
        (
            "characters",
            [1, 3, 3, 1, 2, 3, 0],
            [("b", 1, 3), ("a", 4, 5), ("b", 5, 6)],
            [("ab", 4, 6)],
        ),
        ("words", [0, 3, 1, 2, 0], [("b", 1, 2), ("ab", 3, 4)], []),
    ],
)
def test_what_is_written_over_frames_are_names_of_units_and_words(units, path, symbols, words):
    preprocessor = SpeechPreprocessor(units=units)
    preprocessor.adapt(Examples({}, ["ab b"]))
    log_probabilities = np.log(np.eye(4)[path] * 0.9 + 0.1 / 4)
    assert _heard(log_probabilities, preprocessor) == (symbols, words)


def test_phones_and_the_words_that_they_are_stand_over_frames(tmp_path):
    (tmp_path / "a.dict").write_text("two T UW")
    preprocessor = SpeechPreprocessor(units="phones", pronunciations=str(tmp_path / "a.dict"))
    preprocessor.adapt(Examples({}, ["two"]))
    log_probabilities = np.log(np.eye(4)[[2, 3, 3, 1, 3]] * 0.9 + 0.1 / 4)
    symbols, words = _heard(log_probabilities, preprocessor)
    assert symbols == [("T", 0, 1), ("UW", 1, 3), ("UW", 4, 5)]
    assert words == [("two", 0, 3), ("[UW]", 4, 5)]
