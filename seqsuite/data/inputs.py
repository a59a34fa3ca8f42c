"""Inputs of a command: words, a pipe, or a file of lines or of a table's column."""

from __future__ import annotations

import codecs
import gzip
import io
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from seqsuite.data import encodings, tables
from seqsuite.errors import UserError, nearest

Parsed = TypeVar("Parsed")

TABLES = ("csv", "tsv", "jsonl")
"""Formats of which a column is read."""


class Inputs:
    """The inputs of one command.

    Args:
        words: Inputs from the command line.
        name: A file, ``-`` for standard input; None: the words alone.
        column: Column of a table; None: the one that the task names.
        input_format: ``text`` (a line each) or one of ``TABLES``; None: by the file's ending, of a
            pipe by ``column``.
        encoding: Encoding of the file; None: UTF-8, or UTF-16 by its mark.

    Raises:
        UserError: The file does not exist, or an option does not fit.
    """

    def __init__(
        self,
        words: Sequence[str] = (),
        name: str | None = None,
        column: str | None = None,
        input_format: str | None = None,
        encoding: str | None = None,
    ):
        self.words = list(words)
        self.name = name
        self.column = column
        self.encoding = encoding
        self._given_format = input_format
        if name not in (None, "-") and not Path(str(name)).is_file():
            raise UserError(f"Input file {name} does not exist.")
        given = {"--column": column, "--input_format": input_format, "--encoding": encoding}
        flag = next((flag for flag, value in given.items() if value is not None), None)
        if name is None and flag:
            raise UserError(f"{flag} is of a file: add --input FILE (- for a pipe).")

    @property
    def is_pipe(self) -> bool:
        """Whether the input can be read only once."""
        return self.name == "-"

    @property
    def is_terminal(self) -> bool:
        """Whether a person types the input."""
        return self.is_pipe and sys.stdin.buffer.isatty()

    @property
    def where(self) -> str:
        """The name of the input in errors."""
        return "standard input" if self.is_pipe else str(self.name)

    @property
    def first_line(self) -> bytes:
        """The first line that is neither empty nor a comment; empty without a file."""
        return self._ahead[0]

    @property
    def is_file_alone(self) -> bool:
        """Whether there is a file (or pipe), and no word beside it."""
        return self.name is not None and not self.words

    @property
    def input_format(self) -> str:
        """``text`` or one of ``TABLES``."""
        if self._given_format:
            return self._given_format
        if self.is_pipe:
            if self.column is None:
                return "text"
            return "jsonl" if self.first_line.lstrip().startswith(b"{") else "csv"
        suffix = Path(str(self.name).lower().removesuffix(".gz")).suffix[1:]
        return suffix if suffix in TABLES else "text"

    def lines(self) -> Iterator[bytes]:
        r"""Return the lines of the file in UTF-8, which end at ``\n`` alone; of a pipe only once.

        Raises:
            UserError: The file is binary, or not in its encoding.
        """
        return self._ahead[1] if self.is_pipe else self._lines()

    def parsed(self, parse: Callable[[Iterator[bytes]], Iterator[Parsed]]) -> Iterator[Parsed]:
        """Yield what the lines hold; of a file only once all of it could be read.

        A mistake at its end is better told before anything is written. A pipe is read only once.

        Args:
            parse: Lines -> what they hold.
        """
        if not self.is_pipe:
            for _ in parse(self.lines()):
                pass
        yield from parse(self.lines())

    def texts(self, column: str) -> Iterator[str]:
        """Yield the words, then the lines of the file, or the column of a csv, tsv or jsonl file.

        Args:
            column: The column, where ``--column`` names none.

        Raises:
            UserError: The table has no such column, or cannot be read.
        """
        yield from map(tables.plain_text, self.words)
        if self.name is None:
            return
        if self.input_format == "text":
            if self.column is not None:
                raise UserError(
                    f"{self.where} is read as lines of text, which have no columns: leave --column "
                    f"out, or add --input_format {' or '.join(TABLES)}."
                )
            yield from self.parsed(_texts)
        else:
            yield from self.parsed(lambda lines: self._column(lines, self.column or column))

    def _column(self, lines: Iterable[bytes], column: str) -> Iterator[str]:
        texts = _without_mark(lines)
        if self.input_format == "jsonl":
            for number, line in enumerate(texts, 1):
                where = f"{self.where} line {number}"
                for record in tables.json_records([line], self.where, number):
                    value = tables.field(record, column)
                    if value is tables.ABSENT:
                        raise _no_column(where, column, record)
                    yield tables.plain_text(value, where)
            return
        # Old files end lines with a carriage return alone.
        rows = (row for line in texts for row in io.StringIO(line, newline=""))
        columns, records = tables.delimited_records(rows, f".{self.input_format}", self.where)
        if column not in columns:
            raise _no_column(self.where, column, columns)
        for record in records:
            yield tables.plain_text(record[column])

    @cached_property
    def _ahead(self) -> tuple[bytes, Iterator[bytes]]:
        lines = self._lines()
        read: list[bytes] = []
        for line in lines:
            content = line if read else line.removeprefix(codecs.BOM_UTF8)
            read.append(line)
            if content.strip() and not content.startswith(b"#"):
                return content, itertools.chain(read, lines)
        return b"", iter(read)

    def _lines(self) -> Iterator[bytes]:
        if self.name is None:
            return
        if self.is_pipe:
            yield from self._decoded(sys.stdin.buffer)
            return
        opener: Any = gzip.open if self.name.lower().endswith(".gz") else open
        with opener(self.name, "rb") as file:
            yield from self._decoded(file)

    def _decoded(self, file: Any) -> Iterator[bytes]:
        for line in encodings.lines(file, self.where, self.encoding, keep_mark=True):
            yield line.encode("utf-8")


def _without_mark(lines: Iterable[bytes]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield line.decode("utf-8" if number else "utf-8-sig")


def _texts(lines: Iterable[bytes]) -> Iterator[str]:
    for line in _without_mark(lines):
        yield line.rstrip("\r\n")


def _no_column(where: str, column: str, columns: Iterable[str]) -> UserError:
    names = list(columns)
    return UserError(
        f"{where} has no column {column!r}.{nearest(column, names)} Columns are "
        f"{', '.join(names)}; name one with --column."
    )
