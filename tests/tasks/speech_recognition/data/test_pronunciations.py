"""Lexicons in CMUdict's format, and what is wrong with others."""

import gzip

import pytest

from seqsuite.errors import UserError
from seqsuite.tasks.speech_recognition.data.pronunciations import read_pronunciations

LINES = [
    ";;; # CMUdict",
    "# a line of comment",
    "",
    "A  AH0",
    "A(2)  EY1",
    "'TIS  T IH1 Z # contraction",
    "C#\tS  IY1  SH AA1 R P",
    "a  EY1",
    "(2)  T UW1",
]
FOUND = {
    "A": ["AH0", "EY1"],
    "'TIS": ["T IH1 Z"],
    "C#": ["S IY1 SH AA1 R P"],
    "a": ["EY1"],
    "(2)": ["T UW1"],
}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_words_have_all_their_pronunciations_with_stress_and_without_comments(end, tmp_path):
    (tmp_path / "a.dict").write_bytes(end.join([*LINES, ""]).encode())
    (tmp_path / "a.dict.gz").write_bytes(gzip.compress(end.join(LINES).encode()))
    assert read_pronunciations(tmp_path / "a.dict") == FOUND
    assert read_pronunciations(tmp_path / "a.dict.gz") == FOUND


def test_words_that_one_case_makes_equal_share_their_pronunciations(tmp_path):
    (tmp_path / "a.dict").write_text("\n".join(LINES))
    found = read_pronunciations(tmp_path / "a.dict", lambda words: [w.lower() for w in words])
    assert found["a"] == ["AH0", "EY1", "EY1"]
    assert list(found) == ["a", "'tis", "c#", "(2)"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"ONE  W AH1 N\nTWO\n", "line 2 has a word without phones: 'TWO'"),
        (b"\xef\xbb\xbfTWO  # T UW1", "line 1 has a word without phones: 'TWO'"),
        (b"", "has no pronunciations"),
        (b";;; nothing\n# either\n", "has no pronunciations"),
        (b"A  AH0\nD\xc9J\xc0  D EY2", "line 2 is not UTF-8"),
    ],
)
def test_a_broken_file_is_one_line_with_its_name(content, message, tmp_path):
    (tmp_path / "bad.dict").write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        read_pronunciations(tmp_path / "bad.dict")
    assert "bad.dict" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_absent_is_named(tmp_path):
    with pytest.raises(UserError, match=r"absent\.dict cannot be read"):
        read_pronunciations(tmp_path / "absent.dict")
