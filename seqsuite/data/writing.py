"""Files that are replaced whole or not at all.

Everything that writes a file goes through :func:`replaced`: an error, a full disk or a kill leaves
what was there before (tests/conformance/test_writing.py).
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replaced(path: str | os.PathLike, shared: bool = False) -> Iterator[Path]:
    """Give a path beside a file, and put what is written there in its place at the end.

    After an error inside the block the file is as it was. A link is followed, and permissions are
    kept; devices and named pipes are written to directly.

    Args:
        path: The file.
        shared: Whether several processes may write it at the same time. A killed process then
            leaves a file beside it, instead of one that the next process overwrites.

    Example:
        >>> with replaced("answers.txt") as partial:
        ...     _ = partial.write_text("yes")
    """
    target = Path(path).resolve()
    if target.exists() and not target.is_file():
        yield target
        return
    # The ending stays, by which NumPy and Keras choose a format.
    name = f"{uuid.uuid4().hex}.{target.name}" if shared else target.name
    partial = target.with_name(f".partial.{name}")
    try:
        yield partial
        if target.exists():
            partial.chmod(target.stat().st_mode)
        os.replace(partial, target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write a text file in UTF-8, line ends as they are.

    Args:
        path: The file.
        text: Its content.
    """
    with replaced(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="")


def write_bytes(path: str | os.PathLike, data: bytes) -> None:
    """Write a binary file.

    Args:
        path: The file.
        data: Its content.
    """
    with replaced(path) as partial:
        partial.write_bytes(data)
