"""TensorFlow's log in a terminal."""

from __future__ import annotations

import atexit
import os
import sys
import tempfile
from pathlib import Path


def quiet_tensorflow() -> None:
    """Keep TensorFlow's start-up log (missing GPU drivers, CPU features) off the screen.

    C++ code writes the log to file descriptor 2 before any setting is read. It is redirected to a
    temporary file, which survives an abort in C++; Python's messages stay on the screen.
    ``SEQSUITE_VERBOSE=1`` disables this.
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
