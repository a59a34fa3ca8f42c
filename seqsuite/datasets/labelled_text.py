"""Labelled texts in tables (csv, tsv, jsonl), in a folder per label, or in archives of either."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from seqsuite.datasets.examples import Examples
from seqsuite.errors import UserError, nearest

_TABLES = (".csv", ".tsv", ".jsonl")
_Row = tuple[str | None, Any]


def read(path: Path, options: Any) -> Examples:
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
    unlabelled = sum(label is None for _, label in kept)
    if unlabelled and options.label_separator is None:
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
    labels = [_labels(label, options.label_separator) for _, label in kept]
    return Examples({"text": [text for text, _ in kept]}, labels)


def _rows(path: Path, options: Any) -> Iterator[_Row]:
    if path.is_dir():
        files = sorted(path.glob("*/*.txt"))
        if not files:
            raise UserError(
                f"{path} has no LABEL/*.txt files: a folder must hold one folder of texts per label."
            )
        for file in files:
            yield _decode(file.read_bytes(), file), file.parent.name
        return
    name = path.name.lower()
    if name.endswith((".tar", ".tar.gz", ".tgz", ".zip")):
        yield from _archive(path, options)
    else:
        suffix = PurePosixPath(name.removesuffix(".gz")).suffix
        yield from _table(_content(path), suffix, path, options)


def _content(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if path.name.lower().endswith(".gz") else data
    except (OSError, EOFError) as error:
        raise UserError(f"{path} cannot be read: {error}.") from error


def _archive(path: Path, options: Any) -> Iterator[_Row]:
    members = dict(sorted(_members(path)))
    tables = [name for name in members if PurePosixPath(name).suffix.lower() in _TABLES]
    if tables:
        for name in tables:
            suffix = PurePosixPath(name).suffix.lower()
            yield from _table(members[name], suffix, f"{path}:{name}", options)
        return
    texts = [name for name in members if name.endswith(".txt") and "/" in name]
    if not texts:
        raise UserError(f"{path} holds neither a table (csv, tsv, jsonl) nor LABEL/*.txt files.")
    for name in texts:
        yield _decode(members[name], f"{path}:{name}"), PurePosixPath(name).parent.name


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        if path.name.lower().endswith(".zip"):
            with zipfile.ZipFile(path) as archive:
                for info in archive.infolist():
                    if not info.is_dir():
                        yield info.filename, archive.read(info)
            return
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isfile():
                    content = archive.extractfile(member)
                    yield member.name, content.read() if content else b""
    except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError) as error:
        raise UserError(f"{path} is not a readable archive: {error}.") from error


def _table(data: bytes, suffix: str, where: Any, options: Any) -> Iterator[_Row]:
    text = _decode(data, where)
    if suffix == ".jsonl":
        yield from _json_lines(text, where, options)
        return
    if suffix not in (".csv", ".tsv"):
        raise UserError(
            f"{where}: format {suffix or 'without an ending'} is not known. Expected .csv, .tsv or "
            ".jsonl (also .gz), a folder per label, or an archive."
        )
    csv.field_size_limit(2**31 - 1)  # the default of 128 KiB refuses long documents
    # A tab-separated file is one record a line by custom: its quotes are plain characters.
    if suffix == ".tsv":
        reader = csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
    else:
        reader = csv.DictReader(io.StringIO(text, newline=""))
    _check_columns(where, reader.fieldnames or [], options)
    for record in reader:
        yield record[options.text_column], record[options.label_column] or None


def _json_lines(text: str, where: Any, options: Any) -> Iterator[_Row]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise UserError(f"{where} line {number} is not JSON: {error.msg}.") from error
        if not isinstance(record, dict):
            raise UserError(f"{where} line {number} is not a JSON object.")
        _check_columns(f"{where} line {number}", list(record), options)
        value = record[options.text_column]
        yield None if value is None else str(value), record[options.label_column]


def _check_columns(where: Any, columns: Any, options: Any) -> None:
    if not columns:
        raise UserError(f"{where} is empty: expected rows with a text and a label.")
    for flag in ("text_column", "label_column"):
        wanted = getattr(options, flag)
        if wanted not in columns:
            raise UserError(
                f"{where} has no column {wanted!r}.{nearest(wanted, columns)} Columns are "
                f"{', '.join(map(repr, columns))}; name one with --data.{flag}."
            )


def _labels(value: Any, separator: str | None) -> Any:
    if separator is None:
        return str(value)
    if isinstance(value, list):
        names = [str(name) for name in value]
    else:
        names = [] if value is None else str(value).split(separator)
    return tuple(sorted({name.strip() for name in names if name.strip()}))


def _decode(data: bytes, where: Any) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UserError(
            f"{where} line {line} is not UTF-8 (byte 0x{data[error.start]:02x}). Save the file as "
            "UTF-8, for instance with: iconv -f latin1 -t utf-8."
        ) from error
