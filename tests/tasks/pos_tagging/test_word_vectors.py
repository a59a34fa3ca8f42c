"""Files of word vectors are read in both formats, and mistakes in them are named."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.errors import UserError
from seqsuite.tasks.pos_tagging.word_features import fold
from seqsuite.tasks.pos_tagging.word_vectors import read_word_vectors


def written(path, *lines):
    opener = gzip.open if path.name.endswith(".gz") else open
    with opener(path, "wt", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("name", ["vectors.txt", "vectors.txt.gz"])
@pytest.mark.parametrize("header", [[], ["3 2"]])
def test_vectors_of_both_text_formats_are_read(tmp_path, name, header):
    path = written(tmp_path / name, *header, "the 1.5 -2", "été 3e-1 4 ", ", 0 0")
    vectors = read_word_vectors(path, size=2, limit=10)
    assert list(vectors) == ["the", "été", ","]
    np.testing.assert_allclose(list(vectors.values()), [[1.5, -2], [0.3, 4], [0, 0]])
    assert all(vector.dtype == np.float32 for vector in vectors.values())


def test_words_are_read_as_the_preprocessor_counts_them(tmp_path):
    words = ["May", "1984", "MAY", "٣²", "一", "ÉTÉ", "New York", "\u2028", "a\u00a0b", "1999"]
    path = written(tmp_path / "vectors.txt", *(f"{word} {i} 0" for i, word in enumerate(words)))
    vectors = read_word_vectors(path, size=2, limit=100)
    folded = [word.decode() for word in fold(tf.constant(words)).numpy()]
    # Of several spellings the first, that is, the most frequent.
    assert list(vectors) == list(dict.fromkeys(folded))
    assert {word: float(vector[0]) for word, vector in vectors.items()} == {
        word: folded.index(word) for word in folded
    }


def test_no_more_vectors_are_read_than_asked_for(tmp_path):
    path = written(tmp_path / "vectors.txt", "a 1 1", "A 2 2", "b 3 3", "c wrong")
    assert list(read_word_vectors(path, size=2, limit=2)) == ["a", "b"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a 1 2", "b 3"], "line 2 is no word with 2 numbers.*vectors of 1 numbers"),
        (["a 1 2 3", "b 3 4 5"], "line 1 .*vectors of 3 numbers, set --model.embedding_size"),
        (["2 3", "a 1 2 3"], "line 2 .*vectors of 3 numbers"),
        (["a 1 2", "b x 2"], "line 2"),
        (["a 1 2", "b nan 2"], "line 2"),
        (["2 2"], "holds no word vectors"),
        ([""], "holds no word vectors"),
    ],
)
def test_a_line_that_is_no_vector_is_named(tmp_path, lines, message):
    path = written(tmp_path / "vectors.txt", *lines)
    with pytest.raises(UserError, match=message):
        read_word_vectors(path, size=2, limit=10)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match=r"none\.txt do not exist"):
        read_word_vectors(tmp_path / "none.txt", size=2, limit=10)


def test_empty_lines_and_bytes_that_are_no_text_are_passed_over(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_bytes(b"a 1 2\n\nb\xff 3 4\n\n")
    assert list(read_word_vectors(path, size=2, limit=10)) == ["a", "b\ufffd"]
