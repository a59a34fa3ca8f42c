"""Bytes to text: what is named or marked is decoded, what is not is refused in one line."""

from __future__ import annotations

import io

import pytest

from seqsuite.config import check_encoding
from seqsuite.data.encodings import decode, lines
from seqsuite.errors import UserError

TEXT = "this film doesn\u2019t work\nvoil\u00e0\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_marks_of_encodings_are_respected(encoding):
    data = TEXT.encode(encoding)
    assert decode(data, "a.txt") == TEXT
    assert list(lines(io.BytesIO(data), "a.txt")) == TEXT.splitlines(keepends=True)


@pytest.mark.parametrize("encoding", ["windows-1252", "utf-16-le", "shift_jis", "gb18030"])
def test_a_named_encoding_is_read(encoding):
    text = "a\nb\n" if encoding == "shift_jis" else TEXT
    data = text.encode(encoding)
    assert decode(data, "a.txt", encoding) == text
    assert list(lines(io.BytesIO(data), "a.txt", encoding)) == text.splitlines(keepends=True)


@pytest.mark.parametrize("read", [decode, lambda data, where: list(lines(io.BytesIO(data), where))])
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"ok\nthis film doesn\x92t work\n", r"a.txt line 2 .*0x92.*windows-1252"),
        (b"PAR1\x15\x04\x15", "Parquet"),
        (b"PK\x03\x04abc", "zip archive, or a spreadsheet"),
        (b"\x1f\x8b\x08\x00\n", r"name must end in \.gz"),
        ("text".encode("utf-16-le"), "UTF-16 without a byte order mark"),
        (b"one line\0 with a zero byte among many others\n", "binary data"),
    ],
)
def test_what_is_no_text_is_refused_in_one_line(read, data, message):
    with pytest.raises(UserError, match=message) as caught:
        read(data, "a.txt")
    assert "\n" not in str(caught.value)


def test_lines_end_at_line_feeds_alone():
    assert list(lines(io.BytesIO(b"a\rb\x0c\xe2\x80\xa8c\r\nd"), "x")) == [
        "a\rb\x0c\u2028c\r\n", "d",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["hex", "rot13", "utf-9", ""])
def test_what_is_no_encoding_of_text_is_refused(name):
    with pytest.raises(UserError, match="no text encoding"):
        check_encoding(name)


@pytest.mark.parametrize("word", ["RIFF", "PAR1", "SQLite", "PK", "%PDF"])
def test_a_text_may_begin_as_a_format_does(word):
    text = f"{word} is the first word of this review.\n"
    assert decode(text.encode(), "a.txt") == text
    assert list(lines(io.BytesIO(text.encode()), "a.txt")) == [text]
