"""Decoding of text files: UTF-8, UTF-16 by its byte order mark, or a named encoding."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from typing import IO

from seqsuite.errors import UserError

# UTF-32's mark begins with UTF-16's.
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_KINDS = {
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "a zip archive, or a spreadsheet or document that is one",
    b"\x1f\x8b": "gzip data, whose name must end in .gz",
    b"SQLite format 3": "a SQLite database",
    b"%PDF-": "a PDF",
    b"RIFF": "a recording",
}
# Beside white space, no text has these; a text may well begin with the letters of a kind.
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
HEAD = 1 << 16
"""Bytes that tell text from other data."""


def decode(data: bytes, where: object, encoding: str | None = None) -> str:
    r"""Return bytes as text; a byte order mark is dropped.

    Args:
        data: The whole file.
        where: Named in errors.
        encoding: Name of the encoding; None: by the byte order mark, or UTF-8.

    Raises:
        UserError: The data are binary or not in the encoding; the message names the line.

    Example:
        >>> decode(b"\xef\xbb\xbftext", "a.csv"), decode("text".encode("utf-16"), "b.csv")
        ('text', 'text')
    """
    codec = codec_of(data[:HEAD], where, encoding)
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        # The decoder counts from behind a byte order mark, so positions are those of its own view.
        line = error.object[: error.start].count(b"\n") + 1
        raise _undecodable(where, line, error, codec) from error


def lines(
    file: IO[bytes], where: object, encoding: str | None = None, keep_mark: bool = False
) -> Iterator[str]:
    r"""Yield the lines of a file with their ends, which are ``\n`` and nothing else.

    Args:
        file: An open file, read lazily.
        where: Named in errors.
        encoding: As for :func:`decode`.
        keep_mark: Keep the byte order mark of UTF-8, so that the lines joined are the file again.

    Raises:
        UserError: As for :func:`decode`.

    Example:
        >>> list(lines(io.BytesIO(b"one\rmore\ntwo"), "a.txt"))
        ['one\rmore\n', 'two']
    """
    first = file.readline()
    codec = codec_of(first[:HEAD], where, encoding)
    plain = codec.removesuffix("-sig")
    if "\n".encode(plain) != b"\n":
        # Two or four bytes a character: lines are found after decoding.
        rest = io.BytesIO(first + file.read())
        yield from io.StringIO(decode(rest.getvalue(), where, encoding), newline="\n")
        return
    for number, line in enumerate(_chained(first, file), 1):
        if b"\0" in line and encoding is None:
            raise _binary(line, where)
        try:
            yield line.decode(codec if number == 1 and not keep_mark else plain)
        except UnicodeDecodeError as error:
            raise _undecodable(where, number, error, codec) from error


def _chained(first: bytes, file: IO[bytes]) -> Iterator[bytes]:
    if first:
        yield first
        yield from file


def codec_of_mark(head: bytes) -> str | None:
    r"""Return the name of the codec that a byte order mark names; None: there is no mark.

    Args:
        head: The first bytes of a file.

    Example:
        >>> codec_of_mark("text".encode("utf-16")), codec_of_mark(b"text")
        ('utf-16', None)
    """
    return next((name for mark, name in _MARKS.items() if head.startswith(mark)), None)


def codec_of(head: bytes, where: object, encoding: str | None = None) -> str:
    """Return the name of the codec of a file.

    Args:
        head: Its first bytes.
        where: Named in errors.
        encoding: As for :func:`decode`.

    Raises:
        UserError: It is binary.
    """
    if encoding is not None:
        return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
    marked = codec_of_mark(head) or "utf-8-sig"
    is_kind = head.startswith(tuple(_KINDS)) and (
        _CONTROL.search(head) or head.startswith(b"%PDF-")
    )
    if marked == "utf-8-sig" and (b"\0" in head or is_kind):
        raise _binary(head, where)
    return marked


def _binary(head: bytes, where: object) -> UserError:
    kind = next((kind for mark, kind in _KINDS.items() if head.startswith(mark)), None)
    if kind is None and head.count(b"\0") >= len(head) // 3:
        return UserError(
            f"{where} looks like UTF-16 without a byte order mark. Name its encoding, such as "
            "utf-16-le, or save it as UTF-8."
        )
    return UserError(
        f"{where} is {kind or 'binary data'}, not text. Save it as UTF-8 text (csv, tsv, jsonl or "
        "a line each)."
    )


def _undecodable(where: object, line: int, error: UnicodeDecodeError, codec: str) -> UserError:
    byte = error.object[error.start]
    if not codec.startswith("utf-8"):
        return UserError(f"{where} line {line} is not {codec} (byte 0x{byte:02x}).")
    return UserError(
        f"{where} line {line} is not UTF-8 (byte 0x{byte:02x}); it may be Windows-1252, as "
        "spreadsheets save it. Name its encoding (windows-1252), or convert it: iconv -f "
        "windows-1252 -t utf-8."
    )
