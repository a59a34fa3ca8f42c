"""Inputs of a command: words, lines of a file or pipe, rows of a table."""

from __future__ import annotations

import gzip
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from seqsuite.data import encodings, raw_files, records, tables
from seqsuite.data.pipes import Pipe
from seqsuite.errors import UserError

Parsed = TypeVar("Parsed")

TABLES = tables.FORMATS
"""Formats of which a column is read."""

_MARK = "\ufeff"


@dataclass(frozen=True)
class Row:
    """One input.

    Args:
        text: Its text; a list of words where the reader takes lists.
        record: The row of the table; None: no table.
    """

    text: Any
    record: dict[str, Any] | None = None


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
        if name is None and self._flag:
            raise UserError(f"{self._flag} is of a file: add --input FILE (- for a pipe).")

    @property
    def _flag(self) -> str | None:
        """A given flag on how to read the file, or None."""
        given = {
            "--column": self.column,
            "--input_format": self._given_format,
            "--encoding": self.encoding,
        }
        return next((flag for flag, value in given.items() if value is not None), None)

    @property
    def is_pipe(self) -> bool:
        """Whether the input can be read only once."""
        return self.name == "-"

    @property
    def is_terminal(self) -> bool:
        """Whether the input is typed at a terminal."""
        return self.is_pipe and sys.stdin.buffer.isatty()

    @property
    def where(self) -> str:
        """The name of the input in errors."""
        return "standard input" if self.is_pipe else str(self.name)

    @property
    def first_line(self) -> str:
        """The first line that is neither empty nor a comment; empty without a file."""
        return self._ahead[0]

    @property
    def is_file_alone(self) -> bool:
        """Whether the only input is a file or pipe whose format no flag names."""
        alone = self.name is not None and not self.words
        return alone and self.column is None and self._given_format is None

    @property
    def input_format(self) -> str:
        """``text`` or one of ``TABLES``."""
        if self._given_format:
            return self._given_format
        if self.is_pipe:
            if self.column is None:
                return "text"
            return "jsonl" if self.first_line.lstrip().startswith("{") else "csv"
        return tables.format_of(str(self.name)) or "text"

    def is_ready(self, seconds: float) -> bool:
        """Return whether more of a pipe arrives within some seconds; True for files."""
        return not self.is_pipe or self._pipe.is_ready(seconds)

    def refuse_flags(self, content: str) -> None:
        """Refuse flags on how to read a file.

        Args:
            content: The content that is read without them.

        Raises:
            UserError: One was given.
        """
        if self._flag:
            raise UserError(f"{self._flag} is of texts and tables: leave it out with {content}.")

    def lines(self) -> Iterator[str]:
        r"""Return the lines of the file, which end at ``\n`` alone; of a pipe only once.

        A byte order mark is kept, so that the lines joined are the file again.

        Raises:
            UserError: The file is binary, or not in its encoding.
        """
        return self._ahead[1] if self.is_pipe else self._lines()

    def parsed(self, parse: Callable[[Iterator[str]], Iterator[Parsed]]) -> Iterator[Parsed]:
        """Parse the lines; a file is parsed completely before anything is yielded.

        Errors at the end of a file are raised before anything is written. A pipe is parsed lazily.

        Args:
            parse: Function of an iterator of lines.
        """
        if not self.is_pipe:
            for _ in parse(self.lines()):
                pass
        yield from parse(self.lines())

    def texts(self, column: str) -> Iterator[str]:
        """Yield the texts of :meth:`rows`."""
        for row in self.rows(column):
            yield row.text

    def rows(self, column: str, lists: bool = False) -> Iterator[Row]:
        """Yield the words, then the lines of the file, or the rows of a table.

        Args:
            column: The column of the text, where ``--column`` names none.
            lists: Whether lists of words are read too, where a column holds them.

        Raises:
            UserError: The table has no such column, or cannot be read.
        """
        for word in self.words:
            yield Row(records.plain_text(word))
        if self.name is None:
            return
        if self.input_format == "text":
            if self.column is not None:
                raise UserError(
                    f"{self.where} is read as lines of text, which have no columns: leave --column "
                    f"out, or add --input_format {' or '.join(TABLES)}."
                )
            yield from self.parsed(_texts)
        elif self.input_format in tables.LINES:
            yield from self.parsed(lambda lines: self._table(lines, self.column or column, lists))
        else:
            yield from self._whole_table(self.column or column, lists)

    def _table(self, lines: Iterable[str], column: str, lists: bool) -> Iterator[Row]:
        table = tables.of_lines(_without_mark(lines), self.input_format, self.where, column)
        return self._of_column(table, column, lists)

    def _whole_table(self, column: str, lists: bool) -> Iterator[Row]:
        data = b"".join(self._pipe) if self.is_pipe else raw_files.content(Path(str(self.name)))
        table = tables.of_bytes(data, self.input_format, self.where, column, encoding=self.encoding)
        # A mistake at its end is better told before anything is written.
        yield from list(self._of_column(table, column, lists))

    def _of_column(self, table: tables.Table, column: str, lists: bool) -> Iterator[Row]:
        names = table.names(column, "--column")
        for number, record in enumerate(table.records, 1):
            where = f"{self.where} {table.place(number)}"
            words = records.field(record, names[0]) if lists and len(names) == 1 else None
            # Columns of parquet are arrays.
            words = words.tolist() if isinstance(words, np.ndarray) else words
            if isinstance(words, list) and all(isinstance(word, str) for word in words):
                yield Row([records.plain_text(word) for word in words], record)
            else:
                yield Row(tables.joined(record, names, where), record)

    @cached_property
    def _ahead(self) -> tuple[str, Iterator[str]]:
        lines = self._lines()
        read: list[str] = []
        for line in lines:
            content = line if read else line.removeprefix(_MARK)
            read.append(line)
            if content.strip() and not content.startswith("#"):
                return content, itertools.chain(read, lines)
        return "", iter(read)

    @cached_property
    def _pipe(self) -> Pipe:
        return Pipe(sys.stdin.buffer)

    def _lines(self) -> Iterator[str]:
        if self.name is None:
            return
        if self.is_pipe:
            yield from self._decoded(self._pipe)
            return
        opener: Any = gzip.open if self.name.lower().endswith(".gz") else open
        with opener(self.name, "rb") as file:
            yield from self._decoded(file)

    def _decoded(self, file: Any) -> Iterator[str]:
        return encodings.lines(file, self.where, self.encoding, keep_mark=True)


def _without_mark(lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield line if number else line.removeprefix(_MARK)


def _texts(lines: Iterable[str]) -> Iterator[Row]:
    for line in _without_mark(lines):
        yield Row(line.rstrip("\r\n"))
