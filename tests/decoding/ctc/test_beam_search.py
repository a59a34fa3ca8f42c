"""Prefix beam search beside all labellings, each with what its scorers say of its text."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import log_softmax

from seqsuite.decoding import (
    HotWordScorer,
    LexiconScorer,
    SymbolScorer,
    WordScorer,
    ctc_beam_search,
)
from seqsuite.ngram_language_model import train_kneser_ney
from tests.reference.ctc import labelling_probabilities

ALPHABET = ["", " ", "a", "b"]
LOG_P = log_softmax(np.random.default_rng(0).normal(size=(5, 4)) * 1.5, axis=1)
PROBABILITIES = labelling_probabilities(LOG_P)
EVERYTHING = 10 * len(PROBABILITIES)
WORDS = train_kneser_ney([["a", "b"], ["ab", "a"], ["a", "ba"]], order=2)
CHARACTERS = train_kneser_ney(["ab a", "a ba"], order=3)
HOT = {"ab": 2.0, "abb": -1.5, "a": 0.5}


def text_of(labelling):
    return "".join(ALPHABET[symbol] for symbol in labelling)


def word_score(text):
    words = text.split()
    unknown = sum(word not in WORDS for word in words)
    return 0.7 * WORDS.sentence_log_probability(words) + 0.3 * len(words) - 4.0 * unknown


def lexicon_score(text):
    # One delimiter between words, and perhaps one at the end.
    words = text.removesuffix(" ").split(" ") if text else []
    return 0.0 if all(word in ("a", "ab", "bb") for word in words) else -math.inf


SCORERS = {
    "none": ([], lambda text: 0.0),
    "words": ([WordScorer(WORDS, ALPHABET, 0.7, 0.3, unknown=-4.0)], word_score),
    "symbols": (
        [SymbolScorer(CHARACTERS, ALPHABET, 0.7, 0.3)],
        lambda text: 0.7 * CHARACTERS.sentence_log_probability(text) + 0.3 * len(text),
    ),
    "lexicon": ([LexiconScorer(["a", "ab", "bb"], ALPHABET)], lexicon_score),
    "hot words": (
        [HotWordScorer(HOT, ALPHABET)],
        lambda text: sum(HOT.get(word, 0.0) for word in text.split()),
    ),
    "words and lexicon": (
        [WordScorer(WORDS, ALPHABET, 0.7, 0.3, -4.0), LexiconScorer(["a", "ab", "bb"], ALPHABET)],
        lambda text: word_score(text) + lexicon_score(text),
    ),
}


@pytest.mark.parametrize("kind", SCORERS)
def test_a_wide_beam_finds_all_labellings_with_their_scores(kind):
    scorers, score = SCORERS[kind]
    expected = {
        labelling: math.log(probability) + score(text_of(labelling))
        for labelling, probability in PROBABILITIES.items()
        if score(text_of(labelling)) > -math.inf
    }
    found = ctc_beam_search(LOG_P, EVERYTHING, EVERYTHING, scorers)
    assert len(found) == len(expected) > 10
    assert {hypothesis.ids: hypothesis.score for hypothesis in found} == pytest.approx(expected)
    scores = [hypothesis.score for hypothesis in found]
    assert scores == sorted(scores, reverse=True)
    for hypothesis in found:
        log_probability = math.log(PROBABILITIES[hypothesis.ids])
        assert hypothesis.log_probability == pytest.approx(log_probability)
    assert ctc_beam_search(LOG_P, EVERYTHING, 3, scorers) == found[:3]


@pytest.mark.parametrize("blank", [1, 3])
def test_the_blank_may_be_anywhere(blank):
    found = ctc_beam_search(LOG_P, EVERYTHING, EVERYTHING, blank=blank)
    expected = {
        labelling: math.log(probability)
        for labelling, probability in labelling_probabilities(LOG_P, blank).items()
    }
    log_probabilities = {hypothesis.ids: hypothesis.log_probability for hypothesis in found}
    assert log_probabilities == pytest.approx(expected)


@pytest.mark.parametrize("width", [1, 2, 5])
def test_a_narrow_beam_finds_no_more_than_there_is(width):
    generator = np.random.default_rng(width)
    for _ in range(5):
        log_p = log_softmax(generator.normal(size=(6, 3)), axis=1)
        exact = labelling_probabilities(log_p)
        found = ctc_beam_search(log_p, width, width)
        assert 1 <= len(found) <= width
        assert len({hypothesis.ids for hypothesis in found}) == len(found)
        for hypothesis in found:
            assert hypothesis.log_probability <= math.log(exact[hypothesis.ids]) + 1e-9


def test_a_threshold_spares_unlikely_symbols():
    log_p = np.log([[0.05, 0.9, 0.05], [0.05, 0.05, 0.9], [0.85, 0.1, 0.05]])
    found = ctc_beam_search(log_p, 50, 50, symbol_threshold=0.08)
    # New are "1", then "2", then "1" after whatever there is.
    expected = {(), (1,), (2,), (1, 1), (1, 2), (2, 1), (1, 2, 1)}
    assert {hypothesis.ids for hypothesis in found} == expected
    # No alignment of what is there already is left out, likely or not.
    exact = labelling_probabilities(log_p)[1, 2]
    assert found[0].ids == (1, 2)
    assert found[0].log_probability == pytest.approx(math.log(exact))


def test_where_all_is_forbidden_the_empty_labelling_is_left():
    log_p = np.log([[0.25, 0.25, 0.25, 0.25], [0.125, 0.125, 0.125, 0.625]])
    (found,) = ctc_beam_search(log_p, 1, 1, [LexiconScorer(["bbb"], ALPHABET)])
    assert (found.ids, found.score) == ((), -math.inf)
    assert found.log_probability == pytest.approx(math.log(0.25 * 0.125))


def test_no_frames_are_the_empty_labelling():
    (found,) = ctc_beam_search(np.zeros((0, 4)), scorers=[WordScorer(WORDS, ALPHABET, 1.0, 0.0)])
    assert found.ids == ()
    assert found.log_probability == 0.0
    assert found.score == pytest.approx(WORDS.sentence_log_probability([]))


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="4 NaN"):
        ctc_beam_search(np.full((1, 4), np.nan))
    with pytest.raises(ValueError, match=r"shape \(2, 3, 4\)"):
        ctc_beam_search(np.zeros((2, 3, 4)))
    with pytest.raises(ValueError, match="beam_width=0"):
        ctc_beam_search(LOG_P, beam_width=0)
    with pytest.raises(ValueError, match="word='ac'"):
        LexiconScorer(["ac"], ALPHABET)
