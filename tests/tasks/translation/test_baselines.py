"""IBM model 1 equals expectation maximisation by enumeration; what it answers is a sentence."""

from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np
import pytest

from seqsuite.tasks.translation.baselines import (
    CopySource,
    LexiconTranslation,
    fit_lexicon,
    translation_baselines,
)

BOOKS = [
    ("the house", "das Haus"),
    ("the book", "das Buch"),
    ("a book", "ein Buch"),
]
LONGER = [
    ("we do see the house", "wir sehen das Haus"),
    ("the house", "das Haus Haus"),
    ("we", "wir"),
    ("see the the book", "sehen das Buch"),
]


def split_pairs(pairs):
    return [[text.split() for text in side] for side in zip(*pairs, strict=True)]


def enumerated(pairs, iterations, use_null):
    """Expectation maximisation over all alignments of each pair; also the likelihoods."""
    sources, targets = split_pairs(pairs)
    sources = [["", *words] if use_null else words for words in sources]
    probability = defaultdict(lambda: 1.0)
    likelihoods = []
    for _ in range(iterations):
        counts = defaultdict(float)
        likelihood = 1.0
        for source, target in zip(sources, targets, strict=True):
            weights = {
                alignment: np.prod(
                    [
                        probability[source[a], word]
                        for a, word in zip(alignment, target, strict=True)
                    ]
                )
                for alignment in itertools.product(range(len(source)), repeat=len(target))
            }
            total = sum(weights.values())
            likelihood *= total / len(source) ** len(target)
            for alignment, weight in weights.items():
                for a, word in zip(alignment, target, strict=True):
                    counts[source[a], word] += weight / total
        totals = defaultdict(float)
        for (word, _), count in counts.items():
            totals[word] += count
        probability = {pair: count / totals[pair[0]] for pair, count in counts.items()}
        likelihoods.append(likelihood)
    occurrences = defaultdict(int)
    for words in sources:
        for word in words:
            occurrences[word] += 1
    return probability, {word: totals[word] / occurrences[word] for word in totals}, likelihoods


@pytest.mark.parametrize("pairs", [BOOKS[:2], BOOKS, LONGER])
@pytest.mark.parametrize("iterations", [1, 2, 5])
@pytest.mark.parametrize("use_null", [False, True])
def test_probabilities_are_those_over_all_alignments(pairs, iterations, use_null):
    expected, fertilities, _ = enumerated(pairs, iterations, use_null)
    lexicon = fit_lexicon(*split_pairs(pairs), iterations, use_null)
    assert len(lexicon.probabilities) == len(expected)
    for (source, target), probability in expected.items():
        assert lexicon.probability(target, source) == pytest.approx(probability)
    for word, fertility in zip(lexicon.source_words, lexicon.fertilities, strict=True):
        assert fertility == pytest.approx(fertilities[word])


def test_the_worked_example():
    # Two pairs without NULL. First all links count 1/2: "the" has das 1, Haus 1/2, Buch 1/2 of 2.
    first = fit_lexicon(*split_pairs(BOOKS[:2]), 1, use_null=False)
    assert first.probability("das", "the") == pytest.approx(1 / 2)
    assert first.probability("Haus", "the") == pytest.approx(1 / 4)
    assert first.probability("Haus", "house") == pytest.approx(1 / 2)
    # Then das is shared 1/2 : 1/2 in both pairs, and Haus 1/4 : 1/2, which is 1/3 : 2/3.
    second = fit_lexicon(*split_pairs(BOOKS[:2]), 2, use_null=False)
    assert second.probability("das", "the") == pytest.approx(1 / (1 + 2 / 3))
    assert second.probability("Haus", "house") == pytest.approx((2 / 3) / (1 / 2 + 2 / 3))
    # In the end every word has its own.
    last = fit_lexicon(*split_pairs(BOOKS), 200, use_null=False)
    for source, target in (("the", "das"), ("house", "Haus"), ("book", "Buch"), ("a", "ein")):
        assert last.probability(target, source) > 0.99


def test_likelihood_rises_and_probabilities_are_distributions():
    likelihoods = enumerated(LONGER, 6, use_null=True)[2]
    assert likelihoods[1:] == sorted(likelihoods[1:])
    lexicon = fit_lexicon(*split_pairs(LONGER), 4)
    totals = np.bincount(lexicon.source_ids, lexicon.probabilities)
    np.testing.assert_allclose(totals, 1)
    assert lexicon.probability("Haus", "book") == 0
    assert lexicon.probability("nothing", "nowhere") == 0


def test_the_order_of_the_pairs_changes_nothing():
    forward = fit_lexicon(*split_pairs(LONGER)).best()
    assert forward == fit_lexicon(*split_pairs(LONGER[::-1])).best()


def test_words_without_a_counterpart_are_left_out():
    sources = ["do you see", "you see", "do we see", "we see", "do you go", "you go", "do we go"]
    targets = ["ihr seht", "ihr seht", "wir seht", "wir seht", "ihr geht", "ihr geht", "wir geht"]
    model = LexiconTranslation(iterations=20)
    model.fit(sources, targets)
    assert model.predict(["do we see", "do you go"]) == ["wir seht", "ihr geht"]


def test_unknown_words_are_copied_and_a_first_word_is_known_from_inside():
    model = LexiconTranslation(iterations=20)
    sources = ["a dog sees a cat.", "a dog.", "a cat.", "a dog", "a cat"]
    model.fit(sources, ["un chien voit un chat.", "un chien.", "un chat.", "un chien", "un chat"])
    assert model.predict(["Dog Bello 12.", "", "?"]) == ["chien Bello 12.", "", "?"]


def test_signs_are_spaced_as_in_the_sentences_learned_from():
    model = LexiconTranslation()
    sources = ["the tree?", "the tree, the tree.", "a tree-house?", "the man's tree"] * 3
    targets = ["l'arbre ?", "l'arbre, l'arbre.", "une cabane-arbre ?", "l'arbre de l'homme"] * 3
    model.fit(sources, targets)
    assert model.spacing.joined(["l'", "arbre", ",", "l'", "homme", "?"]) == "l'arbre, l'homme ?"
    assert model.spacing.joined(["cabane", "-", "arbre", "."]) == "cabane-arbre."
    assert model.spacing.joined([]) == ""


def test_long_sentences_and_too_many_are_not_learned_from():
    model = LexiconTranslation(max_length=3)
    model.fit(["one two three four", "one"], ["eins zwei drei vier", "eins"])
    assert model.predict(["one two"]) == ["eins two"]
    # Each pair has (1 + 1) * 1 links, so every third of nine is learned from.
    model = LexiconTranslation(max_links=6)
    numbers = [str(number) for number in range(9)]
    model.fit(numbers, [f"n{number}" for number in numbers])
    assert sorted(model.words) == ["0", "3", "6"]


def test_nothing_to_learn_from_means_copying():
    model = LexiconTranslation()
    model.fit([""], ["x"])
    assert model.predict(["so it is"]) == ["so it is"]


def test_baselines_are_named_and_weakest_first():
    copy, lexicon = translation_baselines()
    assert isinstance(copy, CopySource)
    assert (copy.name, lexicon.name) == ("copy of the source", "word by word, IBM model 1")
    copy.fit(["a"], ["b"])
    assert copy.predict(["a", " c"]) == ["a", " c"]
