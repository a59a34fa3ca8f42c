"""User-facing errors: one line and an exit code, never a traceback."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Invalid user input; the message says what is wrong, what was expected and how to fix it."""

    exit_code = 2


class EnvironmentFailure(UserError):
    """A failure of the machine (full disk); the message says what is safe and how to continue."""

    exit_code = 1


class Interrupted(UserError):
    """The user stopped a run; the message says how to resume it."""

    exit_code = 130


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'?"`` for the closest valid name, or an empty string.

    Args:
        name: The given name.
        valid: The valid names.

    Returns:
        A sentence with a leading space, or ``""`` when nothing is close.

    Example:
        >>> nearest("imbd", ["imdb", "sst2"])
        " Did you mean 'imdb'?"
    """
    matches = difflib.get_close_matches(name, list(valid), n=1, cutoff=0.6)
    return f" Did you mean {matches[0]!r}?" if matches else ""
