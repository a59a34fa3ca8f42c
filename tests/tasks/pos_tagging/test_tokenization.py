from __future__ import annotations

import pytest
import tensorflow as tf

from seqsuite.tasks.pos_tagging.tokenization import LANGUAGES, tokenize_sentence


def words(text, language="english"):
    return [word.decode() for word in tokenize_sentence(tf.constant([text]), language)[0].numpy()]


# Sentences of a treebank's making: words with a space between any two.
ENGLISH = [
    ("John's here, isn't he?", "John 's here , is n't he ?"),
    ("I can't, you cannot; they won't.", "I ca n't , you can not ; they wo n't ."),
    ("We've seen what they'll do: I'M SURE", "We 've seen what they 'll do : I 'M SURE"),
    ("I'm gonna go", "I 'm gon na go"),
    ("Mr. Smith paid $3,000.50 (50%).", "Mr. Smith paid $ 3,000.50 ( 50 % ) ."),
    ("at 10:30 see http://a.b/c, ok...", "at 10:30 see http://a.b/c , ok ..."),
    ("No!!! Really?? -- yes", "No !!! Really ?? -- yes"),
    ("What?!", "What ? !"),
    ('He said: "Go."', 'He said : " Go . "'),
    ("'quoted' rock'n'roll", "' quoted ' rock'n'roll"),
    ("it\u2019s \u201chere\u201d", "it 's \u201c here \u201d"),
    ("state-of-the-art", "state-of-the-art"),
    ("ten\u00a0men,\u2003all", "ten men , all"),
]
FRENCH = [
    ("L'homme qu'il a vu aujourd'hui.", "L' homme qu' il a vu aujourd'hui ."),
    ("A-t-il dit\u00a0: \u00ab\u202foui\u202f\u00bb\u00a0?", "A -t-il dit : \u00ab oui \u00bb ?"),
    ("Où vas-tu, dit-elle", "Où vas -tu , dit -elle"),
    ("C\u2019est l\u2019été, peut-être", "C' est l' été , peut-être"),
    ("parlent-ils", "parlent -ils"),
]


@pytest.mark.parametrize(("text", "expected"), ENGLISH)
def test_english_is_split_as_its_treebanks_are(text, expected):
    assert words(text) == expected.split(" ")


@pytest.mark.parametrize(("text", "expected"), FRENCH)
def test_french_is_split_as_its_treebanks_are(text, expected):
    assert words(text, "french") == expected.split(" ")


def test_without_a_language_only_signs_are_split_off():
    assert words("don't l'homme, va-t-il!", "none") == ["don't", "l'homme", ",", "va-t-il", "!"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_without_words_has_none_and_any_script_has_some(language):
    texts = ["", "  \t\n", "漢字 ไทย 😀", "\u00a0", "\u200d"]
    lengths = tokenize_sentence(tf.constant(texts), language).row_lengths().numpy().tolist()
    assert lengths == [0, 0, 3, 0, 0]
    assert tokenize_sentence(tf.constant([], tf.string), language).shape[0] == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_split_words_stay_as_they_are(language):
    samples = [text for _, text in (*ENGLISH, *FRENCH)]
    for text in samples:
        once = words(text, language)
        assert words(" ".join(once), language) == once


def test_invalid_utf8_is_replaced():
    found = tokenize_sentence(tf.constant([b"bad \xff bytes"]))[0].numpy().tolist()
    assert found == [b"bad", "\ufffd".encode(), b"bytes"]


def test_a_sentence_does_not_change_its_neighbours():
    samples = [text for text, _ in ENGLISH]
    together = tokenize_sentence(tf.constant(samples)).to_list()
    assert [[word.decode() for word in row] for row in together] == [words(s) for s in samples]


def test_very_long_texts_are_split():
    assert len(words("a can, " * 5000)) == 15_000
    assert words("x" * 10_000 + "!") == ["x" * 10_000, "!"]
