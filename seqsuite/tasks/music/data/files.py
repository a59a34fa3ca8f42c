"""Pieces of a person's own: MIDI files, a folder or an archive of them, or lines of notes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from seqsuite.data import encodings, raw_files
from seqsuite.data.examples import Examples
from seqsuite.data.files import read_named
from seqsuite.errors import UserError
from seqsuite.tasks.music.config import MusicDataConfig
from seqsuite.tasks.music.midi import ENDINGS, read_midi
from seqsuite.tasks.music.notes import roll_of_text, text_of_roll

NAME = "files"
DESCRIPTION = "your own files: --data.train FILE or FOLDER [--data.validation] --data.test"

_FORMATS = "a MIDI file, a folder or archive of MIDI files, or a .txt file with a piece a line"


def load(split: str, options: MusicDataConfig) -> Examples | None:
    """Read the pieces of a split.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section (``train``, ``validation``, ``test``, ``steps_per_beat``).

    Returns:
        ``notes``: the text of each piece; None for a split that is not named.

    Raises:
        UserError: There is no such file, or no piece in it can be read.
    """
    return read_named(split, options, _FORMATS, lambda path: read(path, options))


def read(path: Path, options: MusicDataConfig) -> Examples:
    """Read the pieces of a file, folder or archive.

    Args:
        path: MIDI files, or lines of notes.
        options: The data section (``steps_per_beat``, ``encoding``).

    Returns:
        ``notes``: the text of each piece. Damaged MIDI files among others are left out and counted
        on standard error.

    Raises:
        UserError: No piece can be read.
    """
    pieces, problems = [], []
    for read in _readers(path, options):
        try:
            pieces.append(read())
        except UserError as error:
            problems.append(str(error))
    if not pieces:
        raise UserError(problems[0] if problems else f"{path} holds no pieces. Give {_FORMATS}.")
    if problems:
        print(
            f"warning: {len(problems):,} of {len(pieces) + len(problems):,} files of {path} are "
            f"left out: {problems[0]}",
            file=sys.stderr,
        )
    return Examples({"notes": pieces})


def _readers(path: Path, options: MusicDataConfig) -> Iterator:
    steps = options.steps_per_beat

    def from_midi(data, where):
        return text_of_roll(read_midi(data, steps, where))

    def is_midi(name):
        return name.lower().endswith(ENDINGS)

    if path.is_dir():
        for file in sorted(file for file in path.rglob("*") if is_midi(file.name)):
            yield lambda file=file: from_midi(raw_files.content(file), str(file))
    elif raw_files.is_archive(path):
        for name, data in raw_files.members(path, is_midi):
            yield lambda name=name, data=data: from_midi(data, f"{path}:{name}")
    elif is_midi(path.name):
        yield lambda: from_midi(raw_files.content(path), str(path))
    else:
        lines = encodings.decode(raw_files.content(path), str(path), options.encoding).split("\n")
        texts = [line.strip() for line in lines]
        # A line that is no piece is an error, in a file that a person wrote.
        parsed = [_piece(text, path, number) for number, text in enumerate(texts, 1) if text]
        for piece in parsed:
            yield lambda piece=piece: piece


def _piece(text: str, path: Path, number: int) -> str:
    try:
        return text_of_roll(roll_of_text(text))
    except UserError as error:
        raise UserError(f"{path}, line {number}: {error}") from error
