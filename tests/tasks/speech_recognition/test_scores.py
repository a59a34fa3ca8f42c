"""Error rates equal counts by hand and by another way of counting."""

from __future__ import annotations

import random

import numpy as np
import pytest

from seqsuite.metrics.metric import Metrics
from seqsuite.tasks.speech_recognition.scores import (
    character_confusions,
    error_rates,
    utterance_errors,
)
from seqsuite.tasks.speech_recognition.task import SpeechRecognition


def edit_distance(said, heard):
    """The fewest insertions, deletions and substitutions, by the textbook's table."""
    row = list(range(len(heard) + 1))
    for i, a in enumerate(said, 1):
        before, row = row, [i]
        for j, b in enumerate(heard, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b)))
    return row[-1]


@pytest.fixture(scope="module")
def random_pairs():
    generator = random.Random(0)

    def text():
        return " ".join(generator.choices(["a", "ab", "bb", "c"], k=generator.randint(0, 6)))

    return [text() for _ in range(80)], [text() for _ in range(80)]


def test_rates_are_errors_of_the_best_alignment_over_the_length_of_all_references(random_pairs):
    said, heard = random_pairs
    scores = error_rates(said, heard)
    pairs = list(zip(said, heard, strict=True))
    words = sum(len(text.split()) for text in said)
    errors = [edit_distance(a.split(), b.split()) for a, b in pairs]
    assert scores["wer"] == pytest.approx(sum(errors) / words)
    characters = sum(edit_distance(a, b) for a, b in pairs) / sum(map(len, said))
    assert scores["cer"] == pytest.approx(characters)
    assert scores["words"] == words
    kinds = ("insertions", "deletions", "substitutions")
    assert sum(scores[kind] for kind in kinds) == sum(errors)
    hits = words - scores["deletions"] - scores["substitutions"]
    assert scores["word_accuracy"] == pytest.approx(hits / words)
    expected = [[e, len(text.split())] for e, text in zip(errors, said, strict=True)]
    np.testing.assert_array_equal(utterance_errors(said, heard), expected)


@pytest.mark.parametrize(
    ("said", "heard", "wer", "cer", "accuracy"),
    [
        (["one two"], ["one two"], 0, 0, 1),
        ([" one   two "], ["one two"], 0, 0, 1),
        (["one two"], [""], 1, 1, 0),
        (["one"], ["one one one"], 2, 8 / 3, 1),
        (["One"], ["one"], 1, 1 / 3, 0),
        # An utterance of silence adds its insertions.
        (["one two", ""], ["one two", "six"], 1 / 2, 3 / 7, 1),
        ([""], [""], 0, 0, 1),
        ([""], ["one six"], 2, 7, 0),
        ([], [], 0, 0, 1),
    ],
)
def test_rates_by_hand(said, heard, wer, cer, accuracy):
    scores = error_rates(said, heard)
    found = [scores[name] for name in ("wer", "cer", "word_accuracy")]
    assert found == pytest.approx([wer, cer, accuracy])


def test_confusions_account_for_every_character(random_pairs):
    said, heard = random_pairs
    counts = character_confusions(said, heard)
    wrong = sum(count for (a, b), count in counts.items() if a != b)
    assert wrong == sum(edit_distance(a, b) for a, b in zip(said, heard, strict=True))
    for side, texts in ((0, said), (1, heard)):
        for character in "abc ":
            there = sum(text.count(character) for text in texts)
            assert there == sum(n for pair, n in counts.items() if pair[side] == character)


def test_confusions_by_hand():
    found = character_confusions(["five", "nine", ""], ["fine", "nin", "o"])
    assert found == {
        ("f", "f"): 1, ("i", "i"): 2, ("v", "n"): 1, ("e", "e"): 1,
        ("n", "n"): 2, ("e", ""): 1, ("", "o"): 1,
    }  # fmt: skip
    assert character_confusions([], []) == {}
    assert utterance_errors([], []).shape == (0, 2)


@pytest.mark.parametrize("function", [error_rates, utterance_errors, character_confusions])
def test_both_sides_must_be_of_one_length(function):
    with pytest.raises(ValueError, match=r"must be of one length\. Received: 2 and 1"):
        function(["a", "b"], ["a"])


def test_lower_error_rates_are_better():
    metrics = Metrics(SpeechRecognition.metrics)
    assert metrics["wer"].lower_is_better
    assert metrics["cer"].lower_is_better
    assert not metrics["word_accuracy"].lower_is_better
