"""Pretrained word vectors, read from a file."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from seqsuite.errors import UserError

_FLAG = "--model.embedding_size"
_HEADER = re.compile(rb"\d+ (\d+)\n")


def read_word_vectors(
    path: str | Path, size: int, limit: int, key: Callable[[str], str] = str
) -> dict[str, np.ndarray]:
    """Read word vectors in the formats of word2vec (text or binary) and GloVe.

    Args:
        path: A file of lines ``word number number ...``, separated by spaces or tabs, with or
            without a first line ``words features``; or word2vec's binary file; also ``.gz``, or the
            one file in a ``.zip`` (of several, that with ``.50d.`` in its name for a size of 50).
        size: Features that a vector must have.
        limit: Vectors read at most; files list frequent words first.
        key: Returns what a word is known by.

    Returns:
        Key -> float32 ``(size,)``; of several words with one key the first.

    Raises:
        UserError: The file does not exist, or a line is no vector of that size.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"Word vectors {path} do not exist. Give --data.word_vectors a file.")
    vectors: dict[str, np.ndarray] = {}
    try:
        with _opened(path, size) as file:
            for word, vector in _vectors(file, path, size):
                vectors.setdefault(key(word), vector)
                if len(vectors) >= limit:
                    break
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError) as error:
        raise UserError(f"Word vectors {path} cannot be read: {error}.") from error
    if not vectors:
        raise UserError(f"{path} holds no word vectors.")
    return vectors


def _opened(path: Path, size: int) -> IO[bytes]:
    name = path.name.lower()
    if not name.endswith(".zip"):
        opener: Any = gzip.open if name.endswith(".gz") else open
        return io.BufferedReader(opener(path, "rb"), 1 << 20)
    archive = zipfile.ZipFile(path)
    names = [info.filename for info in archive.infolist() if not info.is_dir()]
    wanted = [one for one in names if f".{size}d." in one] if len(names) > 1 else names
    if len(wanted) != 1:
        raise UserError(
            f"{path} holds {', '.join(sorted(names))}: unpack the file of {size} features, or set "
            f"{_FLAG} to the features of one of them."
        )
    return io.BufferedReader(archive.open(wanted[0]), 1 << 20)  # type: ignore[type-var]


def _vectors(file: Any, path: Path, size: int) -> Iterator[tuple[str, np.ndarray]]:
    start = file.peek(4096)[:4096]
    header = _HEADER.match(start)
    # Numbers of a binary file are no text.
    if header and re.search(rb"[\x00-\x08\x0e-\x1f]", start):
        if int(header[1]) != size:
            raise _other_size(f"{path} is", size, int(header[1]))
        file.readline()
        yield from _binary_vectors(file, path, size)
    else:
        yield from _text_vectors(file, path, size)


def _binary_vectors(file: Any, path: Path, size: int) -> Iterator[tuple[str, np.ndarray]]:
    number = 0
    while True:
        word = bytearray()
        while (byte := file.read(1)) not in (b" ", b""):
            word += byte
        if not byte and not word.strip():
            return
        number += 1
        data = file.read(4 * size)
        vector = np.frombuffer(data, "<f4") if len(data) == 4 * size else np.zeros(0, np.float32)
        if not len(vector) or not np.isfinite(vector).all():
            raise UserError(f"{path}: vector {number} is damaged, or the file ends in it.")
        # word2vec ends a vector with a line feed, other programs do not.
        yield word.decode("utf-8", "replace").lstrip("\n"), vector.astype(np.float32)


def _text_vectors(file: Any, path: Path, size: int) -> Iterator[tuple[str, np.ndarray]]:
    is_first = True
    for number, data in enumerate(file, start=1):
        line = data.decode("utf-8", "replace").rstrip().replace("\t", " ")
        if not line.strip() or (number == 1 and len(line.split()) == 2):
            continue
        # Words may hold spaces, so the numbers are counted from the end. Not in the first line,
        # which shows vectors that are longer than wanted.
        word, *numbers = line.rsplit(" ", size)
        try:
            vector = np.array(numbers, np.float32)
        except ValueError:
            vector = np.zeros(0, np.float32)
        too_long = is_first and " " in word
        if len(vector) != size or too_long or not np.isfinite(vector).all():
            where = f"{path} line {number} is no word with {size} numbers."
            raise _other_size(where, size, len(line.split()) - 1)
        is_first = False
        yield word, vector


def _other_size(where: str, size: int, found: int) -> UserError:
    if found == size or found < 1:
        return UserError(
            f"{where} Expected lines of a word and its numbers, as word2vec and GloVe write them."
        )
    if where.endswith("."):
        return UserError(f"{where} If the file holds vectors of {found} numbers, set {_FLAG}.")
    return UserError(
        f"{where} a file of vectors of {found} numbers, not {size}: set {_FLAG} {found}."
    )
