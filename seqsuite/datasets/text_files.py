"""A person's files of running text: one file, a folder or an archive of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seqsuite.datasets import raw_files
from seqsuite.datasets.continuous_text import text_of_bytes
from seqsuite.datasets.examples import Examples
from seqsuite.errors import UserError


def read(path: Path, options: Any) -> Examples:
    """Read texts as they are, line ends and all.

    Args:
        path: A file of any name (unpacked when it ends in ``.gz``); a folder, or a ``.tar``,
            ``.tar.gz``, ``.tgz`` or ``.zip`` archive, whose ``.txt`` and ``.txt.gz`` files are read
            in the order of their names.
        options: ``unit``: ``character`` (UTF-8) or ``byte``.

    Returns:
        ``text``: one string per file.

    Raises:
        UserError: It cannot be read, or holds no ``.txt`` file.
    """
    if path.is_dir():
        files = (file for file in path.rglob("*") if _is_text(file.relative_to(path)))
        contents = [raw_files.content(file) for file in sorted(files) if file.is_file()]
    elif raw_files.is_archive(path):
        contents = [data for _, data in raw_files.members(path, lambda n: _is_text(Path(n)))]
    else:
        contents = [raw_files.content(path)]
    if not contents:
        raise UserError(f"{path} holds no .txt file. Give the text file itself.")
    unit = getattr(options, "unit", "character")
    return Examples({"text": [text_of_bytes(data, unit) for data in contents]})


def _is_text(path: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.parts)
    return path.name.lower().endswith((".txt", ".txt.gz")) and not hidden
