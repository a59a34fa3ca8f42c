"""Back-off models as ARPA files, the text format of SRILM, KenLM, IRSTLM and Kaldi."""

from __future__ import annotations

import gzip
import math
import os
import re
from collections.abc import Iterator
from typing import IO, cast

from seqsuite.data.writing import replaced
from seqsuite.errors import UserError
from seqsuite.ngram_language_model.backoff import UNKNOWN, BackoffLanguageModel, State

_DIGITS = 9


def read_arpa(path: str | os.PathLike) -> BackoffLanguageModel:
    """Read an ARPA file; of a name that ends in ``.gz``, unpack it while reading.

    Args:
        path: The file.

    Returns:
        The model. ``<UNK>`` is read as ``<unk>``.

    Raises:
        UserError: There is no such file, or it is none of this format.
    """
    try:
        with _opened(path, "rt") as file:
            return _parse(file, os.fspath(path))
    except UnicodeDecodeError as error:
        raise UserError(
            f"The language model {os.fspath(path)} is not text. Give the ARPA file; KenLM's binary "
            "is made from one."
        ) from error
    except (OSError, EOFError) as error:
        raise UserError(f"Cannot read the language model {os.fspath(path)}: {error}.") from error


def write_arpa(model: BackoffLanguageModel, path: str | os.PathLike) -> None:
    """Write a model as an ARPA file, packed if the name ends in ``.gz``.

    Args:
        model: The model.
        path: The file; what is there is replaced.

    Raises:
        ValueError: A token is empty or has white space in it.

    Example:
        >>> from seqsuite.ngram_language_model import train_kneser_ney
        >>> write_arpa(train_kneser_ney([["yes", "no"]], order=1), "model.arpa")
        >>> sorted(read_arpa("model.arpa").vocabulary)
        ['</s>', '<unk>', 'no', 'yes']
    """
    orders: list[list[State]] = [[] for _ in range(model.order)]
    for gram in model.log_probabilities:
        orders[len(gram) - 1].append(gram)
    for (token,) in orders[0]:
        if [token] != token.split():
            raise ValueError(
                "Argument `model` must have tokens without white space to be an ARPA file; call "
                f"the space of a character model '|' or the like. Received: token={token!r}"
            )
    with replaced(path) as partial, _opened(partial, "wt") as file:
        file.write("\\data\\\n")
        file.writelines(f"ngram {n}={len(grams)}\n" for n, grams in enumerate(orders, start=1))
        for length, grams in enumerate(orders, start=1):
            file.write(f"\n\\{length}-grams:\n")
            for gram in grams:
                line = f"{model.log_probabilities[gram]:.{_DIGITS}g}\t{' '.join(gram)}"
                if gram in model.backoffs:
                    line += f"\t{model.backoffs[gram]:.{_DIGITS}g}"
                file.write(line + "\n")
        file.write("\n\\end\\\n")


def _opened(path: str | os.PathLike, mode: str) -> IO[str]:
    encoding = "utf-8-sig" if "r" in mode else "utf-8"
    if os.fspath(path).endswith(".gz"):
        return cast(IO[str], gzip.open(path, mode, encoding=encoding))
    return open(path, mode, encoding=encoding)


def _parse(file: IO[str], name: str) -> BackoffLanguageModel:
    """Read the header, then section by section."""
    lines = _numbered(file)
    expected: dict[int, int] = {}
    log_probabilities: dict[State, float] = {}
    backoffs: dict[State, float] = {}
    length, found, inside, ended = 0, {}, False, False
    for number, line in lines:
        if line == "\\data\\":
            inside = True
        elif not inside:
            continue  # files may begin with comments
        elif line == "\\end\\":
            ended = True
            break
        elif match := re.fullmatch(r"ngram\s+(\d+)\s*=\s*(\d+)", line) if not length else None:
            expected[int(match[1])] = int(match[2])
        elif match := re.fullmatch(r"\\(\d+)-grams:", line):
            length = int(match[1])
            found[length] = 0
        else:
            gram, log_probability, backoff = _entry(line, length, f"line {number} of {name}")
            log_probabilities[gram] = log_probability
            if backoff is not None:
                backoffs[gram] = backoff
            found[length] += 1
    if not ended or found != expected or not log_probabilities:
        raise UserError(
            f"{name} is not a whole ARPA file: its header promises {expected or 'nothing'} "
            f"(n-grams by length), and {found or 'none'} follow"
            + ("." if ended else ", with no \\end\\ after them.")
        )
    return BackoffLanguageModel(log_probabilities, backoffs)


def _numbered(file: IO[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(file, start=1):
        if line := line.strip(" \t\r\n"):
            yield number, line


def _entry(line: str, length: int, place: str) -> tuple[State, float, float | None]:
    """Take one line apart: log-probability, tokens and perhaps a back-off weight."""
    # Not any white space: a token may hold what Unicode calls a space.
    fields = re.split(r"[ \t]+", line)
    try:
        if not length or len(fields) not in (length + 1, length + 2):
            raise ValueError
        log_probability = float(fields[0])
        backoff = float(fields[-1]) if len(fields) == length + 2 else None
        if not log_probability <= 0 or math.isnan(backoff or 0.0):
            raise ValueError
    except ValueError:
        raise UserError(
            f"{place} must be a log-probability, {length or 'some'} tokens and perhaps a back-off "
            f"weight. It is {line[:80]!r}."
        ) from None
    tokens = (UNKNOWN if token == "<UNK>" else token for token in fields[1 : length + 1])
    return tuple(tokens), log_probability, backoff
