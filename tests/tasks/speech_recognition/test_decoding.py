"""What a configuration says decides a search: language model, lexicon, hot words."""

import math

import numpy as np
import pytest

from seqsuite.errors import UserError
from seqsuite.ngram_language_model import train_kneser_ney, write_arpa
from seqsuite.tasks.speech_recognition.config import SpeechDecodingConfig
from seqsuite.tasks.speech_recognition.decoding import build_decoder, language_model

SYMBOLS = ["", " ", "n", "o", "t", "u"]
TRANSCRIPTS = ["nut", "nut nut", "nut", "to nut"]


def logits_of(text, alternatives=()):
    """Frames that say a text surely, but for places where another symbol is almost as likely."""
    path = [symbol for character in text for symbol in (SYMBOLS.index(character), 0)]
    logits = 9.0 * np.eye(len(SYMBOLS))[path]
    for place, character in alternatives:
        logits[2 * place, SYMBOLS.index(character)] = 8.0
    return logits[None]


DOUBTFUL = logits_of("not", [(1, "u")])


def best(settings, logits=DOUBTFUL, **keywords):
    decoder = build_decoder(SpeechDecodingConfig(**settings), SYMBOLS, TRANSCRIPTS, **keywords)
    return decoder(logits)[0][0].text


def test_without_help_the_likelier_symbol_wins():
    assert best({}) == "not"
    assert language_model(SpeechDecodingConfig(), TRANSCRIPTS) is None


@pytest.mark.parametrize("name", ["word", "character"])
def test_a_language_model_of_the_training_transcripts_decides(name):
    assert best({"language_model": name, "weight": 1.0, "order": 2}) == "nut"
    # Without weight only the bonus is left, which is the same for both.
    assert (
        best({"language_model": name, "weight": 0.0, "bonus": 0.0})
        in {
            "word": ("nut",),  # an unknown word costs something whatever the weight
            "character": ("not",),
        }[name]
    )


def test_the_tokens_of_a_model_are_words_or_characters():
    words = language_model(SpeechDecodingConfig(language_model="word"), TRANSCRIPTS)
    characters = language_model(SpeechDecodingConfig(language_model="character"), TRANSCRIPTS)
    assert "nut" in words
    assert "n" not in words
    assert "n" in characters
    # The space has a name that a file can hold.
    assert "|" in characters
    assert " " not in characters


def test_an_arpa_file_is_a_model_of_words(tmp_path):
    path = tmp_path / "model.arpa.gz"
    write_arpa(train_kneser_ney([["nut"], ["to", "nut"]], order=2), path)
    assert best({"language_model": str(path), "weight": 1.0}) == "nut"
    read = language_model(SpeechDecodingConfig(language_model=str(path)), [])
    assert "to" in read


def test_a_model_that_is_read_already_is_not_trained_anew():
    other = train_kneser_ney([["not"]] * 3 + [["to", "not"]], order=2)
    settings = {"language_model": "word", "weight": 1.0}
    assert best(settings, logits_of("nut", [(1, "o")]), model=other) == "not"


def test_a_lexicon_allows_the_training_words_alone():
    assert best({"lexicon": True}) == "nut"
    assert best({"lexicon": True}, logits_of("not to")) == "nut to"


def test_hot_words_are_favoured_by_their_bonus():
    # The doubt is one nat: 9 against 8.
    assert best({"hot_words": ["nut", "to"], "hot_word_bonus": 1.5}) == "nut"
    assert best({"hot_words": ["nut"], "hot_word_bonus": 0.5}) == "not"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hot_words": ["Nut"]}, "cannot be set up: Words must be spelled"),
        ({"language_model": "absent.arpa"}, "Cannot read the language model absent.arpa"),
    ],
)
def test_what_cannot_be_searched_with_is_one_line(settings, message):
    with pytest.raises(UserError, match=message) as caught:
        build_decoder(SpeechDecodingConfig(**settings), SYMBOLS, TRANSCRIPTS)
    assert "\n" not in str(caught.value)


def test_words_need_a_space_between_them():
    with pytest.raises(UserError, match=r"cannot be set up: .*delimiter"):
        build_decoder(SpeechDecodingConfig(lexicon=True), ["", "n", "o"], ["no"])


def test_where_nothing_is_allowed_nothing_is_said():
    decoder = build_decoder(SpeechDecodingConfig(lexicon=True, beam_width=1), SYMBOLS, TRANSCRIPTS)
    found = decoder(logits_of("nu"))[0][0]
    assert (found.text, found.score) == ("", -math.inf)
