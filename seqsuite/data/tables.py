"""Records of tables: csv, tsv and jsonl line by line, JSON arrays, Parquet and Excel files."""

from __future__ import annotations

import csv
import io
import itertools
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from seqsuite.data import encodings
from seqsuite.data.records import ABSENT, delimited_records, field, json_records, plain_text
from seqsuite.errors import UserError, nearest

LINES = ("csv", "tsv", "jsonl")
"""Formats that are read line by line."""
FORMATS = (*LINES, "json", "parquet", "xlsx")
"""Endings of tables; those of text also with ``.gz`` behind."""


def format_of(name: str) -> str | None:
    """Return the format that a file's name ends in; None: it is no table.

    Example:
        >>> format_of("Reviews.CSV.gz"), format_of("reviews.txt")
        ('csv', None)
    """
    ending = PurePosixPath(name.lower().removesuffix(".gz")).suffix[1:]
    return ending if ending in FORMATS else None


@dataclass(frozen=True)
class Table:
    """A table that is being read.

    Args:
        where: Named in errors.
        columns: The columns; of jsonl those of the first object.
        records: Column -> value, row by row.
        unit: What errors call a row.
        are_fixed: Whether all rows have the same columns.
    """

    where: object
    columns: list[str]
    records: Iterator[dict[str, Any]]
    unit: str = "row"
    are_fixed: bool = True

    def names(self, wanted: str, flag: str) -> list[str]:
        """Return the columns that an option names, several with commas between.

        Args:
            wanted: The option.
            flag: Its flag, for the error.

        Raises:
            UserError: There is no such column.
        """
        names = names_of(wanted, self.columns)
        for name in names if self.are_fixed else ():
            if name not in self.columns:
                raise no_column(self.where, name, self.columns, flag)
        return names

    def place(self, number: int) -> str:
        """Return what errors call a row, counted from 1."""
        return f"{self.unit} {number}"


def names_of(wanted: str, columns: Sequence[str] = ()) -> list[str]:
    """Return the names in an option of columns; a column may have a comma in its name.

    Example:
        >>> names_of("title, body"), names_of("a,b", ["a,b"])
        (['title', 'body'], ['a,b'])
    """
    if wanted in columns or "," not in wanted:
        return [wanted]
    return [name.strip() for name in wanted.split(",") if name.strip()]


def no_column(where: object, name: str, columns: Sequence[str], flag: str) -> UserError:
    """Return the error for a column that a table lacks."""
    if not columns:
        return UserError(f"{where} is empty: expected a table with column {name!r}.")
    hint = nearest(name, columns)
    return UserError(
        f"{where} has no column {name!r}.{hint} Columns are {', '.join(map(repr, columns))}; name "
        f"one with {flag}."
    )


def joined(record: Mapping[str, Any], names: Sequence[str], where: str) -> str:
    """Return the text of some columns, joined by spaces; empty ones are left out.

    Raises:
        UserError: The record lacks a column, or holds no text in it.

    Example:
        >>> joined({"title": "Oil", "body": "It rises."}, ["title", "body"], "a.csv row 1")
        'Oil It rises.'
    """
    texts = []
    for name in names:
        value = field(record, name)
        if value is ABSENT:
            raise no_column(where, name, list(record), "--column")
        texts.append(plain_text(value, where))
    return texts[0] if len(texts) == 1 else " ".join(filter(None, texts))


def of_lines(lines: Iterable[str], table_format: str, where: object, *wanted: str) -> Table:
    r"""Read a table of one of the formats ``LINES``.

    A csv or tsv table of which only numbers are wanted has no header: its columns are called ``0``,
    ``1``, ..., and a note on standard error says so.

    Args:
        lines: The text, line ends kept.
        table_format: One of ``LINES``.
        where: Named in errors.
        *wanted: The options that name columns.

    Raises:
        UserError: The header cannot be read; reading the records raises it for a damaged row.

    Example:
        >>> table = of_lines(["fine,good\n"], "csv", "a.csv", "1")
        >>> table.columns, list(table.records)
        (['0', '1'], [{'0': 'fine', '1': 'good'}])
    """
    if table_format == "jsonl":
        objects = _numbered_json(lines, where)
        first = next(objects, None)
        read = iter(()) if first is None else itertools.chain([first], objects)
        return Table(where, list(first or ()), read, "line", are_fixed=False)
    # Old files end lines with a carriage return alone.
    every = (row for line in lines for row in io.StringIO(line, newline=""))
    ahead, rows = itertools.tee(every)
    columns, records = delimited_records(rows, f".{table_format}", where)
    names = [name for one in wanted for name in names_of(one, columns)]
    if names and all(name.isdecimal() and name not in columns for name in names):
        numbers = [str(number) for number in range(len(columns))]
        if columns:
            print(
                f"note: {where}: columns are named by number, so that its first line is a row",
                file=sys.stderr,
            )
        columns, records = delimited_records(ahead, f".{table_format}", where, numbers)
    return Table(where, columns, records)


def _numbered_json(lines: Iterable[str], where: object) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        yield from json_records([line], where, number)


def of_bytes(
    data: bytes, table_format: str, where: object, *wanted: str, encoding: str | None = None
) -> Table:
    """Read a table of any format that is in memory.

    Args:
        data: The unpacked file.
        table_format: One of ``FORMATS``.
        where: Named in errors.
        *wanted: As for :func:`of_lines`.
        encoding: Of text; None: by its mark, or UTF-8.

    Raises:
        UserError: It cannot be read.
    """
    if table_format in ("parquet", "xlsx"):
        # pyarrow and openpyxl take half a second.
        from seqsuite.data import binary_tables

        columns, records = binary_tables.READERS[table_format](data, where)
        return Table(where, columns, records)
    text = encodings.decode(data, where, encoding)
    if table_format == "json":
        if not text.lstrip().startswith("["):
            table_format = "jsonl"
        else:
            items = _json_array(text, where)
            return Table(
                where,
                list(dict.fromkeys(k for r in items for k in r)),
                iter(items),
                "object",
                are_fixed=False,
            )
    lines = io.StringIO(text, newline="\n" if table_format == "jsonl" else "")
    return of_lines(lines, table_format, where, *wanted)


def _json_array(text: str, where: object) -> list[dict[str, Any]]:
    try:
        items = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where} is not JSON: {error}.") from error
    if not all(isinstance(item, dict) for item in items):
        raise UserError(f"{where} must be an array of JSON objects, or an object a line.")
    return items


def row_text(cells: Iterable[object], table_format: str) -> str:
    r"""Return a row as a line of csv or tsv.

    Args:
        cells: Texts stay; None is empty; everything else is JSON.
        table_format: ``csv``, or ``tsv``, in which tabs and line ends become spaces.

    Example:
        >>> row_text(["a,b", None, [1, 2]], "csv")
        '"a,b",,"[1, 2]"\n'
    """
    texts = [cell if isinstance(cell, str) else _cell(cell) for cell in cells]
    if table_format == "tsv":
        table = str.maketrans("\t\n\r", "   ")
        return "\t".join(text.translate(table) for text in texts) + "\n"
    buffer = io.StringIO(newline="")
    # Both characters, so that cells with either are quoted.
    csv.writer(buffer, lineterminator="\r\n").writerow(texts)
    return buffer.getvalue().removesuffix("\r\n") + "\n"


def _cell(value: object) -> str:
    if isinstance(value, bool | int | float | list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "" if value is None else str(value)
