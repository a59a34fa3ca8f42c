"""Recognisers of phones and of whole words, from transcripts to what an exported one answers.

The network hands its input on, so the frames of a file say what is heard.
"""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.config import build_config
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.layers import BlankPadding
from seqsuite.ngram_language_model import read_arpa, train_kneser_ney, write_arpa
from seqsuite.preprocessor import Preprocessor
from seqsuite.serving import export
from seqsuite.task import EXTRA_FOLDER
from seqsuite.tasks.speech_recognition.config import SpeechDecodingConfig
from seqsuite.tasks.speech_recognition.decoding import SpelledModel, build_decoder
from seqsuite.tasks.speech_recognition.exported import RECOGNISER_FILE, Exported
from seqsuite.tasks.speech_recognition.predictor import SpeechPredictor
from seqsuite.tasks.speech_recognition.task import SpeechRecognition

PRONUNCIATIONS = """;;; made up
TO  T UW
TO(2)  T AH
TWO  T UW
ONE  W AH N
ONE(2)  W UW N
"""
TRANSCRIPTS = ["Two one", "two", "to"]
# Behind the blank and the space.
UNITS = {"phones": ["AH", "N", "T", "UW", "W"], "words": ["one", "to", "two"]}


@pytest.fixture(scope="module", params=["phones", "words"])
def recogniser(request, tmp_path_factory):
    """A task, its preprocessor, a network that hands its input on, and where it was exported."""
    folder = tmp_path_factory.mktemp(request.param)
    data = {"units": request.param, "input": "features"}
    if request.param == "phones":
        (folder / "a.dict").write_text(PRONUNCIATIONS)
        data["pronunciations"] = folder / "a.dict"
    decoding = {"lexicon": "true", "language_model": "word", "weight": 0.0, "bonus": 0.0}
    model = {"kernel_sizes": "1", "strides": "1"}
    settings = {"data": data, "decoding": decoding, "model": model}
    task = SpeechRecognition(build_config(SpeechRecognition.spec.config_class, settings))
    size = 2 + len(UNITS[request.param])
    examples = Examples({"features": [np.zeros((9, size), np.float32)] * 3}, TRANSCRIPTS)
    preprocessor = task.build_preprocessor(examples)
    # Nothing reads the lexicon again.
    (folder / "a.dict").unlink(missing_ok=True)
    frames = keras.Input((None, size), name="features")
    length = keras.Input((), dtype="int32", name="length")
    logits = BlankPadding()(frames, lengths=length)
    network = keras.Model({"features": frames, "length": length}, {"logits": logits})
    return task, preprocessor, network, export.export(task, preprocessor, network, folder)


def frames_of(units, path):
    """Frames that say symbols: '-' the blank, '_' the space, and 'a/b' b almost as surely as a."""
    places = {name: place for place, name in enumerate(["-", "_", *UNITS[units]])}
    rows = np.zeros((len(path.split()), len(places)), np.float32)
    for row, frame in zip(rows, path.split(), strict=True):
        for name, logit in zip(frame.split("/"), (9.0, 8.0), strict=False):
            row[places[name]] = logit
    return rows


# Path -> the best path's words, their first frames and the frames after their last, and what a
# lexicon makes of it: only symbols that are almost as sure as the others can be changed.
HEARD = {
    "phones": {
        "- W AH N _ T T UW -": (["one", "two"], [1, 5], [4, 8], "one two"),
        "W UW N": (["one"], [0], [3], "one"),
        "T AH _ T UW": (["to", "two"], [0, 3], [2, 5], "to two"),
        "_ T/W UW - N _": (["[T-UW-N]"], [1], [5], "one"),
        "T _ UW": (["[T]", "[UW]"], [0, 2], [1, 3], None),
        "- -": ([], [], [], ""),
    },
    "words": {
        "- one _ two two": (["one", "two"], [1, 3], [2, 5], "one two"),
        "two - two one _": (["two", "two", "one"], [0, 2, 3], [1, 3, 4], "two two one"),
        "two -/_ two": (["two", "two"], [0, 2], [1, 3], "two two"),
        "- -": ([], [], [], ""),
    },
}


def test_symbols_have_real_names_and_labels_turn_back_into_words(recogniser):
    task, preprocessor, *_ = recogniser
    units = task.config.data.units
    assert preprocessor.symbols == ["", " ", *UNITS[units]]
    rows = preprocessor.encode_labels(["ONE  to", "three two", ""]).pad(np.arange(3))
    texts = [text.decode() for text in preprocessor.decode(rows).numpy()]
    # In phones, "to" sounds like "two", which was said more often; "three" nobody said.
    assert texts == ["one two" if units == "phones" else "one to", "two", ""]
    expected = {"phones": [6, 2, 3, 1, 4, 5], "words": [2, 1, 3]}[units]
    assert rows[0].tolist() == expected + [-1] * (rows.shape[1] - len(expected))


def test_a_saved_preprocessor_spells_without_its_lexicon(recogniser, tmp_path):
    _, preprocessor, *_ = recogniser
    preprocessor.save_to(tmp_path)
    loaded = Preprocessor.load_from(tmp_path)
    assert loaded.symbols == preprocessor.symbols
    rows = preprocessor.encode_labels(["one two"]).pad(np.arange(1))
    np.testing.assert_array_equal(loaded.encode_labels(["one two"]).pad(np.arange(1)), rows)
    assert loaded.decode(rows).numpy().tolist() == [b"one two"]


