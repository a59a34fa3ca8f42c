"""Numbered lines of a file or stream, one at a time, so that neither has to fit into memory."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from seqsuite.data import encodings
from seqsuite.errors import UserError

Source = Path | Iterable[str | bytes]


def name_of(source: Source) -> str:
    """Return how errors call a source: its path, a stream's name, or ``input``."""
    return str(source if isinstance(source, Path) else getattr(source, "name", "input"))


def numbered_lines(
    source: Source, where: str | None = None, encoding: str | None = None
) -> Iterator[tuple[int, str]]:
    r"""Yield the number (from 1) and the text of each line.

    A line ends at ``\n`` and nowhere else: other characters that end lines for some programs
    (a form feed, U+2028) may be part of a token. Line ends and a byte order mark are kept, so that
    the lines joined are the file again.

    Args:
        source: A path (unpacked when its name ends in ``.gz``), an open stream, or lines.
        where: What errors call the source; its own name when None.
        encoding: Of a file; None: UTF-8, or UTF-16 by the file's mark.

    Raises:
        UserError: It cannot be read, or a line is not UTF-8.

    Example:
        >>> list(numbered_lines([b"The\tDET\n", b"end\tNOUN\n"]))
        [(1, 'The\tDET\n'), (2, 'end\tNOUN\n')]
    """
    where = where or name_of(source)
    try:
        if isinstance(source, Path):
            opener: Any = gzip.open if source.name.lower().endswith(".gz") else open
            with opener(source, "rb") as file:
                yield from enumerate(encodings.lines(file, where, encoding, keep_mark=True), 1)
        else:
            yield from _decoded(source, where)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{where} cannot be read: {error}.") from error


def _decoded(lines: Iterable[str | bytes], where: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, 1):
        if isinstance(line, str):
            yield number, line
            continue
        try:
            yield number, line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UserError(
                f"{where} line {number} is not UTF-8 (byte 0x{line[error.start]:02x})."
            ) from error
