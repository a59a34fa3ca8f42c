"""Large csv tables, read a stretch of rows at a time into one array a column."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import itertools
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from seqsuite.data import encodings
from seqsuite.errors import UserError
from seqsuite.tasks.forecasting.data.columns import COLUMNS, Labels, NotNumbers, Reading, Times

# Fields that are texts at one time; a few tens of MB.
_FIELDS_AT_A_TIME = 2**18
_UNREADABLE = (OSError, EOFError, zlib.error)


def read_columns(
    path: Path, choose: Callable[[list[str]], dict[str, str]], reading: Reading
) -> dict[str, Times | Labels | np.ndarray]:
    """Read columns of a table with a header.

    Args:
        path: A csv file (also with semicolons or tabs), or ``.gz`` or ``.zip`` of one.
        choose: From the header to column -> ``time``, ``name``, ``number``, or ``either``: numbers
            if all of its texts are, else names. Other columns are passed over.
        reading: How texts are read.

    Returns:
        The chosen columns. Numbers are float64, NaN where missing or infinite.

    Raises:
        UserError: The file is unreadable or damaged, or a text is not what it should be; the
            message names file, column and line.
    """
    names: set[str] = set()
    while True:
        try:
            return _read(path, choose, reading, names)
        except NotNumbers as found:
            # What was read so far is numbers, and numbers do not say how they were written.
            names.add(found.column)


def _read(
    path: Path,
    choose: Callable[[list[str]], dict[str, str]],
    reading: Reading,
    names: set[str],
) -> dict[str, Times | Labels | np.ndarray]:
    with _opened(path, reading) as file:
        try:
            header, stretches = _stretches(file, path)
            kinds = choose(header)
            columns: dict[str, Any] = {
                name: COLUMNS["name" if name in names else kind](name, kind, path, reading)
                for name, kind in kinds.items()
            }
            index = {name: place for place, name in enumerate(header)}
            places = [(column, index[name]) for name, column in columns.items()]
            for fields, line_of in stretches:
                for column, place in places:
                    column.add(fields[place], line_of)
        except csv.Error as error:
            raise UserError(
                f"{path} cannot be read as a table: {error}. A quoted text must end with a quote, "
                "and a quote inside it is doubled."
            ) from error
        except UnicodeDecodeError as error:
            raise UserError(
                f"{path} is not {error.encoding.upper()} (byte 0x{error.object[error.start]:02x}). "
                "Name its encoding with --data.encoding, such as windows-1252, or save it as UTF-8."
            ) from error
        except _UNREADABLE as error:
            raise UserError(f"{path} cannot be read: {error}.") from error
    return {name: column.finish() for name, column in columns.items()}


@contextlib.contextmanager
def _opened(path: Path, reading: Reading) -> Iterator[TextIO]:
    ending = path.name.lower().rpartition(".")[2]
    with contextlib.ExitStack() as stack:
        try:
            binary: Any = stack.enter_context(_BINARY.get(ending, open)(path, "rb"))
            head = binary.read(encodings.HEAD)
            binary.seek(0)
        except (*_UNREADABLE, zipfile.BadZipFile) as error:
            raise UserError(f"{path} cannot be read: {error}.") from error
        codec = encodings.codec_of(head, path, reading.encoding)
        yield io.TextIOWrapper(binary, codec, reading.undecodable, newline="")


@contextlib.contextmanager
def _only_member(path: Path, mode: str) -> Iterator[Any]:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        if len(names) != 1:
            raise UserError(f"{path} holds {len(names)} files, expected one table. Unpack it.")
        with archive.open(names[0]) as member:
            yield member


_BINARY: dict[str, Any] = {"gz": gzip.open, "zip": _only_member}


def _stretches(
    file: TextIO, path: Path
) -> tuple[list[str], Iterator[tuple[list[tuple[str, ...]], Callable[[int], int]]]]:
    """Return the header, and stretches of rows as columns, with a function from row to line."""
    csv.field_size_limit(2**31 - 1)
    first = file.readline()
    tabs = path.name.lower().removesuffix(".gz").endswith((".tsv", ".txt"))
    if "\t" in first and (tabs or ("," not in first and ";" not in first)):
        delimiter = "\t"
    else:
        # Spreadsheets write semicolons where the comma is the decimal sign.
        delimiter = ";" if ";" in first and "," not in first else ","
    reader = csv.reader(itertools.chain([first], file), delimiter=delimiter, strict=True)
    header = [name.strip() for name in next(reader, [])]
    if not any(header):
        raise UserError(f"{path} is empty. Give a table whose first line names its columns.")
    most = Counter(header).most_common(1)[0]
    if most[1] > 1:
        raise UserError(f"{path} has several columns {most[0]!r}. Give each a name of its own.")
    return header, _transposed(reader, len(header), path)


def _transposed(
    reader: Any, width: int, path: Path
) -> Iterator[tuple[list[tuple[str, ...]], Callable[[int], int]]]:
    count = max(1, _FIELDS_AT_A_TIME // width)
    while True:
        before = reader.line_num
        rows = list(itertools.islice(reader, count))
        if not rows:
            return
        lines: Sequence[int] = range(before + 1, before + 1 + len(rows))
        if any(len(row) != width for row in rows):
            lines = [line for line, row in zip(lines, rows, strict=True) if row]
            rows = [row for row in rows if row]
            wrong = next((i for i, row in enumerate(rows) if len(row) != width), None)
            if wrong is not None:
                raise UserError(
                    f"{path} line {lines[wrong]} has {len(rows[wrong])} fields, the header has "
                    f"{width}. Put texts and numbers with a comma in double quotes, or separate "
                    "columns with semicolons."
                )
        if rows:
            yield list(zip(*rows, strict=True)), lines.__getitem__
