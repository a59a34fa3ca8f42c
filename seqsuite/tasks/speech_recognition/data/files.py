"""A person's own recordings: a manifest of audio files and transcripts, or LibriSpeech's layout.

This is ``data.source files`` for speech recognition.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from seqsuite.data import raw_files, records, tables
from seqsuite.data.examples import Examples
from seqsuite.data.files import read_named
from seqsuite.errors import UserError, nearest
from seqsuite.tasks.speech_recognition.config import SpeechDataConfig
from seqsuite.tasks.speech_recognition.data import librispeech_layout
from seqsuite.tasks.speech_recognition.data.utterances import Recording, read_recordings

NAME = "files"
DESCRIPTION = "your own recordings: --data.train MANIFEST or FOLDER [--data.validation] --data.test"

COLUMNS = ("path", "transcript")
"""What a manifest must have; ``speaker``, ``start`` and ``end`` (seconds) may stand beside."""

_FORMATS = (
    "a manifest (csv, tsv, jsonl, ... with columns path and transcript), or a folder or archive in "
    "the layout of LibriSpeech"
)


def load(split: str, options: SpeechDataConfig) -> Examples | None:
    """Read the manifest, folder or archive that the data section names for ``split``.

    Paths in a manifest are relative to it. An empty transcript says that nothing is spoken. Where
    several utterances are in one file, ``start`` and ``end`` say where each is.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section.

    Returns:
        Waveforms and transcripts, grouped by speaker where speakers are named, or None when no path
        is given for an optional split. Files that cannot be read are left out and counted on
        standard error.

    Raises:
        UserError: A path is missing, a column or a time cannot be used, or no audio can be read.
    """
    return read_named(split, options, _FORMATS, lambda path: _read(path, split, options))


def _read(path: Path, split: str, options: SpeechDataConfig) -> Examples:
    if path.is_dir() or raw_files.is_archive(path):
        return read_recordings(librispeech_layout.recordings(path), path, split, options)
    return read_recordings(manifest_recordings(path, options.encoding), path, split, options)


def manifest_recordings(path: Path, encoding: str | None = None) -> Iterator[Recording]:
    """Yield the utterances that a manifest lists.

    Args:
        path: A ``.csv``, ``.tsv`` or ``.jsonl`` file, each also ``.gz``.
        encoding: Its encoding; None: by its mark, or UTF-8.

    Raises:
        UserError: It has not the columns, or a row's times cannot be used.
    """
    table_format = tables.format_of(path.name)
    if table_format is None:
        ending = PurePosixPath(path.name.lower().removesuffix(".gz")).suffix or "without an ending"
        raise UserError(f"{path}: format {ending} is not known. Give {_FORMATS}.")
    table = tables.of_bytes(raw_files.content(path), table_format, path, encoding=encoding)
    columns, rows = table.columns, table.records
    if not table.are_fixed:
        rows = iter(every := list(rows))
        columns = list(dict.fromkeys(key for record in every for key in record))
    for name in COLUMNS:
        if name not in columns:
            raise UserError(
                f"{path} has no column {name!r}.{nearest(name, columns)} Columns are "
                f"{', '.join(map(repr, columns)) or 'none'}: expected path and transcript, and "
                "optionally speaker, start and end (seconds)."
            )
    for number, record in enumerate(rows, 1):
        yield _recording(record, path, number)


def _recording(record: dict[str, Any], manifest: Path, number: int) -> Recording:
    name, row = records.plain_text(record.get("path")).strip(), f"{manifest} row {number}"
    if record.get("transcript") is None:
        raise UserError(
            f"{row} has no transcript. Leave the row out, or write an empty one for silence."
        )
    start, end = (
        _seconds(record.get("start"), row, "start"),
        _seconds(record.get("end"), row, "end"),
    )
    if end is not None and end <= (start or 0.0):
        raise UserError(f"{row}: end {end:g} is not after start {start or 0.0:g}.")
    part = "" if start is None and end is None else f" ({start or 0.0:g} s on)"
    return Recording(
        manifest.parent / name,
        records.plain_text(record.get("transcript")).strip(),
        records.plain_text(record.get("speaker")).strip(),
        f"{name}{part}",
        f"{manifest.parent / name}" if name else f"{row} names no file and",
        start or 0.0,
        end,
    )


def _seconds(value: Any, row: str, column: str) -> float | None:
    if value is None or not str(value).strip():
        return None
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise UserError(f"{row}: {column} is {str(value)[:40]!r}, expected seconds such as 1.25.")
    return seconds
