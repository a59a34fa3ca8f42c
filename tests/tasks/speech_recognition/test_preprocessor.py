import numpy as np
import pytest

from seqsuite.config import BucketTrainingConfig
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.layers import LogMelSpectrogram
from seqsuite.preprocessor import Preprocessor
from seqsuite.tasks.speech_recognition.data.waveforms import Waveform
from seqsuite.tasks.speech_recognition.preprocessor import SpeechPreprocessor


def utterances(transcripts, seconds=0.5, sample_rate=8000):
    size = round(seconds * sample_rate)
    noise = np.random.default_rng(0).normal(0, 3000, (len(transcripts), size))
    waveforms = [Waveform(row.astype(np.int16), sample_rate) for row in noise]
    return Examples({"audio": waveforms}, transcripts)


def adapted(transcripts=("one two", "Three"), **settings):
    preprocessor = SpeechPreprocessor(**settings)
    preprocessor.adapt(utterances(list(transcripts)))
    return preprocessor


def test_symbols_are_the_characters_of_training_after_the_blank():
    assert adapted().symbols == ["", " ", *"ehnortw"]
    assert adapted(["a"]).symbols == ["", " ", "a"]


def test_ids_turn_back_into_transcripts_and_unknown_characters_are_left_out():
    preprocessor = adapted()
    rows = preprocessor.encode_labels(["TWO", "xone", ""])
    padded = rows.pad(np.arange(3))
    assert padded[2].tolist() == [-1, -1, -1]
    texts = [text.decode() for text in preprocessor.decode(padded).numpy()]
    assert texts == ["two", "one", ""]


def test_one_case_and_composed_characters():
    decomposed = "E\u0301te\u0301"
    assert SpeechPreprocessor(case="upper").normalized([decomposed]) == ["ÉTÉ"]
    assert SpeechPreprocessor(case="keep").normalized(["  A\tb "]) == ["A b"]


def test_a_transcript_outside_a_given_alphabet_is_named():
    with pytest.raises(UserError, match=r"Transcript 2 \('b9'\).*'9'"):
        adapted(["ab", "b9"], alphabet="ab ")


def test_transcripts_that_say_nothing_cannot_be_learned():
    with pytest.raises(UserError, match="No transcript says anything"):
        adapted(["", "  "])


@pytest.mark.parametrize("samples", [0, 199, 200, 279, 280, 8000])
def test_frames_are_those_of_the_spectrogram(samples):
    layer = LogMelSpectrogram(8000, 20)
    assert adapted().frames(np.array([samples]))[0] == int(layer.output_lengths([samples])[0])


def test_utterances_too_short_for_their_transcripts_are_left_out_with_a_note(capsys):
    # 0.05 s are 3 frames: "aa" needs a blank between its letters, "aaa" two.
    preprocessor = adapted(["aaa"])
    encoded = preprocessor.encode(utterances(["aa", "aaa", "a"], seconds=0.05), training=True)
    assert encoded.learned.tolist() == [True, False, True]
    assert sorted(np.concatenate(encoded.plan(BucketTrainingConfig())).tolist()) == [0, 2]
    assert "1 of 3 training utterances are too short" in capsys.readouterr().err
    chosen = encoded.select(np.array([1, 2]))
    assert chosen.learned.tolist() == [False, True]


def test_nothing_left_to_learn_is_an_error():
    encoded = adapted(["aaa"]).encode(utterances(["aaa"], seconds=0.02), training=True)
    with pytest.raises(UserError, match="No utterance is left"):
        encoded.plan(BucketTrainingConfig())


def test_batches_hold_samples_between_minus_one_and_one():
    examples = utterances(["one", "two"])
    batch = adapted().encode(examples).batch(np.array([1]))
    expected = examples.features["audio"][1].samples / 32768
    np.testing.assert_allclose(batch["samples"][0], expected, rtol=1e-6)
    assert batch["samples"].dtype == np.float32


def test_another_sample_rate_is_refused():
    with pytest.raises(UserError, match="16000 samples a second, not 8000"):
        adapted().encode(utterances(["one"], sample_rate=16000))


def test_features_are_taken_as_they_are():
    frames = [np.ones((length, 3), np.float32) for length in (5, 2)]
    preprocessor = SpeechPreprocessor(feature_size=3, stride=2)
    examples = Examples({"features": frames}, ["a", "b"])
    preprocessor.adapt(examples)
    batch = preprocessor.encode(examples).batch(np.arange(2))
    assert batch["features"].shape == (2, 5, 3)
    assert batch["features"][1, 2:].sum() == 0
    with pytest.raises(UserError, match=r"must be \(frames, 3\)"):
        preprocessor.encode(Examples({"features": [np.ones((5, 4))]}, ["a"]))


def test_a_saved_preprocessor_comes_back(tmp_path):
    preprocessor = adapted(keep_transcripts=True, stride=2)
    preprocessor.save_to(tmp_path)
    loaded = Preprocessor.load_from(tmp_path)
    assert loaded.symbols == preprocessor.symbols
    assert loaded.transcripts == ["one two", "three"]
    assert loaded.step_seconds == 0.02
