"""Labelled texts in tables (csv, tsv, jsonl), in a folder per label, or in archives of either."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from seqsuite.data import encodings, raw_files, tables
from seqsuite.data.examples import Examples
from seqsuite.data.files import named_path
from seqsuite.errors import UserError, nearest
from seqsuite.tasks.sentiment.config import SentimentDataConfig

NAME = "files"
DESCRIPTION = "your own files: --data.train FILE [--data.validation FILE] --data.test FILE"

_FORMATS = "a csv, tsv or jsonl file, a folder with a folder per label, or an archive of one"
_TABLES = (".csv", ".tsv", ".jsonl")
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
    path = named_path(split, options, _FORMATS)
    return None if path is None else read(path, options)


def read(path: Path, options: SentimentDataConfig) -> Examples:
    """Read labelled texts.

    Args:
        path: A table (``.csv``, ``.tsv``, ``.jsonl``, each also ``.gz``), a folder with a folder
            per label that holds ``.txt`` files, or a ``.tar``, ``.tar.gz`` or ``.zip`` of either.
        options: ``text_column``, ``label_column`` and ``label_separator`` (None: one label each).

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
    labels = [_labels(label, options.label_separator, path) for _, label in kept]
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
    found = raw_files.members(path, lambda name: _suffix(name) in _TABLES or _is_text(name))
    tables = [(name, data) for name, data in found if _suffix(name) in _TABLES]
    if len(tables) > 1:
        # Joining them would silently put a test table into training.
        raise UserError(
            f"{path} holds {len(tables)} tables ({', '.join(name for name, _ in tables[:4])}): "
            "expected one. Unpack it and name the table."
        )
    for name, data in tables:
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


def _suffix(name: str) -> str:
    return PurePosixPath(name.lower().removesuffix(".gz")).suffix


def _is_text(name: str) -> bool:
    return name.lower().endswith((".txt", ".txt.gz"))


def _table(data: bytes, name: str, where: object, options: SentimentDataConfig) -> Iterator[_Row]:
    suffix = _suffix(name)
    if suffix not in _TABLES:
        raise UserError(
            f"{where}: format {suffix or 'without an ending'} is not known. Expected .csv, .tsv or "
            ".jsonl (also .gz), a folder per label, or an archive."
        )
    text = encodings.decode(data, where, options.encoding)
    if suffix == ".jsonl":
        yield from _json_lines(text, where, options)
    else:
        yield from _delimited(text, suffix, where, options)


def _delimited(
    text: str, suffix: str, where: object, options: SentimentDataConfig
) -> Iterator[_Row]:
    columns, records = tables.delimited_records(io.StringIO(text, newline=""), suffix, where)
    _check_columns(where, columns, options)
    for record in records:
        yield record[options.text_column], record[options.label_column]


def _json_lines(text: str, where: object, options: SentimentDataConfig) -> Iterator[_Row]:
    records = list(tables.json_records(text.split("\n"), where))
    # A key may be left out of some lines, as an empty cell of a table may.
    _check_columns(where, list(dict.fromkeys(key for record in records for key in record)), options)
    for record in records:
        value = record.get(options.text_column)
        yield None if value is None else tables.plain_text(value), record.get(options.label_column)


def _check_columns(where: object, columns: Sequence[str], options: SentimentDataConfig) -> None:
    if not columns:
        raise UserError(f"{where} is empty: expected rows with a text and a label.")
    for flag in ("text_column", "label_column"):
        wanted = getattr(options, flag)
        if wanted not in columns:
            raise UserError(
                f"{where} has no column {wanted!r}.{nearest(wanted, columns)} Columns are "
                f"{', '.join(map(repr, columns))}; name one with --data.{flag}."
            )


def _labels(value: object, separator: str | None, where: object) -> Any:
    """Return a label ("" when there is none), or a sorted tuple of labels."""
    if separator is None:
        if isinstance(value, list | dict):
            raise UserError(
                f"{where}: a label is {str(value)[:40]}, expected one name. For several "
                "labels a text add --data.label_separator ';'."
            )
        return "" if value is None else str(value).strip()
    if isinstance(value, list):
        names = [str(name) for name in value]
    else:
        names = [] if value is None else str(value).split(separator)
    return tuple(sorted({name.strip() for name in names if name.strip()}))
