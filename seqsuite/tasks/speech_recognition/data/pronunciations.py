"""Pronunciation lexicons as CMUdict writes them: a word a line, and its phones."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from seqsuite.data import encodings, raw_files
from seqsuite.errors import UserError

_VARIANT = re.compile(r"(.+)\(\d+\)")


def read_pronunciations(
    path: Path, normalized: Callable[[list[str]], list[str]] = list
) -> dict[str, list[str]]:
    """Read a lexicon such as http://www.speech.cs.cmu.edu/cgi-bin/cmudict.

    ``WORD  P1 P2`` is a line, ``WORD(2)  P1 P3`` another pronunciation of the word. A comment is a
    line that begins with ``;;;``, or all from a ``#`` that begins a line or follows white space.

    Args:
        path: The file, perhaps ending in ``.gz``.
        normalized: Brings words to the form, such as the case, that transcripts have. Words that it
            makes equal share their pronunciations.

    Returns:
        Word -> its pronunciations, phones with one space between them, all in the order of the
        file. Stress digits are kept.

    Raises:
        UserError: It cannot be read, a line has a word without phones, or there are no words.
    """
    words, pronunciations = [], []
    lines = encodings.decode(raw_files.content(path), path).split("\n")
    for number, line in enumerate(lines, start=1):
        word, *phones = _tokens(line) or [""]
        if not word:
            continue
        if not phones:
            raise UserError(
                f"{path} line {number} has a word without phones: {word!r}. Write the word and its "
                "phones with spaces between them."
            )
        variant = _VARIANT.fullmatch(word)
        words.append(variant.group(1) if variant else word)
        pronunciations.append(" ".join(phones))
    if not words:
        raise UserError(f"{path} has no pronunciations. Lines are words and their phones.")
    lexicon: dict[str, list[str]] = {}
    for word, pronunciation in zip(normalized(words), pronunciations, strict=True):
        lexicon.setdefault(word, []).append(pronunciation)
    return lexicon


def _tokens(line: str) -> list[str]:
    if line.startswith(";;;"):
        return []
    tokens = line.split()
    comment = next((place for place, token in enumerate(tokens) if token[0] == "#"), len(tokens))
    return tokens[:comment]
