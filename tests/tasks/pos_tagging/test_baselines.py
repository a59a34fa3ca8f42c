"""The classical taggers: what they learn, and that nothing is too small or odd to answer."""

from __future__ import annotations

import numpy as np
import pytest

from seqsuite.tasks.pos_tagging.baselines import MostFrequentTag, WindowLogistic, tag_baselines

KINDS = [MostFrequentTag, WindowLogistic]
SENTENCES = [
    ["I", "can", "go"], ["a", "can", "fell"], ["a", "can"], ["you", "can", "sing"],
    ["a", "bird", "can", "sing"], ["the", "can", "fell"], ["walking", "helps"], ["I", "fell"],
]  # fmt: skip
TAGS = [
    ["PRON", "AUX", "VERB"], ["DET", "NOUN", "VERB"], ["DET", "NOUN"], ["PRON", "AUX", "VERB"],
    ["DET", "NOUN", "AUX", "VERB"], ["DET", "NOUN", "VERB"], ["NOUN", "VERB"], ["PRON", "VERB"],
]  # fmt: skip
ODD = [[], ["", " ", "\t", "😀", "漢字", "\0", "x" * 10_000], ["a"] * 500]


def fitted(kind, sentences=SENTENCES, tags=TAGS):
    model = kind()
    model.fit(sentences, tags)
    return model


def test_all_are_listed_with_names_of_their_own():
    models = tag_baselines()
    assert [type(model) for model in models] == KINDS
    assert len({model.name for model in models}) == 2


def test_a_word_has_its_most_frequent_tag():
    sentences = [["run", "run", "run", "Run"]]
    model = fitted(MostFrequentTag, sentences, [["NOUN", "VERB", "VERB", "NOUN"]])
    assert model.predict([["run", "Run"]]) == [["VERB", "NOUN"]]


def test_an_unknown_word_has_the_tag_of_words_seen_once():
    sentences = [["the", "the", "the", "dog", "cat", "runs"]]
    model = fitted(MostFrequentTag, sentences, [["DET", "DET", "DET", "NOUN", "NOUN", "VERB"]])
    assert model.predict([["bird", "the"], []]) == [["NOUN", "DET"], []]
    # Where no word was seen only once, the tag that is most frequent of all.
    model = fitted(MostFrequentTag, [["a", "a", "a", "b", "b"]], [["X", "X", "X", "Y", "Y"]])
    assert model.predict([["c"]]) == [["X"]]


def test_the_order_of_sentences_breaks_no_tie():
    sentences = [["x", "once"], ["x", "rare"], ["y"], ["y"]]
    tags = [["B", "B"], ["A", "A"], ["A"], ["B"]]
    orders = [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]]
    answers = []
    for order in orders:
        model = fitted(MostFrequentTag, [sentences[i] for i in order], [tags[i] for i in order])
        answers.append(model.predict([["x", "y", "unknown"]]))
    assert answers[0] == answers[1] == answers[2]


def test_neighbours_decide_where_the_word_does_not():
    model = fitted(WindowLogistic)
    assert model.predict([["you", "can", "go"], ["the", "can"]]) == [
        ["PRON", "AUX", "VERB"],
        ["DET", "NOUN"],
    ]


def test_endings_and_capitals_decide_for_words_never_seen():
    rng = np.random.default_rng(0)
    stems = ["".join(rng.choice(list("bcdfgklmnprt"), 4)) for _ in range(60)]
    sentences = [[f"{stem}ly", f"{stem}ing", stem.title()] for stem in stems]
    model = fitted(WindowLogistic, sentences, [["ADV", "VERB", "PROPN"]] * 60)
    # One word a sentence, so that its place says nothing.
    assert model.predict([["zwqxly"], ["zwqxing"]]) == [["ADV"], ["VERB"]]
    assert model.predict([["so", "it", "Zwqx"]])[0][2] == "PROPN"


@pytest.mark.parametrize("kind", KINDS)
def test_unusual_sentences_get_one_tag_a_word(kind):
    model = fitted(kind)
    answers = model.predict(ODD)
    assert [len(row) for row in answers] == [len(row) for row in ODD]
    known = {tag for row in TAGS for tag in row}
    assert {tag for row in answers for tag in row} <= known
    assert model.predict([[]]) == [[]]
    assert model.predict([]) == []
    fitted(kind, [*SENTENCES, *ODD], [*TAGS, *[["X"] * len(row) for row in ODD]])


@pytest.mark.parametrize("kind", KINDS)
def test_one_tag_alone_is_always_answered(kind):
    model = fitted(kind, [["a", "b"], []], [["X", "X"], []])
    assert model.predict([["c"], [], ["a", "a"]]) == [["X"], [], ["X", "X"]]


@pytest.mark.parametrize("kind", KINDS)
def test_a_fit_is_repeatable_and_a_sentence_tagged_alone_is_the_same(kind):
    first, second = fitted(kind), fitted(kind)
    together = first.predict(SENTENCES)
    assert together == second.predict(SENTENCES)
    assert together == [first.predict([words])[0] for words in SENTENCES]
    assert all(type(tag) is str for row in together for tag in row)
