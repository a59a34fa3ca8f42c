"""Unicode forms and case, against Python's."""

from __future__ import annotations

import os
import subprocess
import sys
import unicodedata

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.tasks.pos_tagging.word_features import fold
from seqsuite.tasks.sentiment.tokenization import tokenize
from seqsuite.text.forms import compose, lower_case, unify


def strings(tensor):
    return [text.decode("utf-8") for text in tensor.numpy()]


def test_every_character_is_composed_from_its_parts():
    every = [chr(c) for c in range(0x20, 0x30000) if not 0xD800 <= c < 0xE000]
    parted = [c for c in every if unicodedata.normalize("NFD", c) != c]
    assert len(parted) > 12_000
    texts = [unicodedata.normalize("NFD", c) for c in parted]
    expected = [unicodedata.normalize("NFC", c) for c in parted]
    assert strings(compose(tf.constant(texts))) == expected


TEXTS = [
    "Ça a été très bon : œuvre naïve, août.", "Tiếng Việt rất đẹp và khó.", "한국어 영화",
    "Łódź, Škoda, Großmutter, Ångström", "नमस्ते दुनिया", "ภาษาไทย", "", "plain",
]  # fmt: skip


def test_decomposed_texts_are_the_composed_ones():
    for text in TEXTS:
        parted = [unicodedata.normalize("NFD", text)]
        assert strings(unify(tf.constant(parted))) == [unicodedata.normalize("NFC", text)]
        assert tokenize(tf.constant(parted)).to_list() == tokenize(tf.constant([text])).to_list()


def test_rows_are_composed_on_their_own():
    # A mark that begins a text does not belong to the end of the text before it.
    assert strings(unify(tf.constant(["e", "\u0301a\u0301"]))) == ["e", "\u0301\u00e1"]
    assert strings(unify(tf.constant([], tf.string))) == []


@pytest.mark.parametrize("sign", ["\u00ad", "\u200b", "\u200c", "\u200d", "\ufeff", "\u2060"])
def test_invisible_characters_part_no_word(sign):
    text = f"won{sign}der{sign}ful"
    assert tokenize(tf.constant([text])).to_list() == [[b"wonderful"]]
    assert tokenize(tf.constant([f"\u2764{sign}"])).to_list() == [["\u2764".encode()]]


def test_lower_case_is_pythons_for_every_letter():
    # Of a capital sigma at the end of a word both make another letter, which these are not.
    every = [chr(c) for c in range(0x20, 0x1E900) if chr(c).isalpha() and c != 0x3A3]
    ours, theirs = strings(lower_case(tf.constant(every))), [c.lower() for c in every]
    different = [c for c, a, b in zip(every, ours, theirs, strict=True) if a != b]
    # Letters that one of the two Unicode versions does not know yet.
    assert len(different) <= 0.001 * len(every)


@pytest.mark.full
@pytest.mark.parametrize("locale", ["tr_TR.UTF-8", "lt_LT.UTF-8", "az_AZ.UTF-8"])
def test_the_locale_of_the_process_changes_nothing(locale):
    texts = ["IT IS A BRILLIANT FILM", "İstanbul ISPARTA", "JÌ Í Ĩ Į J\u0301 I\u0300"]
    code = (
        "import sys, tensorflow as tf\n"
        "from seqsuite.tasks.pos_tagging.word_features import fold\n"
        "from seqsuite.tasks.sentiment.tokenization import tokenize\n"
        f"texts = tf.constant({texts!r})\n"
        "print(tokenize(texts).to_list(), fold(texts).numpy().tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": locale, "LANG": locale},
        check=True,
    )
    texts = tf.constant(texts)
    here = f"{tokenize(texts).to_list()} {fold(texts).numpy().tolist()}"
    assert done.stdout.strip().splitlines()[-1] == here


def test_composition_is_the_same_in_a_graph():
    texts = tf.constant([unicodedata.normalize("NFD", text) for text in TEXTS])
    traced = tf.function(unify, input_signature=[tf.TensorSpec([None], tf.string)])
    np.testing.assert_array_equal(traced(texts).numpy(), unify(texts).numpy())
    assert strings(traced(tf.constant(["plain"]))) == ["plain"]