def test_what_an_exported_model_serves_is_words_with_their_times(recogniser):
    task, _, _, folder = recogniser
    units = task.config.data.units
    serve = tf.saved_model.load(str(folder)).signatures["serving_default"]
    cases = [(frames_of(units, path), *heard) for path, heard in HEARD[units].items()]
    longest = max(len(frames) for frames, *_ in cases)
    padded = [np.pad(frames, [(0, longest - len(frames)), (0, 0)]) for frames, *_ in cases]
    lengths = [len(frames) for frames, *_ in cases]
    answer = serve(features=tf.constant(padded), length=tf.constant(lengths))
    answer = {name: value.numpy() for name, value in answer.items()}
    for row, (_, words, starts, ends, _) in enumerate(cases):
        assert answer["transcript"][row].decode() == " ".join(words)
        count = len(words)
        assert [word.decode() for word in answer["words"][row]][:count] == words
        assert not any(answer["words"][row, count:])
        # A frame is 0.01 s.
        np.testing.assert_allclose(answer["starts"][row, :count], np.array(starts) / 100, atol=1e-6)
        np.testing.assert_allclose(answer["ends"][row, :count], np.array(ends) / 100, atol=1e-6)


def test_what_lies_beside_an_exported_model_searches_for_words(recogniser):
    task, _, _, folder = recogniser
    units = task.config.data.units
    record = json.loads((folder / EXTRA_FOLDER / RECOGNISER_FILE).read_text(encoding="utf-8"))
    assert record["symbols"] == ["", " ", *UNITS[units]]
    assert record["lexicon"] == ["one", "to", "two"]
    exported = Exported.read(folder / EXTRA_FOLDER)
    assert "one" in exported.model
    decoder = exported.decoder(task.config.decoding)
    for path, (*_, searched) in HEARD[units].items():
        best = decoder(frames_of(units, path)[None])[0][0]
        if searched is not None:
            assert best.text == searched
        assert [word.text for word in best.words] == best.text.split()
        assert {symbol.text for symbol in best.symbols} <= {" ", *UNITS[units]}


@pytest.mark.parametrize(("bonus", "favoured"), [(1.5, True), (0.5, False)])
def test_hot_words_are_real_words_in_all_their_pronunciations(recogniser, bonus, favoured):
    _, preprocessor, *_ = recogniser
    settings = SpeechDecodingConfig(hot_words=("one",), hot_word_bonus=bonus)
    # The doubt is one nat: 9 against 8.
    paths = {
        "phones": [("W AH T/N", "[W-AH-T]"), ("W UW T/N", "[W-UW-T]")],
        "words": [("to/one", "to")],
    }[preprocessor.units]
    decoder = build_decoder(settings, preprocessor.symbols, spelling=preprocessor.spelling)
    for path, otherwise in paths:
        best = decoder(frames_of(preprocessor.units, path)[None])[0][0]
        assert best.text == ("one" if favoured else otherwise)


def test_a_hot_word_without_a_pronunciation_is_named(recogniser):
    _, preprocessor, *_ = recogniser
    settings = SpeechDecodingConfig(hot_words=("one", "seven"))
    with pytest.raises(UserError, match="the hot word 'seven' has no pronunciation"):
        build_decoder(settings, preprocessor.symbols, spelling=preprocessor.spelling)


def test_a_language_model_file_holds_real_words_and_decides(recogniser, tmp_path):
    _, preprocessor, *_ = recogniser
    path = tmp_path / "model.arpa"
    write_arpa(train_kneser_ney([["two", "one"]] * 5 + [["two", "two"]], order=2), path)
    settings = SpeechDecodingConfig(language_model=str(path), weight=3.0)
    decoder = build_decoder(settings, preprocessor.symbols, spelling=preprocessor.spelling)
    model = read_arpa(path)
    first, state = model.score(model.initial_state, "two")
    # In phones, "two" sounds three nats likelier than "one".
    assert 3 * (model.score(state, "one")[0] - model.score(state, "two")[0]) > 3
    units = preprocessor.units
    said = {"phones": "T UW _ -/W T/UW UW/N", "words": "two _ two/one"}[units]
    assert decoder(frames_of(units, said)[None])[0][0].text == "two one"
    spelled = SpelledModel(model, preprocessor.spelling)
    assert spelled.score(spelled.initial_state, preprocessor.spelling.spell("two")) == (
        first,
        state,
    )
    assert "seven" not in spelled
    if units == "words":
        both = preprocessor.spelling.spell("two one").replace(" ", "")
        expected = first + model.score(state, "one")[0]
        assert spelled.score(spelled.initial_state, both)[0] == pytest.approx(expected)
        assert both in spelled


def test_predictions_are_words(recogniser):
    task, preprocessor, network, _ = recogniser
    units = task.config.data.units
    path = next(iter(HEARD[units]))
    examples = Examples({"features": [frames_of(units, path)]}, ["one to"])
    encoded = preprocessor.encode(examples)
    predictor = SpeechPredictor(preprocessor, network, task._decoder(preprocessor))
    found = predictor(encoded)
    assert encoded.targets["references"].tolist() == ["one to"]
    assert found["best_paths"].tolist() == ["one two"]
    assert found["transcripts"].tolist() == ["one two"]
