"""Standard input, read as it arrives."""

from __future__ import annotations

import io
import os
import select
from collections import deque
from collections.abc import Iterator
from typing import IO


class Pipe:
    r"""Lines of a pipe or terminal, and whether another can be read without a wait.

    Args:
        file: A binary stream. One without a file descriptor is always ready.

    Example:
        >>> list(Pipe(io.BytesIO(b"one\ntwo")))
        [b'one\n', b'two']
    """

    def __init__(self, file: IO[bytes]):
        self._file = file
        self._lines: deque[bytes] = deque()
        self._rest: list[bytes] = []
        self._ended = False
        try:
            self._descriptor: int | None = file.fileno()
        except (AttributeError, OSError, ValueError):
            self._descriptor = None

    def is_ready(self, seconds: float) -> bool:
        """Return whether input arrives within a time, its end included."""
        if self._descriptor is None or self._lines or self._ended:
            return True
        try:
            return bool(select.select([self._descriptor], [], [], seconds)[0])
        except (OSError, ValueError):  # not a pipe on this system
            return True

    def readline(self) -> bytes:
        """Return the next line with its end; empty at the end of the input."""
        if self._descriptor is None:
            return self._file.readline()
        while not self._lines and not self._ended:
            self._receive(self._descriptor)
        return self._lines.popleft() if self._lines else b""

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def read(self) -> bytes:
        """Return the rest of the input."""
        return b"".join(self)

    def _receive(self, descriptor: int) -> None:
        data = os.read(descriptor, io.DEFAULT_BUFFER_SIZE * 8)
        self._rest.append(data)
        if data and b"\n" not in data:
            return
        *lines, rest = b"".join(self._rest).split(b"\n")
        self._lines.extend(line + b"\n" for line in lines)
        self._rest = [rest]
        if not data:
            self._ended = True
            self._lines.extend(part for part in self._rest if part)
