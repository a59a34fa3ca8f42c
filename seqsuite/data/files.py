"""Files that the section ``data`` names."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from seqsuite.config import FileDataConfig
from seqsuite.data.examples import Examples, concatenate
from seqsuite.errors import UserError, nearest


def read_named(
    split: str, options: FileDataConfig, formats: str, read: Callable[[Path], Examples]
) -> Examples | None:
    """Read the files that the data section names for a split, one after the other.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section.
        formats: As for :func:`named_path`.
        read: A path -> its examples.

    Returns:
        The examples, or None when no path is given for an optional split.

    Raises:
        UserError: As for :func:`named_paths`, and what ``read`` raises.
    """
    parts = [read(path) for path in named_paths(split, options, formats)]
    if len(parts) < 2:
        return parts[0] if parts else None
    # Groups of one file are not those of another.
    grouped = [part.groups for part in parts]
    if any(groups is not None for groups in grouped):
        numbers: dict[tuple[int, int], int] = {}
        parts = [
            replace(
                part,
                groups=[
                    numbers.setdefault((number, group), len(numbers))
                    for group in (part.groups if part.groups is not None else range(len(part)))
                ],
            )
            for number, part in enumerate(parts)
        ]
    return concatenate(parts)


def named_paths(split: str, options: FileDataConfig, formats: str) -> list[Path]:
    """Return the paths that the data section names for a split: one, several, or a pattern.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section; ``a.csv,b.csv`` are two files, ``parts/*.csv`` all that match.
        formats: What may be given, for errors.

    Raises:
        UserError: None is given for the training split, one does not exist, or nothing matches.
    """
    given = getattr(options, split)
    if given is None or Path(given).expanduser().exists():
        path = named_path(split, options, formats)
        return [] if path is None else [path]
    paths: list[Path] = []
    for name in filter(None, map(str.strip, given.split(","))):
        matches = sorted(glob.glob(os.path.expanduser(name), recursive=True))
        if not matches and glob.has_magic(name):
            raise UserError(f"--data.{split}: no file matches {name}. Give {formats}.")
        paths += map(Path, matches) if matches else [_existing(split, name, formats)]
    return paths


def named_path(split: str, options: FileDataConfig, formats: str) -> Path | None:
    """Return the file, folder or archive that the data section names for ``split``.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section.
        formats: What may be given, for errors.

    Returns:
        The path, or None when none is given for an optional split.

    Raises:
        UserError: None is given for the training split, or it does not exist.
    """
    given = getattr(options, split)
    if given is None:
        if split == "train":
            raise UserError(f"data.source files needs --data.train FILE. Give {formats}.")
        return None
    return _existing(split, given, formats)


def _existing(split: str, name: str, formats: str) -> Path:
    path = Path(name).expanduser()
    if not path.exists():
        neighbours = os.listdir(path.parent) if os.access(path.parent, os.R_OK | os.X_OK) else []
        raise UserError(
            f"--data.{split}: {path} does not exist.{nearest(path.name, neighbours)} Give "
            f"{formats}."
        )
    return path
