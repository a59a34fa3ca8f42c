"""A person's files of tagged sentences: CoNLL-U or columns, told apart by name, else by content.

Files to be tagged are told apart too, line by line: they may be pipes.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from seqsuite.data import raw_files, tables
from seqsuite.data.examples import Examples
from seqsuite.data.files import read_named
from seqsuite.errors import UserError
from seqsuite.tasks.pos_tagging.config import PosTaggingDataConfig
from seqsuite.tasks.pos_tagging.data import columns as column_files
from seqsuite.tasks.pos_tagging.data import conllu, records
from seqsuite.tasks.pos_tagging.data.lines import numbered_lines

NAME = "files"
DESCRIPTION = "your own files: --data.train FILE [--data.validation FILE] --data.test FILE"

_FORMATS = (
    "a CoNLL-U file, one with a token and its tag on each line, a csv file with a word a row, or "
    "JSON with tokens and tags"
)
CONLLU_ENDINGS = (".conllu", ".conllup")
COLUMN_ENDINGS = (
    ".conll", ".txt", ".tsv", ".annotated", ".iob", ".iob2", ".bio", ".bio2", ".bioes", ".ner",
    ".pos",
)  # fmt: skip
# What is to be tagged may also be plain text or a table; those have these endings too.
_AMBIGUOUS = (".txt", ".tsv")
# So many lines tell what a file is.
_PEEK = 200
_CONLLU_LINE = re.compile(r"\d+([-.]\d+)?\t([^\t]*\t){8}[^\t]*$")


def load(split: str, options: PosTaggingDataConfig) -> Examples | None:
    """Read the files that the data section names for ``split``.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section.

    Returns:
        The examples, or None when no path is given for an optional split.

    Raises:
        UserError: A path is missing, or its content cannot be used.
    """
    return read_named(split, options, _FORMATS, lambda path: read(path, options))


def read(path: Path, options: PosTaggingDataConfig) -> Examples:
    """Read tagged sentences in either format.

    Args:
        path: The file, also ``.gz``.
        options: ``tag_column`` for CoNLL-U; ``token_column`` and ``label_column`` for columns.

    Returns:
        ``tokens``, tags as labels, and what else the format has.

    Raises:
        UserError: It is neither format, damaged or empty.
    """
    if tables.format_of(path.name) in records.FORMATS:
        return records.read(path, options)
    if path.is_dir() or raw_files.is_archive(path):
        raise UserError(
            f"{path} is not one file of tagged sentences. Unpack it and name the CoNLL-U file, or "
            "the file with a token and its tag on each line."
        )
    if is_conllu(path, options.encoding) and (
        _suffix(path) in CONLLU_ENDINGS or not _names_columns(options)
    ):
        return conllu.read(path, options)
    return column_files.read(path, options)


def is_conllu(path: Path, encoding: str | None = None) -> bool:
    """Say whether a file is CoNLL-U rather than columns of tokens and tags.

    Args:
        path: The file, also ``.gz``. A name that ends in ``.conllu`` decides; other files, which
            may be CoNLL-U by another name, are looked into.
        encoding: Its encoding; None: UTF-8, or UTF-16 by its mark.

    Raises:
        UserError: Neither its name nor its content is of a known format.
    """
    if _suffix(path) in CONLLU_ENDINGS:
        return True
    numbered = numbered_lines(path, encoding=encoding)
    lines = (line.rstrip("\r\n") for _, line in itertools.islice(numbered, _PEEK))
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


def format_to_tag(
    first_line: str, name: str, options: PosTaggingDataConfig, lines: Sequence[str] = ()
) -> str:
    r"""Say in which format an input to be tagged is.

    The name's ending decides: ``.conllu`` and ``.conllup`` are CoNLL-U; those of files of columns
    are columns, save ``.txt`` and ``.tsv``, which may be plain text and tables and are looked into.
    CoNLL-U by another name, or in a pipe, is known by its first line.

    Args:
        first_line: Its first line that is not empty or a comment.
        name: The file's name, ``-`` for a pipe.
        options: ``token_column`` and ``label_column``.
        lines: Its first lines, of a file.

    Returns:
        ``"conllu"``, ``"columns"``, or ``""`` for anything else.

    Example:
        >>> format_to_tag("They\n", "a.bio", None), format_to_tag("They can.\n", "a.txt", None)
        ('columns', '')
    """
    suffix = _suffix(Path(name))
    if suffix in CONLLU_ENDINGS:
        return "conllu"
    columns = suffix in COLUMN_ENDINGS and suffix not in _AMBIGUOUS
    looks = first_line.count("\t") >= 9 and first_line[:1].isdigit()
    if looks and not (columns and _names_columns(options)):
        return "conllu"
    if columns or not (suffix in _AMBIGUOUS or not suffix) or not _look_like_columns(lines):
        return "columns" if columns else ""
    print(
        f"note: {name} holds columns, with an empty line after each sentence, and is read so; "
        "--input_format text reads each line as a sentence",
        file=sys.stderr,
    )
    return "columns"


def _look_like_columns(lines: Sequence[str]) -> bool:
    """Whether lines all have as many columns, several, with empty lines between sentences."""
    content = [line.strip() for line in lines]
    while content and not content[-1]:
        content.pop()
    rows = [line for line in content if line and not line.startswith(("#", "-DOCSTART-"))]
    widths = {len(row.split("\t" if "\t" in row else None)) for row in rows}
    return len(rows) >= 5 and len(widths) == 1 and 1 not in widths and "" in content


def sentences_to_tag(
    lines: Iterator[str], where: str | None, input_format: str, options: PosTaggingDataConfig
) -> Iterator[conllu.Sentence | column_files.Sentence]:
    """Read sentences to be tagged, with their lines.

    Args:
        lines: The input.
        where: What errors call it; ``input`` when None.
        input_format: Of :func:`format_to_tag`.
        options: ``token_column``.

    Raises:
        UserError: A line is damaged; those before it were answered.
    """
    if input_format == "conllu":
        return conllu.sentences(lines, where)
    return column_files.with_lines(lines, getattr(options, "token_column", 0), where=where)


def written(
    text: str,
    tokens: Sequence[str],
    tags: Sequence[str],
    output_format: str,
    options: PosTaggingDataConfig,
    origin: conllu.Sentence | column_files.Sentence | None = None,
    sentence_id: int | None = None,
) -> str:
    r"""Return a tagged sentence, as the lines that it was read from where these have the format.

    Args:
        text: The sentence as it was given.
        tokens: Its words.
        tags: A tag for each.
        output_format: ``"conllu"`` or ``"columns"``.
        options: ``tag_column`` and ``scheme``: the column of CoNLL-U to write to.
        origin: What it was read from, if from one of these formats.
        sentence_id: Number of the sentence, for CoNLL-U from other formats.

    Example:
        >>> written("Go!", ["Go", "!"], ["VERB", "PUNCT"], "columns", None)
        'Go\tVERB\n!\tPUNCT\n\n'
    """
    kind = conllu.tag_kind(options)
    if output_format == "columns":
        if isinstance(origin, column_files.Sentence):
            return origin.with_tags(tags)
        pairs = zip(tokens, tags, strict=True)
        return "".join(f"{token}\t{tag}\n" for token, tag in pairs) + "\n"
    if isinstance(origin, conllu.Sentence):
        return origin.with_tags(tags, kind)
    return conllu.written(text, tokens, tags, kind, sentence_id)


def _names_columns(options: PosTaggingDataConfig) -> bool:
    """Whether columns were named, which asks for the reader of columns."""
    return (getattr(options, "token_column", 0), getattr(options, "label_column", -1)) != (0, -1)


def _suffix(path: Path) -> str:
    return PurePosixPath(path.name.lower().removesuffix(".gz")).suffix
