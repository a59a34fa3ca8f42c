"""A person's own recordings: a manifest of audio files and transcripts, or LibriSpeech's layout.

This is ``data.source files`` for speech recognition.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from seqsuite.data import encodings, raw_files, records, tables
from seqsuite.data.examples import Examples
from seqsuite.data.files import read_named
from seqsuite.errors import UserError, nearest
from seqsuite.tasks.speech_recognition.config import SpeechDataConfig
from seqsuite.tasks.speech_recognition.data import kaldi, librispeech_layout
from seqsuite.tasks.speech_recognition.data.utterances import Recording, read_recordings

NAME = "files"
DESCRIPTION = "your own recordings: --data.train MANIFEST or FOLDER [--data.validation] --data.test"

COLUMNS = {
    "path": ("wav_filename", "audio_filepath", "audio", "file", "filename"),
    "transcript": ("sentence", "text"),
    "speaker": ("client_id", "speaker_id"),
    "start": ("offset",),
    "end": (),
    "duration": (),
}
"""Columns of a manifest, of which it must have the first two, and their names in those of others:
Common Voice, DeepSpeech, NeMo, Hugging Face."""

# Where audio lies beside a manifest, and what its names may lack.
_FOLDERS, _ENDINGS = ("", "clips", "wavs"), ("", ".wav", ".flac")

_FORMATS = (
    "a manifest (csv, tsv, jsonl, ... with columns path and transcript), a folder or archive in "
    "the layout of LibriSpeech, or a data folder of Kaldi"
)


def load(split: str, options: SpeechDataConfig) -> Examples | None:
    """Read the manifest, folder or archive that the data section names for ``split``.

    Paths in a manifest are relative to it, or to a folder ``clips`` or ``wavs`` beside it. An empty
    transcript says that nothing is spoken. Where several utterances are in one file, ``start`` and
    ``end`` (or ``duration``) say where each is.

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
    if path.is_dir() and kaldi.is_kaldi_folder(path):
        return read_recordings(kaldi.recordings(path, options.encoding), path, split, options)
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
    content = raw_files.content(path)
    if table_format == "csv" and _is_ljspeech(content):
        yield from _ljspeech(content, path, encoding)
        return
    table = tables.of_bytes(content, table_format, path, encoding=encoding)
    columns, rows = table.columns, table.records
    if not table.are_fixed:
        rows = iter(every := list(rows))
        columns = list(dict.fromkeys(key for record in every for key in record))
    names = _names(columns, path)
    for name in ("path", "transcript"):
        if name not in names:
            raise UserError(
                f"{path} has no column {name!r}.{nearest(name, columns)} Columns are "
                f"{', '.join(map(repr, columns)) or 'none'}: expected path and transcript, and "
                "optionally speaker, start and end (seconds)."
            )
    for number, record in enumerate(rows, 1):
        yield _recording({n: record.get(column) for n, column in names.items()}, path, number)


def _names(columns: Sequence[str], path: Path) -> dict[str, str]:
    """Return the column of each of `COLUMNS` that there is."""
    names = {name: name for name in COLUMNS if name in columns}
    others = {
        name: next(other for other in aliases if other in columns)
        for name, aliases in COLUMNS.items()
        if name not in names and not {*aliases}.isdisjoint(columns)
    }
    if others:
        pairs = ", ".join(f"{column} as {name}" for name, column in others.items())
        print(f"note: {path}: columns are read by other names: {pairs}", file=sys.stderr)
    return names | others


def _is_ljspeech(content: bytes) -> bool:
    """Whether lines are name, text and normalized text with ``|`` between, as LJSpeech has them."""
    first = content[:4096].partition(b"\n")[0]
    return first.count(b"|") in (1, 2) and b"," not in first.partition(b"|")[0]


def _ljspeech(content: bytes, path: Path, encoding: str | None) -> Iterator[Recording]:
    lines = encodings.decode(content, path, encoding).split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        name, *texts = line.rstrip("\r").split("|")
        if not texts:
            raise UserError(f"{path} line {number}: expected a name, '|' and a transcript.")
        # The last column is the text with numbers and abbreviations written out.
        yield _recording({"path": name, "transcript": texts[-1]}, path, number)


def _audio(manifest: Path, name: str) -> Path:
    """Return the file of a name: beside the manifest, in its folder of clips, or with an ending."""
    candidates = [
        manifest.parent / folder / f"{name}{ending}" for folder in _FOLDERS for ending in _ENDINGS
    ]
    return next((path for path in candidates if name and path.is_file()), candidates[0])


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
    duration = _seconds(record.get("duration"), row, "duration")
    if end is None and start is not None and duration is not None:
        end = start + duration
    if end is not None and end <= (start or 0.0):
        raise UserError(f"{row}: end {end:g} is not after start {start or 0.0:g}.")
    part = "" if start is None and end is None else f" ({start or 0.0:g} s on)"
    path = _audio(manifest, name)
    return Recording(
        path,
        records.plain_text(record.get("transcript")).strip(),
        records.plain_text(record.get("speaker")).strip(),
        f"{name}{part}",
        f"{path}" if name else f"{row} names no file and",
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
