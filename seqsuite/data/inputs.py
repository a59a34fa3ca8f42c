"""Inputs of a command: words, a pipe, or a file of lines or of a table's column."""

from __future__ import annotations

import codecs
import gzip
import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from seqsuite.data import tables
from seqsuite.errors import UserError, nearest

Parsed = TypeVar("Parsed")


class Inputs:
    """The inputs of one command.

    Args:
        words: Inputs from the command line.
        name: A file, ``-`` for standard input; None: the words alone.

    Raises:
        UserError: The file does not exist.
    """

    def __init__(self, words: Sequence[str] = (), name: str | None = None):
        self.words = list(words)
        self.name = name
        if name not in (None, "-") and not Path(str(name)).is_file():
            raise UserError(f"Input file {name} does not exist.")

    @property
    def is_pipe(self) -> bool:
        """Whether the input can be read only once."""
        return self.name == "-"

    @property
    def first_line(self) -> bytes:
        """The first line that is neither empty nor a comment; empty without a file."""
        return self._ahead[0]

    @property
    def is_file_alone(self) -> bool:
        """Whether there is a file (or pipe), and no word beside it."""
        return self.name is not None and not self.words

    def lines(self) -> Iterator[bytes]:
        """Return the lines of the file; of a pipe only once."""
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

        Raises:
            UserError: The table has no such column, or cannot be read.
        """
        yield from map(tables.plain_text, self.words)
        if self.is_pipe:
            for number, line in enumerate(self.lines()):
                content = line if number else line.removeprefix(codecs.BOM_UTF8)
                yield content.decode("utf-8", errors="replace").rstrip("\r\n")
        elif self.name is not None:
            yield from _column_of(Path(self.name), column)

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
            yield from sys.stdin.buffer
            return
        opener: Any = gzip.open if self.name.lower().endswith(".gz") else open
        with opener(self.name, "rb") as file:
            yield from file


def _column_of(path: Path, column: str) -> Iterator[str]:
    name = path.name.lower()
    opener: Any = gzip.open if name.endswith(".gz") else open
    # Read as training reads, but line by line: the file may be larger than memory.
    with opener(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as file:
        suffix = Path(name.removesuffix(".gz")).suffix
        if suffix in (".csv", ".tsv"):
            columns, records = tables.delimited_records(file, suffix, path)
            _check_column(path, column, columns)
            for record in records:
                yield tables.plain_text(record[column])
        elif suffix == ".jsonl":
            for record in tables.json_records(file, path):
                _check_column(path, column, record)
                yield tables.plain_text(record[column])
        else:
            for line in file:
                yield line.rstrip("\r\n")


def _check_column(path: Path, column: str, columns: Any) -> None:
    if column not in columns:
        raise UserError(
            f"{path} has no column {column!r}.{nearest(column, columns)} Columns are "
            f"{', '.join(columns)}; name one with --column."
        )
