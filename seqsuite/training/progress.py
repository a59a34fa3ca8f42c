"""Progress line of a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

_WIDTH = 24
_SECONDS_BETWEEN_DRAWS = 0.1


class ProgressLine:
    """A line that is redrawn during work and cleared at the end.

    Nothing is drawn unless the stream is a terminal, to keep logs clean.

    Args:
        label: Name of the work.
        done: Units of work done by earlier processes.
        stream: Standard error when None.

    Example:
        >>> line = ProgressLine("compress")
        >>> line(3, 10)
    """

    def __init__(self, label: str, done: int = 0, stream: TextIO | None = None):
        self.label = label
        self.done_before = done
        self.stream = sys.stderr if stream is None else stream
        self.started = self.drawn = time.monotonic()

    def __call__(self, done: int, total: int, details: Callable[[], str] | None = None) -> None:
        """Redraw the line, at most ten times a second.

        Args:
            done: Units of work done.
            total: All units.
            details: Returns what is shown after the bar; asked only when the line is drawn.
        """
        if not self.stream.isatty():
            return
        if done >= total:
            self._write("")
            return
        now = time.monotonic()
        if now - self.drawn < _SECONDS_BETWEEN_DRAWS:
            return
        self.drawn = now
        full = _WIDTH * done // total
        left = (now - self.started) / max(done - self.done_before, 1) * (total - done)
        bar = "=" * full + " " * (_WIDTH - full)
        more = details() if details else ""
        self._write(f"{self.label} [{bar}] {done}/{total}  {more}  {left:.0f} s left ")

    def _write(self, text: str) -> None:
        self.stream.write(f"\r{text}\x1b[K")
        self.stream.flush()
