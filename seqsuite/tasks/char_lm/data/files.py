"""A person's files of running text: one file, a folder or an archive of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from seqsuite.data import encodings, raw_files
from seqsuite.data.examples import Examples
from seqsuite.data.files import named_path
from seqsuite.errors import UserError
from seqsuite.tasks.char_lm.config import CharLmDataConfig
from seqsuite.tasks.char_lm.data.text import contiguous_split, text_of_bytes

NAME = "files"
DESCRIPTION = "your own files: --data.train FILE [--data.validation FILE] --data.test FILE"

_FORMATS = "a text file (also .gz), or a folder or archive of .txt files"
# A larger share of NULs is the zero bytes of UTF-16.
_MAX_NULS = 0.2


def load(split: str, options: CharLmDataConfig) -> Examples | None:
    """Read the file, folder or archive that the data section names for ``split``.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section.

    Returns:
        The texts; a split without a path of its own is cut from the training text.

    Raises:
        UserError: A path is missing, or its content cannot be used.
    """
    present = [s for s in ("train", "validation", "test") if getattr(options, s) is not None]
    where = str(getattr(options, split) or options.train)

    def documents(which: str) -> Sequence[str]:
        path = named_path(which, options, _FORMATS)
        assert path is not None  # a path is given, or the training split's absence was an error
        return read(path, options).features["text"]

    return contiguous_split(split, options, documents, present, where)


def read(path: Path, options: CharLmDataConfig) -> Examples:
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
    return Examples({"text": [_text(data, path, options) for data in contents]})


def _text(data: bytes, path: Path, options: CharLmDataConfig) -> str:
    unit, encoding = getattr(options, "unit", "character"), getattr(options, "encoding", None)
    # The mark of UTF-8 is a character like all others.
    marked = encodings.codec_of_mark(data) in ("utf-16", "utf-32")
    if unit == "character" and (encoding or marked or data.count(b"\0") > _MAX_NULS * len(data)):
        return encodings.decode(data, path, encoding)
    return text_of_bytes(data, unit)


def _is_text(path: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.parts)
    return path.name.lower().endswith((".txt", ".txt.gz")) and not hidden
