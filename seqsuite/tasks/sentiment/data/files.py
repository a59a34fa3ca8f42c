"""Labelled texts: tables, folders of texts per label, archives of either, fastText's lines."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from seqsuite.data import encodings, raw_files, tables
from seqsuite.data.examples import Examples
from seqsuite.data.files import read_named
from seqsuite.errors import UserError
from seqsuite.tasks.sentiment.config import SentimentDataConfig

NAME = "files"
DESCRIPTION = "your own files: --data.train FILE [--data.validation FILE] --data.test FILE"

_FORMATS = (
    "a table (csv, tsv, jsonl, json, parquet, xlsx), a folder with a folder per label, an archive "
    "of one, or lines that begin with __label__NAME"
)
_MARK = "__label__"
_NO = ("", "0", "0.0", "false", "no", "none")
_Row = tuple[str | None, Any]


def load(split: str, options: SentimentDataConfig) -> Examples | None:
    """Read the table, folder or archive that the data section names for ``split``.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section.

    Returns:
        The examples, or None when no path is given for an optional split.

    Raises:
        UserError: A path is missing, or its content cannot be used.
    """
    return read_named(split, options, _FORMATS, lambda path: read(path, options))


def read(path: Path, options: SentimentDataConfig) -> Examples:
    """Read labelled texts.

    Args:
        path: A table (one of ``tables.FORMATS``, text also ``.gz``), a folder with a folder per
            label that holds ``.txt`` files, a ``.tar``, ``.tar.gz`` or ``.zip`` of either, or a
            ``.txt`` file whose lines begin with ``__label__NAME``, as fastText has them.
        options: ``text_column``, ``label_column`` and ``label_separator`` (None: one label each).
            Several columns of labels have 1 or 0 each.

    Returns:
        ``text`` and labels; rows without text are left out and counted on standard error.

    Raises:
        UserError: Empty, not UTF-8, a column is missing, or no row has a text.
    """
    rows = list(_rows(path, options))
    if not rows:
        raise UserError(f"{path} is empty: expected rows with a text and a label.")
    kept = [(text, label) for text, label in rows if text is not None and text.strip()]
    if not kept:
        raise UserError(f"{path}: no row has a text in column {options.text_column!r}.")
    labels = [_labels(label, options, path) for _, label in kept]
    unlabelled = sum(label == "" for label in labels)
    if unlabelled:
        raise UserError(
            f"{path}: {unlabelled} of {len(kept)} rows have no label in column "
            f"{options.label_column!r}. Fill them in or leave those rows out."
        )
    if len(kept) < len(rows):
        print(
            f"note: {path}: {len(rows) - len(kept)} of {len(rows)} rows have no text and are left "
            "out",
            file=sys.stderr,
        )
    return Examples({"text": [text for text, _ in kept]}, labels)


def _rows(path: Path, options: SentimentDataConfig) -> Iterator[_Row]:
    if path.is_dir():
        yield from _folder(path, options)
    elif raw_files.is_archive(path):
        yield from _archive(path, options)
    else:
        yield from _table(raw_files.content(path), path.name, path, options)


def _folder(path: Path, options: SentimentDataConfig) -> Iterator[_Row]:
    files = sorted(file for file in path.glob("*/*.txt*") if _is_text(file.name))
    if not files:
        raise UserError(
            f"{path} has no LABEL/*.txt files: a folder must hold one folder of texts per label."
        )
    for file in files:
        yield encodings.decode(raw_files.content(file), file, options.encoding), file.parent.name


def _archive(path: Path, options: SentimentDataConfig) -> Iterator[_Row]:
    found = raw_files.members(path, lambda name: bool(tables.format_of(name)) or _is_text(name))
    ones = [(name, data) for name, data in found if tables.format_of(name)]
    if len(ones) > 1:
        # Joining them would silently put a test table into training.
        raise UserError(
            f"{path} holds {len(ones)} tables ({', '.join(name for name, _ in ones[:4])}): "
            "expected one. Unpack it and name the table."
        )
    for name, data in ones:
        yield from _table(data, name, f"{path}:{name}", options)
        return
    # A readme beside the folders of labels is no example.
    depth = max((len(PurePosixPath(name).parts) for name, _ in found), default=0)
    texts = [(name, data) for name, data in found if len(PurePosixPath(name).parts) == depth]
    if depth < 2:
        raise UserError(f"{path} holds neither a table (csv, tsv, jsonl) nor LABEL/*.txt files.")
    roots = sorted({str(PurePosixPath(name).parent.parent) for name, _ in texts})
    if len(roots) > 1:
        raise UserError(
            f"{path} holds folders of labels in {len(roots)} places ({', '.join(roots[:4])}): "
            "expected one. Unpack it and name the folder."
        )
    for name, data in texts:
        text = encodings.decode(data, f"{path}:{name}", options.encoding)
        yield text, PurePosixPath(name).parent.name


def _is_text(name: str) -> bool:
    return name.lower().endswith((".txt", ".txt.gz"))


def _table(data: bytes, name: str, where: object, options: SentimentDataConfig) -> Iterator[_Row]:
    table_format = tables.format_of(name)
    wanted = [*tables.names_of(options.text_column), *tables.names_of(options.label_column)]
    if table_format is None and all(map(str.isdecimal, wanted)):
        # Numbers are of columns: the SMS spam collection is such a table, without an ending.
        table_format = "tsv"
    if table_format is None:
        if not _is_text(name) and not data.startswith(_MARK.encode()):
            ending = PurePosixPath(name.lower().removesuffix(".gz")).suffix or "without an ending"
            raise UserError(f"{where}: format {ending} is not known. Expected {_FORMATS}.")
        yield from _marked_lines(data, where, options)
        return
    text, label = options.text_column, options.label_column
    table = tables.of_bytes(data, table_format, where, text, label, encoding=options.encoding)
    records = list(table.records)
    # A key may be left out of some objects, as an empty cell of a table may.
    columns = list(dict.fromkeys([*table.columns, *(key for row in records for key in row)]))
    if not columns:
        raise UserError(f"{where} is empty: expected rows with a text and a label.")
    whole = replace(table, columns=columns, are_fixed=True)
    texts = whole.names(text, "--data.text_column")
    labels = whole.names(label, "--data.label_column")
    for number, record in enumerate(records, 1):
        filled = {name: record.get(name) for name in texts}
        text = tables.joined(filled, texts, f"{where} {table.place(number)}")
        if len(labels) == 1:
            yield text or None, record.get(labels[0])
        else:
            yield text or None, [name for name in labels if _is_yes(record.get(name))]


def _is_yes(value: object) -> bool:
    return str("" if value is None else value).strip().lower() not in _NO


def _marked_lines(data: bytes, where: object, options: SentimentDataConfig) -> Iterator[_Row]:
    """Yield texts with their labels, ``__label__NAME`` words at the beginning of each line."""
    for number, line in enumerate(encodings.decode(data, where, options.encoding).split("\n"), 1):
        words, labels = line.split(), []
        while words and words[0].startswith(_MARK):
            labels.append(words.pop(0).removeprefix(_MARK))
        if line.strip() and not labels:
            raise UserError(
                f"{where} line {number} does not begin with {_MARK}NAME. Expected {_FORMATS}."
            )
        if labels:
            one = labels[0] if len(labels) == 1 and not options.multi_label else labels
            yield " ".join(words), one


def _labels(value: object, options: SentimentDataConfig, where: object) -> Any:
    """Return a label ("" when there is none), or a sorted tuple of labels."""
    if not options.multi_label:
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, list | dict):
            raise UserError(
                f"{where}: a label is {str(value)[:40]}, expected one name. For several "
                "labels a text add --data.label_separator ';'."
            )
        return "" if value is None else str(value).strip()
    if isinstance(value, list):
        names = [str(name) for name in value]
    else:
        names = [] if value is None else str(value).split(options.label_separator)
    return tuple(sorted({name.strip() for name in names if name.strip()}))
