"""The built-in sentences: one right tagging each, and whole sentences decide it."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache

import numpy as np
import pytest
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from seqsuite.data.discovery import load_examples
from seqsuite.tasks.pos_tagging.data import sample
from seqsuite.tasks.pos_tagging.data.sample import INFLECTED, RULES, TAGS, WORDS, inflected
from tests.data.sections import digests_of

SPLITS = {"train": 3000, "validation": 400, "test": 600}


@pytest.fixture(scope="module")
def splits():
    return {
        split: load_examples("sample", split, None, "seqsuite.tasks.pos_tagging")
        for split in SPLITS
    }


def words(examples):
    return [word.lower() for tokens in examples.features["tokens"] for word in tokens]


def tags(examples):
    return np.array([tag for labels in examples.labels for tag in labels])


def test_splits_have_their_sizes_and_aligned_columns(splits):
    for split, size in SPLITS.items():
        examples = splits[split]
        assert len(examples) == size
        columns = [*examples.features.values(), examples.labels]
        for rows in zip(*columns, strict=True):
            assert len({len(row) for row in rows}) == 1
            assert all(isinstance(row, tuple) for row in rows)


def test_no_sentence_is_in_two_splits_or_twice_in_one(splits):
    texts = [tokens for examples in splits.values() for tokens in examples.features["tokens"]]
    assert len(set(texts)) == len(texts)


def test_splits_share_no_made_up_word(splits):
    listed = {word for found in WORDS.values() for word in found}
    listed |= {inflected(word) for word in listed}
    listed |= {
        part.split("/")[0] for lines in RULES.values() for line in lines for part in line.split()
    }
    listed |= {"flies"}
    made_up = [set(words(examples)) - listed for examples in splits.values()]
    assert all(made_up)
    assert sum(map(len, made_up)) == len(set.union(*made_up))
    share = np.mean([word in made_up[2] for word in words(splits["test"])])
    assert 0.02 < share < 0.06


def kinds_of(symbol, word):
    """The kind of a word as a terminal symbol of the rules, or none."""
    listed, kind = symbol.split("/")
    form = inflected if kind in INFLECTED else str
    if not listed.startswith("*"):
        return {kind} if form(listed) == word else set()
    endings = sample._ENDINGS.get(listed[1:], ())
    everything = {word for found in WORDS.values() for word in found}
    made_up = bool(endings) and word not in everything and word.endswith(endings)
    return {kind} if made_up or word in map(form, WORDS[listed[1:]]) else set()


def parses(tokens):
    """All sequences of kinds that the rules allow for a sentence: a chart parser."""

    @cache
    def spans(symbol, start):
        if symbol in RULES:
            return {end for line in RULES[symbol] for end in sequences(tuple(line.split()), start)}
        if start == len(tokens):
            return set()
        return {(start + 1, (kind,)) for kind in kinds_of(symbol, tokens[start])}

    @cache
    def sequences(parts, start):
        if not parts:
            return {(start, ())}
        return {
            (last, kinds + more)
            for end, kinds in spans(parts[0], start)
            for last, more in sequences(parts[1:], end)
        }

    return {kinds for end, kinds in spans("SENTENCE", 0) if end == len(tokens)}


def test_the_rules_allow_one_tagging_of_each_sentence_and_it_is_the_given_one(splits):
    for examples in (splits["validation"], splits["test"]):
        rows = zip(*examples.features.values(), examples.labels, strict=True)
        for tokens, xpos, morphology, labels in rows:
            found = parses((tokens[0][0].lower() + tokens[0][1:], *tokens[1:]))
            taggings = {tuple(TAGS[kind] for kind in kinds) for kinds in found}
            assert taggings == {tuple(zip(labels, xpos, morphology, strict=True))}, tokens


def test_the_parser_of_these_tests_finds_a_second_tagging_where_there_is_one(monkeypatch):
    monkeypatch.setitem(RULES, "SENTENCE", ("that/this ./punct", "that/dem ./punct"))
    assert parses(("that", ".")) == {("this", "punct"), ("dem", "punct")}


def test_the_most_frequent_tag_of_a_word_is_often_wrong(splits):
    counts = defaultdict(Counter)
    for word, tag in zip(words(splits["train"]), tags(splits["train"]), strict=True):
        counts[word][tag] += 1
    answers = [
        counts[word].most_common(1)[0][0] if word in counts else "NOUN"
        for word in words(splits["test"])
    ]
    assert (np.array(answers) == tags(splits["test"])).mean() <= 0.85


def windows(examples, left, right):
    rows = []
    for tokens in examples.features["tokens"]:
        padded = ["<"] * left + [token.lower() for token in tokens] + [">"] * right
        for i in range(len(tokens)):
            near = dict(enumerate(padded[i : i + left + right + 1]))
            rows.append({str(k): word for k, word in near.items()} | {"end": tokens[i][-2:]})
    return rows


@pytest.mark.full
@pytest.mark.parametrize(("left", "right", "bound"), [(1, 0, 0.93), (2, 2, 0.97)])
def test_neighbours_do_not_tell_all_tags(splits, left, right, bound):
    model = make_pipeline(DictVectorizer(), LogisticRegression(C=10, max_iter=2000, tol=1e-3))
    model.fit(windows(splits["train"], left, right), tags(splits["train"]))
    answers = model.predict(windows(splits["test"], left, right))
    # Recurrent taggers read the whole sentence and reach 99 %.
    assert (answers == tags(splits["test"])).mean() <= bound


def test_what_is_far_away_decides_on_both_sides():
    near = ("guards", "near", "the", "park", "play", "inside", "and", "outside")
    play = {
        sentence: {dict(zip(sentence, kinds, strict=True))["play"] for kinds in parses(sentence)}
        for sentence in [
            (*near, "."),
            (*near, "laughed", "."),
            ("we", "met", *near, "."),
            ("we", "let", *near, "."),
        ]
    }
    assert list(play.values()) == [{"vbp"}, {"nn"}, {"nn"}, {"vb"}]


def test_endings_of_made_up_words_decide():
    start = ("guards", "near", "the", "park", "play", "inside", "and", "outside")
    for word, kind in {"blickly": "vbp", "zorted": "nn"}.items():
        (kinds,) = parses((*start, word, "."))
        assert kinds[4] == kind


@pytest.mark.full
def test_another_process_generates_the_same_sentences():
    assert len(digests_of("seqsuite.tasks.pos_tagging.data.sample")) == 1
