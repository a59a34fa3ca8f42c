"""Drawings of a person's own: InkML, JSON lines, path data, or arrays of sketch-RNN."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from seqsuite.data import encodings, raw_files
from seqsuite.data.examples import Examples
from seqsuite.data.files import named_path
from seqsuite.errors import UserError
from seqsuite.tasks.handwriting.config import HandwritingDataConfig
from seqsuite.tasks.handwriting.data.cleaning import examples_of
from seqsuite.tasks.handwriting.data.ink import points_of_inkml, points_of_json
from seqsuite.tasks.handwriting.data.sketch_rnn import points_of_file
from seqsuite.tasks.handwriting.strokes import points_of_text

NAME = "files"
DESCRIPTION = "your own files: --data.train FILE or FOLDER [--data.validation] --data.test"

JSON_LINES = (".jsonl", ".ndjson")
INKML = ".inkml"
_FORMATS = (
    "an .inkml file, a folder or archive of them, a .jsonl or .ndjson file, a .txt file "
    "with the path data of a drawing a line, or an .npz file of sketch-RNN"
)

Drawing = tuple[np.ndarray, str]


def load(split: str, options: HandwritingDataConfig) -> Examples | None:
    """Read the drawings of a split.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section.

    Returns:
        ``drawing`` and ``label`` of each drawing; None for a split that is not named.

    Raises:
        UserError: There is no such file, or no drawing in it can be read.
    """
    path = named_path(split, options, _FORMATS)
    if path is None:
        return None
    drawings, problems = [], []
    for read in _readers(path, split, options):
        try:
            drawings.append(read())
        except UserError as error:
            problems.append(str(error))
    if not drawings:
        raise UserError(problems[0] if problems else f"{path} holds no drawings. Give {_FORMATS}.")
    if problems:
        print(
            f"warning: {len(problems):,} of {len(drawings) + len(problems):,} drawings of {path} "
            f"are left out: {problems[0]}",
            file=sys.stderr,
        )
    return examples_of(drawings, options, str(path))


def read_lines(path: Path, encoding: str | None = None) -> Iterator[Callable[[], Drawing]]:
    """Yield a reader for each line of a file of JSON lines or of path data."""
    text = encodings.decode(raw_files.content(path), str(path), encoding)
    is_json = path.name.lower().removesuffix(".gz").endswith(JSON_LINES)
    parse = points_of_json if is_json else _points_of_line
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield partial(parse, line, f"{path}, line {number}")


def _readers(
    path: Path, split: str, options: HandwritingDataConfig
) -> Iterator[Callable[[], Drawing]]:
    name = path.name.lower()
    if path.is_dir():
        for file in sorted(f for f in path.rglob("*") if f.name.lower().endswith(INKML)):
            yield partial(_points_of_ink_file, file)
    elif name.endswith(".npz"):
        key = {"validation": "valid"}.get(split, split)
        for points in points_of_file(path, key):
            yield partial(_unlabelled, points)
    elif raw_files.is_archive(path):
        for member, data in raw_files.members(path, lambda m: m.lower().endswith(INKML)):
            yield partial(points_of_inkml, data, f"{path}:{member}")
    elif name.endswith(INKML):
        yield partial(_points_of_ink_file, path)
    else:
        yield from read_lines(path, options.encoding)


def _points_of_ink_file(path: Path) -> Drawing:
    return points_of_inkml(raw_files.content(path), str(path))


def _unlabelled(points: np.ndarray) -> Drawing:
    return points, ""


def _points_of_line(line: str, where: str) -> Drawing:
    try:
        return points_of_text(line), ""
    except UserError as error:
        raise UserError(f"{where}: {error}") from error
