"""What readers of a person's own files share."""

from __future__ import annotations

import os
from pathlib import Path

from seqsuite.config import FileDataConfig
from seqsuite.errors import UserError, nearest


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
            raise UserError("data.source files needs --data.train FILE.")
        return None
    path = Path(given).expanduser()
    if not path.exists():
        neighbours = os.listdir(path.parent) if os.access(path.parent, os.R_OK | os.X_OK) else []
        raise UserError(
            f"--data.{split}: {path} does not exist.{nearest(path.name, neighbours)} Give "
            f"{formats}."
        )
    return path
