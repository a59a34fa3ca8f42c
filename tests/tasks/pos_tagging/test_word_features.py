"""Looks of words, against the same said in plain Python."""

from __future__ import annotations

import itertools
import unicodedata

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.tasks.pos_tagging import word_features
from seqsuite.text import lookup_tables

ALPHABET = "abyzABYZéÉßñ漢あไ٣0\uff19²½!.-'😀 \t\u0301ǅ\u200d"


def random_words(count=200, longest=12):
    rng = np.random.default_rng(0)
    lengths = rng.integers(0, longest, count)
    return ["".join(rng.choice(list(ALPHABET), length)) for length in lengths]


WORDS = random_words()


def texts(tensor):
    return [value.decode() for value in np.ravel(tensor.numpy())]


def kind(character):
    category = unicodedata.category(character)
    if category == "Lu":
        return "X"
    return {"L": "x", "N": "d"}.get(category[0], character)


def test_words_are_counted_in_lower_case_with_digits_as_0():
    expected = [
        "".join("0" if unicodedata.category(c)[0] == "N" else c for c in word.lower())
        for word in WORDS
    ]
    assert texts(word_features.fold(tf.constant(WORDS))) == expected


def test_shapes_say_kinds_of_characters_and_runs_as_two():
    expected = []
    for word in WORDS:
        runs = [(key, len(list(run))) for key, run in itertools.groupby(map(kind, word))]
        shape = [key * (min(2, size) if key in "Xxd" else size) for key, size in runs]
        expected.append("".join(shape))
    assert texts(word_features.shapes(tf.constant(WORDS))) == expected


@pytest.mark.parametrize("longest", [1, 4])
def test_affixes_are_whole_characters_and_of_short_words_the_word(longest):
    found = word_features.affixes(tf.constant(WORDS), longest)
    assert found.shape == (len(WORDS), 2 * longest)
    sizes = range(1, longest + 1)
    for word, row in zip(WORDS, found, strict=True):
        suffixes = [">" + word[max(0, len(word) - size) :] for size in sizes]
        assert texts(row) == [word[:size] + "<" for size in sizes] + suffixes


@pytest.mark.parametrize("longest", [1, 2, 5, 20])
def test_of_long_words_head_and_tail_are_read(longest):
    found = word_features.code_points(tf.constant(WORDS), longest).numpy()
    assert found.shape == (len(WORDS), longest)
    head = longest // 2
    for word, row in zip(WORDS, found, strict=True):
        kept = word if len(word) <= longest else word[:head] + word[len(word) - longest + head :]
        assert row.tolist() == [ord(c) for c in kept] + [0] * (longest - len(kept))


def test_a_nul_is_a_character_and_not_padding():
    assert word_features.code_points(tf.constant(["a\0b"]), 4).numpy().tolist() == [[97, 1, 98, 0]]


def test_counts_are_ordered_by_frequency_and_then_by_value():
    assert word_features.counted("cabbac", 2) == ["a", "b", "c"]
    assert word_features.counted("cabbaccd", 2) == ["c", "a", "b"]
    assert word_features.counted([], 1) == []


def test_a_table_starts_at_2_and_answers_1_for_anything_else():
    table = lookup_tables.lookup_table(["x", "y"])
    assert table.lookup(tf.constant(["y", "x", "", "z"])).numpy().tolist() == [3, 2, 1, 1]
    numbers = lookup_tables.lookup_table([7], tf.int64)
    assert numbers.lookup(tf.constant([7, 0], tf.int64)).numpy().tolist() == [2, 1]


def test_a_table_may_be_empty():
    table = lookup_tables.lookup_table([])
    assert table.lookup(tf.constant(["", "x"])).numpy().tolist() == [1, 1]
