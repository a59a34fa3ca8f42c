"""Files of word vectors are read in both formats, and mistakes in them are named."""

from __future__ import annotations

import gzip
import zipfile

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.errors import UserError
from seqsuite.tasks.pos_tagging.word_features import fold, folded
from seqsuite.text.word_vectors import read_word_vectors


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
    vectors = read_word_vectors(path, size=2, limit=100, key=folded)
    expected = [word.decode() for word in fold(tf.constant(words)).numpy()]
    # Of several spellings the first, that is, the most frequent.
    assert list(vectors) == list(dict.fromkeys(expected))
    assert {word: float(vector[0]) for word, vector in vectors.items()} == {
        word: expected.index(word) for word in expected
    }


def test_no_more_vectors_are_read_than_asked_for(tmp_path):
    path = written(tmp_path / "vectors.txt", "a 1 1", "A 2 2", "b 3 3", "c wrong")
    assert list(read_word_vectors(path, size=2, limit=2, key=str.lower)) == ["a", "b"]


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


def binary(path, words, size, end=b"\n"):
    content = f"{len(words)} {size}\n".encode()
    for number, word in enumerate(words):
        vector = np.arange(size, dtype="<f4") + number
        content += word.encode() + b" " + vector.tobytes() + end
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("end", [b"\n", b""])
def test_binary_files_are_read(tmp_path, end):
    path = binary(tmp_path / "vectors.bin", ["the", "été", "New_York"], 5, end)
    vectors = read_word_vectors(path, size=5, limit=10)
    assert list(vectors) == ["the", "été", "New_York"]
    np.testing.assert_array_equal(vectors["été"], [1, 2, 3, 4, 5])
    with pytest.raises(
        UserError, match=r"vectors of 5 numbers, not 4: set --model\.embedding_size 5"
    ):
        read_word_vectors(path, size=4, limit=10)
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(UserError, match="vector 3 is damaged"):
        read_word_vectors(path, size=5, limit=10)


def test_archives_hold_one_file_or_one_of_the_size(tmp_path):
    path = tmp_path / "glove.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("glove.2d.txt", "the 1 2\n")
    assert list(read_word_vectors(path, size=2, limit=9)) == ["the"]
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("glove.3d.txt", "the 1 2 3\na 1 2 3\n")
    assert list(read_word_vectors(path, size=3, limit=9)) == ["the", "a"]
    with pytest.raises(UserError, match=r"holds glove\.2d\.txt, glove\.3d\.txt: unpack"):
        read_word_vectors(path, size=4, limit=9)


def test_tabs_separate_too(tmp_path):
    path = written(tmp_path / "vectors.txt", "the\t1\t2", "New York\t3\t4")
    assert list(read_word_vectors(path, size=2, limit=9)) == ["the", "New York"]


@pytest.mark.parametrize("name", ["a.zip", "a.txt.gz"])
def test_damaged_archives_are_told(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x1f\x8bnothing")
    with pytest.raises(UserError, match="cannot be read"):
        read_word_vectors(tmp_path / name, size=2, limit=9)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match=r"none\.txt do not exist"):
        read_word_vectors(tmp_path / "none.txt", size=2, limit=10)


def test_empty_lines_and_bytes_that_are_no_text_are_passed_over(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_bytes(b"a 1 2\n\nb\xff 3 4\n\n")
    assert list(read_word_vectors(path, size=2, limit=10)) == ["a", "b\ufffd"]
