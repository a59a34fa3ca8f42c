"""The terminal: TensorFlow's log and a line of progress."""

from __future__ import annotations

import atexit
import math
import os
import sys
import tempfile
from pathlib import Path


class ProgressPercent:
    """A line on standard error while a verb works, where that is a terminal.

    Args:
        verb: What it says.
    """

    def __init__(self, verb: str):
        self.verb = verb
        self.shown = sys.stderr.isatty()

    def __call__(self, done: int, total: int) -> None:
        """Say how much of the work is done."""
        if self.shown:
            share = math.floor(100 * done / total) if total else 100
            end = "\n" if done >= total else ""
            print(f"\r{self.verb} {share} %", end=end, file=sys.stderr, flush=True)


def quiet_tensorflow() -> None:
    """Keep TensorFlow's start-up log (missing GPU drivers, CPU features) off the screen.

    The log is written by C++ code to file descriptor 2 before any setting is read. It goes to a
    file instead, whose name is kept so that an abort in C++ can be looked into; Python's own
    messages stay on the screen. ``SEQSUITE_VERBOSE=1`` switches this off.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    try:
        is_plain = sys.stderr.fileno() == 2
    except (OSError, ValueError):  # captured by a test runner or a notebook
        is_plain = False
    if not is_plain or os.environ.get("SEQSUITE_VERBOSE") or "tensorflow" in sys.modules:
        return
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
    descriptor, log = tempfile.mkstemp(prefix="seqsuite-tensorflow-", suffix=".log")
    os.dup2(descriptor, 2)
    os.close(descriptor)
    atexit.register(Path(log).unlink, missing_ok=True)
