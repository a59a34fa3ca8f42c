"""Tiny Shakespeare: 1.1 million characters of plays, the usual text of character models."""

from __future__ import annotations

import hashlib
import sys

from seqsuite.data import raw_files, upstream
from seqsuite.data.examples import Examples
from seqsuite.tasks.char_lm.config import CharLmDataConfig
from seqsuite.tasks.char_lm.data.text import contiguous_split, text_of_bytes

NAME = "tiny_shakespeare"
DESCRIPTION = "Tiny Shakespeare, 1,115,394 characters, first 90 % / last 10 % (Karpathy 2015)"

# A commit rather than a branch, so that the checksum stays true.
URL = (
    "https://raw.githubusercontent.com/karpathy/char-rnn/"
    "6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/data/tinyshakespeare/input.txt"
)
SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"

_FOLDERS = ("char_lm/tinyshakespeare/", "tinyshakespeare/", "tiny_shakespeare/", "")


def load(split: str, options: CharLmDataConfig) -> Examples | None:
    """Read upstream's file and cut it, or fetch it when that was asked for.

    The last tenth is the test split, as nanoGPT cuts it (and calls it validation). Our validation
    split is blocks of the first nine tenths, so that nothing is selected on what is reported.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section (``dir``, ``download``, ``validation_fraction``, ``unit``).

    Returns:
        ``text``: one string.
    """
    places = [f"{folder}input.txt{end}" for folder in _FOLDERS for end in ("", ".gz")]
    path = upstream.find(options, places)
    if path is None and not options.download:
        raise upstream.missing(NAME, options, places[:3:2])
    if path is None:
        path = upstream.fetch(URL, name="tiny_shakespeare.txt", sha256=SHA256)
    data = raw_files.content(path)
    # Many texts are called input.txt. Said once a run, with the split that is reported.
    if split == "test" and hashlib.sha256(data).hexdigest() != SHA256:
        print(
            f"note: {path} is not upstream's file (its SHA-256 differs): scores on it do not "
            "compare with published ones",
            file=sys.stderr,
        )
    text = text_of_bytes(data, getattr(options, "unit", "character"))
    return contiguous_split(split, options, lambda _: [text], where=str(path))
