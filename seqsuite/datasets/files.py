"""A person's own files, in the formats of each task."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seqsuite.datasets import labelled_text, tagged_files, text_files
from seqsuite.datasets.continuous_text import contiguous_split
from seqsuite.datasets.examples import Examples
from seqsuite.errors import UserError, nearest

NAME = "files"
TASKS = ("sentiment", "pos_tagging", "char_lm")
DESCRIPTION = "your own files: --data.train FILE [--data.validation FILE] --data.test FILE"

_READERS = {
    "sentiment": labelled_text.read,
    "pos_tagging": tagged_files.read,
    "char_lm": text_files.read,
}
_FORMATS = {
    "sentiment": "a csv, tsv or jsonl file, a folder with a folder per label, or an archive of one",
    "pos_tagging": "a CoNLL-U file, or one with a token and its tag on each line",
    "char_lm": "a text file (also .gz), or a folder or archive of .txt files",
}


def load(split: str, options: Any, task: str) -> Examples | None:
    """Read the file, folder or archive that the data section names for ``split``.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section.
        task: Chooses the format.

    Returns:
        The examples, or None when no path is given for an optional split. Of running text a split
        without a path of its own is cut from the training text.

    Raises:
        UserError: A path is missing, or its content cannot be used.
    """
    if task != "char_lm":
        return _read(split, options, task)
    present = [s for s in ("train", "validation", "test") if getattr(options, s) is not None]
    where = str(getattr(options, split) or options.train)

    def documents(which: str) -> Sequence[str]:
        found = _read(which, options, task)
        assert found is not None  # a path is given, or the training split's absence was an error
        return found.features["text"]

    return contiguous_split(split, options, documents, present, where)


def _read(split: str, options: Any, task: str) -> Examples | None:
    given = getattr(options, split)
    if given is None:
        if split == "train":
            raise UserError("data.source files needs --data.train FILE.")
        return None
    path = Path(given).expanduser()
    if not path.exists():
        neighbours = os.listdir(path.parent) if os.access(path.parent, os.R_OK | os.X_OK) else []
        raise UserError(
            f"--data.{split}: {path} does not exist.{nearest(path.name, neighbours)} Give "
            f"{_FORMATS[task]}."
        )
    return _READERS[task](path, options)
