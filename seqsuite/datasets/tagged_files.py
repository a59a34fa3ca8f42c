"""A person's files of tagged sentences: CoNLL-U or columns, told apart by name, else by content."""

from __future__ import annotations

import itertools
import re
from pathlib import Path, PurePosixPath
from typing import Any

from seqsuite.datasets import column_files, conllu_files, raw_files
from seqsuite.datasets.examples import Examples
from seqsuite.datasets.text_lines import numbered_lines
from seqsuite.errors import UserError

CONLLU_ENDINGS = (".conllu", ".conllup")
COLUMN_ENDINGS = (
    ".conll", ".txt", ".tsv", ".annotated", ".iob", ".iob2", ".bio", ".bio2", ".bioes", ".ner",
    ".pos",
)  # fmt: skip
# So many lines tell what a file is.
_PEEK = 200
_CONLLU_LINE = re.compile(r"\d+([-.]\d+)?\t([^\t]*\t){8}[^\t]*$")


def read(path: Path, options: Any) -> Examples:
    """Read tagged sentences in either format.

    Args:
        path: The file, also ``.gz``.
        options: ``tag_column`` for CoNLL-U; ``token_column`` and ``label_column`` for columns.

    Returns:
        ``tokens``, tags as labels, and what else the format has.

    Raises:
        UserError: It is neither format, damaged or empty.
    """
    if path.is_dir() or raw_files.is_archive(path):
        raise UserError(
            f"{path} is not one file of tagged sentences. Unpack it and name the CoNLL-U file, or "
            "the file with a token and its tag on each line."
        )
    chosen = (getattr(options, "token_column", 0), getattr(options, "label_column", -1))
    # Columns that were named ask for the reader of columns.
    if is_conllu(path) and (_suffix(path) in CONLLU_ENDINGS or chosen == (0, -1)):
        return conllu_files.read(path, options)
    return column_files.read(path, options)


def is_conllu(path: Path) -> bool:
    """Say whether a file is CoNLL-U rather than columns of tokens and tags.

    Args:
        path: The file, also ``.gz``. A name that ends in ``.conllu`` decides; other files, which
            may be CoNLL-U by another name, are looked into.

    Raises:
        UserError: Neither its name nor its content is of a known format.
    """
    if _suffix(path) in CONLLU_ENDINGS:
        return True
    lines = (line.rstrip("\r\n") for _, line in itertools.islice(numbered_lines(path), _PEEK))
    content = [line.lstrip("\ufeff") for line in lines if line.strip()]
    content = [line for line in content if not line.startswith("# ")]
    if content and all(_CONLLU_LINE.match(line) for line in content):
        return True
    suffix, tabs = _suffix(path), bool(content) and "\t" in content[0]
    widths = {len(line.split("\t" if tabs else None)) for line in content}
    # Spaces are in files of every kind, so they alone do not make columns of an unknown ending.
    columns = 1 not in widths and len(widths) <= 1 and (tabs or not suffix)
    if suffix not in COLUMN_ENDINGS and content and not columns:
        raise UserError(
            f"{path}: its format is not known. Expected CoNLL-U (.conllu) or a token and its tag "
            "on each line, separated by a tab or spaces (.conll, .tsv, .txt, .bio), each also .gz."
        )
    return False


def _suffix(path: Path) -> str:
    return PurePosixPath(path.name.lower().removesuffix(".gz")).suffix
