"""What lies beside an exported recogniser says all that `predict` must know."""

import numpy as np
import pytest

from seqsuite.config import build_config
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.tasks.speech_recognition.config import SpeechConfig
from seqsuite.tasks.speech_recognition.data.audio import read_waveform
from seqsuite.tasks.speech_recognition.decoding import language_model
from seqsuite.tasks.speech_recognition.exported import (
    LANGUAGE_MODEL_FILE,
    RECOGNISER_FILE,
    Exported,
    export_files,
)
from seqsuite.tasks.speech_recognition.preprocessor import SpeechPreprocessor
from seqsuite.tasks.speech_recognition.serving import silent_wav

TRANSCRIPTS = ["one two", "two", "one two two", "é one"]


def configured(**decoding):
    model = {"bidirectional": "false", "look_ahead": 2, "kernel_sizes": "5,3"}
    return build_config(SpeechConfig, {"model": model, "decoding": decoding})


def written(folder, config, feature_size=0):
    """Write the files of a configuration as an export does, and read them back."""
    preprocessor = SpeechPreprocessor(
        feature_size, hop_samples=160, stride=2, keep_transcripts=config.decoding.searches
    )
    preprocessor.adapt(Examples({}, TRANSCRIPTS))
    for name, content in export_files(config, preprocessor).items():
        (folder / name).write_text(content, encoding="utf-8")
    return Exported.read(folder), preprocessor


def test_what_is_read_is_what_was_written(tmp_path):
    found, preprocessor = written(tmp_path, configured())
    assert found.symbols == preprocessor.symbols
    assert (found.sample_rate, found.hop_samples, found.step_seconds) == (8000, 160, 0.04)
    # Receptive field 5 + (3 - 1) * 2 = 9 frames: its own and two after it leave six before it.
    assert found.waiting_frames == 6
    assert found.lexicon == []
    assert found.model is None
    assert found.decoder(configured().decoding) is None
    assert "é" in (tmp_path / RECOGNISER_FILE).read_text(encoding="utf-8")
    assert not (tmp_path / LANGUAGE_MODEL_FILE).exists()


@pytest.mark.parametrize("unit", ["word", "character"])
def test_the_language_model_says_the_same_after_the_way_through_its_file(unit, tmp_path):
    config = configured(language_model=unit, order=2)
    found, _ = written(tmp_path, config)
    trained = language_model(config.decoding, TRANSCRIPTS)
    tokens = ["two", "one", "zero"] if unit == "word" else [*"one|two", "x"]
    ours, theirs = trained.initial_state, found.model.initial_state
    for token in [*tokens, "</s>"]:
        expected, ours = trained.score(ours, token)
        score, theirs = found.model.score(theirs, token)
        # An ARPA file holds logarithms with some digits.
        assert score == pytest.approx(expected, abs=1e-4)
    scorer = found.decoder(config.decoding).scorers[0]
    assert type(scorer).__name__ == {"word": "WordScorer", "character": "SymbolScorer"}[unit]


def test_a_file_of_ones_own_travels_with_the_model(tmp_path):
    (tmp_path / "inner").mkdir()
    path = tmp_path / "own.arpa"
    written(tmp_path, configured(language_model="word"))
    (tmp_path / LANGUAGE_MODEL_FILE).rename(path)
    config = configured(language_model=path)
    found, _ = written(tmp_path / "inner", config)
    path.unlink()
    assert "two" in found.model
    assert len(found.decoder(config.decoding).scorers) == 1


def test_the_words_of_a_lexicon_are_sorted_and_alone_allowed(tmp_path):
    config = configured(lexicon="true")
    found, _ = written(tmp_path, config)
    assert found.lexicon == ["one", "two", "é"]
    path = [symbol for said in "onn" for symbol in (found.symbols.index(said), 0)]
    logits = 9.0 * np.eye(len(found.symbols))[path]
    # One letter of "onn" is to be changed for "one", and all for any other word.
    assert found.decoder(config.decoding)(logits[None])[0][0].text == "one"


def test_the_best_path_needs_no_search_and_features_are_read_in_their_own_width(tmp_path):
    config = configured(lexicon="true")
    found, _ = written(tmp_path, config, feature_size=3)
    assert found.transcriber(None, config.decoding).decoder is not None
    transcriber = found.transcriber(None, config.decoding, best_path=True)
    assert transcriber.decoder is None
    # Frames a second: a hop is 160 samples of 8,000.
    assert (transcriber.input_name, transcriber.rate) == ("features", 50.0)
    path = tmp_path / "two.mfc"
    path.write_bytes(np.array([6], ">i4").tobytes() + np.arange(6, dtype=">f4").tobytes())
    (frames,) = transcriber.read(path)
    np.testing.assert_array_equal(frames, [[0, 1, 2], [3, 4, 5]])
    with pytest.raises(UserError, match=r"absent\.mfc cannot be read: No such file"):
        list(transcriber.read(tmp_path / "absent.mfc"))


def test_recordings_are_read_at_the_rate_of_the_model(tmp_path):
    found, _ = written(tmp_path, configured())
    transcriber = found.transcriber(None, configured().decoding)
    assert (transcriber.input_name, transcriber.rate) == ("samples", 8000.0)
    (tmp_path / "silence.wav").write_bytes(silent_wav(16_000, 0.25))
    (samples,) = transcriber.read(tmp_path / "silence.wav")
    np.testing.assert_array_equal(samples, np.zeros(2000))


def test_a_silent_file_is_a_wav_file():
    found = read_waveform(silent_wav(4000, 0.1), 4000)
    np.testing.assert_array_equal(found.samples, np.zeros(400))
