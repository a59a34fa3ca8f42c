"""Words and signs: sentences come back whatever stands between their words."""

from __future__ import annotations

import json

import keras
import pytest
import tensorflow as tf

from seqsuite.errors import UserError
from seqsuite.text.subwords import normalized
from seqsuite.text.words import JOINER, WordVocabulary, join_words, split_words

TEXTS = [
    "L'homme dit: «Bonjour.»",
    "a!!b ... (c)d",
    "a - b -c d- e-f",
    "naïve e\u0301lan 3,5 % 漢字。",
    "!",
    "()()",
    "",
    "😀🏽 x",
]


def as_text(values):
    return [value.decode() for value in values.numpy().tolist()]


def test_sentences_come_back():
    back = tf.function(lambda text: join_words(split_words(text)))
    assert as_text(back(tf.constant(TEXTS))) == normalized(TEXTS)


def test_words_and_signs_are_parted():
    words = split_words(tf.constant([f"It's (odd)... {JOINER}", ""])).to_list()
    expected = f"It {JOINER}'{JOINER} s ({JOINER} odd {JOINER}) {JOINER}. {JOINER}. {JOINER}. ■"
    assert [[word.decode() for word in row] for row in words] == [expected.split(), []]


def test_the_most_frequent_words_are_known():
    vocabulary = WordVocabulary.train(["b a c", "c a", "c d"], 7)
    assert vocabulary.pieces == ["<pad>", "<unk>", "<s>", "</s>", "c", "a", "b"]
    ids = vocabulary.tokenize(tf.constant(["a b d", ""]))
    assert ids.to_list() == [[5, 6, 1], []]
    assert as_text(vocabulary.detokenize(ids)) == ["a b ⁇", ""]
    assert vocabulary.encode(["c", ""]).row(0).tolist() == [4]


def test_what_is_no_word_says_nothing_and_what_is_no_id_is_unknown():
    vocabulary = WordVocabulary(["a"])
    assert as_text(vocabulary.detokenize(tf.constant([[2, 4, 3, 0], [-1, 5, 1, 4]]))) == [
        "a",
        "⁇ ⁇ ⁇ a",
    ]
    assert vocabulary.detokenize(tf.zeros([0, 2], tf.int32)).shape == (0,)
    assert as_text(vocabulary.detokenize(tf.zeros([1, 0], tf.int32))) == [""]


def test_it_survives_json_and_names_what_is_missing():
    vocabulary = WordVocabulary.train(TEXTS, 50)
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(vocabulary)))
    assert keras.saving.deserialize_keras_object(config).pieces == vocabulary.pieces
    with pytest.raises(UserError, match="all training sentences are empty"):
        WordVocabulary.train(["", " "], 50)
