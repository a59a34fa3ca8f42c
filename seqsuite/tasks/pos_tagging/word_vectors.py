"""Pretrained word vectors, read from a file."""

from __future__ import annotations

import gzip
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np

from seqsuite.errors import UserError


def read_word_vectors(path: str | Path, size: int, limit: int) -> dict[str, np.ndarray]:
    """Read word vectors in the text format of word2vec or GloVe.

    Args:
        path: A file of lines ``word number number ...``, with or without a first line
            ``words features``; also ``.gz``.
        size: Features that a vector must have.
        limit: Vectors read at most; files list frequent words first.

    Returns:
        Word in lower case with digits as 0 -> float32 ``(size,)``; of several spellings the first.

    Raises:
        UserError: The file does not exist, or a line is no vector of that size.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"Word vectors {path} do not exist. Give --data.word_vectors a text file.")
    vectors: dict[str, np.ndarray] = {}
    opener: Any = gzip.open if path.name.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8", errors="replace", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip() or (number == 1 and len(line.split()) == 2):
                continue
            # Words may hold spaces, so the numbers are counted from the end. Not in the first line,
            # which shows vectors that are longer than wanted.
            word, *numbers = line.rstrip().rsplit(" ", size)
            try:
                vector = np.array(numbers, np.float32)
            except ValueError:
                vector = np.zeros(0, np.float32)
            too_long = not vectors and " " in word
            if len(vector) != size or too_long or not np.isfinite(vector).all():
                raise UserError(
                    f"{path} line {number} is no word with {size} numbers. If the file holds "
                    f"vectors of {len(line.split()) - 1} numbers, set --model.embedding_size."
                )
            # As `seqsuite.tasks.pos_tagging.word_features.fold` does in the graph.
            key = "".join("0" if unicodedata.category(c)[0] == "N" else c for c in word.lower())
            vectors.setdefault(key, vector)
            if len(vectors) >= limit:
                break
    if not vectors:
        raise UserError(f"{path} holds no word vectors.")
    return vectors
