"""A person's own files, in the formats of each task."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from seqsuite.datasets import labelled_text, tagged_files
from seqsuite.datasets.examples import Examples
from seqsuite.errors import UserError, nearest

NAME = "files"
TASKS = ("sentiment", "pos_tagging")
DESCRIPTION = "your own files: --data.train FILE [--data.validation FILE] --data.test FILE"

_READERS = {"sentiment": labelled_text.read, "pos_tagging": tagged_files.read}
_FORMATS = {
    "sentiment": "a csv, tsv or jsonl file, a folder with a folder per label, or an archive of one",
    "pos_tagging": "a CoNLL-U file, or one with a token and its tag on each line",
}


def load(split: str, options: Any, task: str) -> Examples | None:
    """Read the file, folder or archive that the data section names for ``split``.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section.
        task: Chooses the format.

    Returns:
        The examples, or None when no path is given for an optional split.

    Raises:
        UserError: A path is missing, or its content cannot be used.
    """
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
