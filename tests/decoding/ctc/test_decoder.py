"""Transcripts of batches: texts, times of words, and what language models change."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax, logsumexp, softmax

from seqsuite.decoding import CTCDecoder
from seqsuite.ngram_language_model import train_kneser_ney
from tests.reference.ctc import labelling_probabilities

ALPHABET = ["-", " ", "n", "o", "t", "u"]


def saying(path, doubts=()):
    """Logits of a path of characters; `doubts` are `(frame, character, logit)` beside its 6."""
    logits = 6.0 * np.eye(len(ALPHABET))[[ALPHABET.index(character) for character in path]]
    for frame, character, logit in doubts:
        logits[frame, ALPHABET.index(character)] = logit
    return logits


NOT_OUT = saying("nnoo--t- outt-", [(2, "u", 5.5), (3, "u", 5.5)])


def test_words_and_symbols_have_their_frames():
    (found,) = CTCDecoder(ALPHABET)(NOT_OUT[None])[0]
    assert found.text == "not out"
    spans = [(symbol.text, symbol.start, symbol.end) for symbol in found.symbols]
    assert spans[:4] == [("n", 0, 2), ("o", 2, 4), ("t", 6, 7), (" ", 8, 9)]
    assert spans[4:] == [("o", 9, 10), ("u", 10, 11), ("t", 11, 13)]
    words = [(word.text, word.start, word.end) for word in found.words]
    assert words == [("not", 0, 7), ("out", 9, 13)]
    probabilities = softmax(NOT_OUT, axis=1)
    letters = [probabilities[0, 2], probabilities[2, 3], probabilities[6, 4]]
    assert found.words[0].confidence == pytest.approx(np.mean(letters))
    assert found.words[0].confidence < found.words[1].confidence


def test_transcripts_are_texts_and_no_text_comes_twice():
    logits = np.random.default_rng(0).normal(size=(5, 6)) * 1.5
    found = CTCDecoder(ALPHABET, beam_width=5000)(logits[None], num_hypotheses=5000)[0]
    texts = [transcript.text for transcript in found]
    assert len(set(texts)) == len(texts) > 100
    best = {}
    for ids, probability in labelling_probabilities(log_softmax(logits, axis=1)).items():
        text = " ".join("".join(ALPHABET[symbol] for symbol in ids).split())
        best[text] = max(best.get(text, 0.0), probability)
    scores = {transcript.text: np.exp(transcript.score) for transcript in found}
    assert scores == pytest.approx(best)


def test_padding_and_neighbours_do_not_count():
    generator = np.random.default_rng(1)
    lengths = [9, 4, 0, 6]
    logits = generator.normal(size=(4, 9, 6)) * 2
    decoder = CTCDecoder(ALPHABET, beam_width=8, hot_words={"not": 2.0})
    together = decoder(logits, lengths, num_hypotheses=3)
    assert len(together) == 4
    assert together[2][0].text == ""
    longer = np.pad(logits, [(0, 0), (0, 4), (0, 0)], constant_values=np.nan)
    assert decoder(longer, lengths, num_hypotheses=3) == together
    for row, end in enumerate(lengths):
        assert decoder(logits[row : row + 1, :end], num_hypotheses=3)[0] == together[row]


def test_each_help_changes_a_close_call():
    plain = CTCDecoder(ALPHABET)
    assert plain(NOT_OUT[None])[0][0].text == "not out"
    nuts = [["nut", "out"]] * 3 + [["not"]]
    words = train_kneser_ney(nuts, order=2)
    characters = train_kneser_ney(["|".join(line) for line in nuts], order=2)
    for help_ in (
        {"language_model": words, "language_model_weight": 2.0},
        {"language_model": characters, "unit": "symbol", "language_model_weight": 2.0},
        {"lexicon": ["nut", "out", "to"]},
        {"hot_words": {"nut": 3.0}},
    ):
        (found,) = CTCDecoder(ALPHABET, **help_)(NOT_OUT[None])[0]
        assert found.text == "nut out", help_


def test_a_language_model_weighs_as_told():
    model = train_kneser_ney([["nut"]], order=1)
    (found,) = CTCDecoder(
        ALPHABET, language_model=model, language_model_weight=2.0, length_bonus=0.25
    )(NOT_OUT[None, :8])[0]
    assert found.text == "nut"
    expected = 2.0 * model.sentence_log_probability(["nut"]) + 0.25
    assert found.score - found.log_probability == pytest.approx(expected)


def test_probabilities_need_no_normalisation():
    shifted = NOT_OUT + np.arange(len(NOT_OUT))[:, None]
    assert logsumexp(shifted) > logsumexp(NOT_OUT)
    (a,), (b,) = CTCDecoder(ALPHABET)(np.stack([NOT_OUT, shifted]))
    assert a.text == b.text
    assert a.score == pytest.approx(b.score)


def test_without_a_delimiter_there_is_one_word():
    decoder = CTCDecoder(["n", "o", "-"], blank=2)
    (found,) = decoder(9.0 * np.eye(3)[None, [0, 2, 1, 1]])[0]
    assert found.text == "no"
    assert [(word.text, word.start, word.end) for word in found.words] == [("no", 0, 4)]
    with pytest.raises(ValueError, match="delimiter=' '"):
        CTCDecoder(["", "n"], lexicon=["n"])


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="unit='phone'"):
        CTCDecoder(ALPHABET, unit="phone")
    with pytest.raises(ValueError, match=r"\(batch, frames, 6\)"):
        CTCDecoder(ALPHABET)(NOT_OUT)


@pytest.mark.parametrize("length", [63, 64, 80, 200])
def test_transcripts_of_any_length_are_aligned(length):
    path = [i % 9 + 1 for i in range(length)]
    decoder = CTCDecoder(["", *"abcdefgh "], beam_width=4)
    ((transcript, *_),) = decoder(9 * np.eye(10, dtype="float32")[path][None])
    assert transcript.text == "".join("_abcdefgh "[i] for i in path).strip()


@pytest.mark.parametrize("argument", ["hot_words", "lexicon"])
@pytest.mark.parametrize("word", ["a b", "", " a"])
def test_a_phrase_is_no_word_of_a_list(word, argument):
    with pytest.raises(ValueError, match="single words"):
        CTCDecoder(["", *"ab "], **{argument: {word: 1.0}})
