"""Columns, as in the CoNLL shared tasks: a token and its tag a line, an empty line between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seqsuite.datasets.examples import Examples
from seqsuite.datasets.tagged_sentences import TaggedSentence, build_examples
from seqsuite.datasets.text_lines import Source, name_of, numbered_lines
from seqsuite.errors import UserError

DOCUMENT_START = "-DOCSTART-"


def sentences(
    source: Source, token_column: int = 0, label_column: int | None = -1
) -> Iterator[TaggedSentence]:
    r"""Read sentences one at a time, each as soon as its empty line has come.

    Columns are separated by tabs when the first line has one (tokens may hold spaces then), else by
    spaces. All lines have the same number of them. Lines that begin with ``-DOCSTART-`` part
    documents; in a file with tabs, lines that begin with ``#`` and have none are comments.

    Args:
        source: A path (also ``.gz``), an open stream, or lines.
        token_column: Position of the token; from the end when negative.
        label_column: Position of the tag; None: the source has no tags.

    Yields:
        Sentences of at least one token. Tags are as written: a sequence of them may break the rules
        of a scheme such as BIO.

    Raises:
        UserError: A line has the wrong number of columns, or an empty token or tag; the message
            names it.

    Example:
        >>> found = list(sentences(["New York\tB-location\n", "\n", "Why\tO\n"]))
        >>> [(sentence.tokens, sentence.tags) for sentence in found]
        [(('New York',), ('B-location',)), (('Why',), ('O',))]
    """
    reader = _Reader(name_of(source), token_column, label_column)
    tokens: list[str] = []
    tags: list[str] = []
    document = 0
    for number, line in numbered_lines(source):
        content = line.rstrip("\r\n")
        if number == 1:
            content = content.removeprefix("\ufeff")
        starts = content.startswith(DOCUMENT_START)
        if content.strip() and not starts:
            if not reader.is_comment(content):
                token, tag = reader.fields(number, content)
                tokens.append(token)
                tags.append(tag)
            continue
        if tokens:
            yield TaggedSentence(tuple(tokens), tuple(tags), document=document)
            tokens, tags = [], []
        document += starts
    if tokens:
        yield TaggedSentence(tuple(tokens), tuple(tags), document=document)


class _Reader:
    """Takes lines apart, all in the way of the first."""

    def __init__(self, where: str, token_column: int, label_column: int | None):
        self.where = where
        self.wanted = {"token": token_column, "label": label_column}
        self.separator = ""
        self.columns = 0

    def is_comment(self, content: str) -> bool:
        return content.startswith("#") and "\t" not in content and self.separator != " "

    def fields(self, number: int, content: str) -> tuple[str, str]:
        """Return token and tag ("" when the source has none)."""
        self.separator = self.separator or ("\t" if "\t" in content else " ")
        if self.separator == "\t":
            fields = content.split("\t")
        else:
            # Other white space, such as a no-break space, may be part of a token.
            fields = [field for field in content.split(" ") if field]
        if not self.columns:
            self._check(number, len(fields))
            self.columns = len(fields)
        if len(fields) != self.columns:
            separator = "tabs" if self.separator == "\t" else "spaces"
            raise UserError(
                f"{self.where} line {number} has {len(fields)} columns separated by {separator}, "
                f"the lines before it {self.columns}. Every token needs its own line and tag."
            )
        token, tag = (
            "" if position is None else fields[position] for position in self.wanted.values()
        )
        if not token or (not tag and self.wanted["label"] is not None):
            what = "tag" if token else "token"
            raise UserError(f"{self.where} line {number}: the {what} is empty.")
        return token, tag

    def _check(self, number: int, columns: int) -> None:
        positions = {
            what: position % columns if -columns <= position < columns else None
            for what, position in self.wanted.items()
            if position is not None
        }
        if len(positions) == 2 and columns < 2:
            raise UserError(
                f"{self.where} line {number} has 1 column, expected a token and its tag separated "
                "by a tab or spaces."
            )
        for what, position in positions.items():
            if position is None:
                raise UserError(
                    f"{self.where} line {number} has {columns} columns, so none at position "
                    f"{self.wanted[what]}. Name the column (from 0) with --data.{what}_column."
                )
        if len(set(positions.values())) < len(positions):
            raise UserError(
                f"{self.where}: token and tag are both read from column {positions['token']}. "
                "Name two columns with --data.token_column and --data.label_column."
            )


def read(path: Path, options: Any) -> Examples:
    """Read tagged sentences.

    Args:
        path: The file, also ``.gz``.
        options: ``token_column`` and ``label_column``.

    Returns:
        ``tokens``, and tags as labels.

    Raises:
        UserError: The file is damaged or empty.
    """
    token_column = getattr(options, "token_column", 0)
    return build_examples(sentences(path, token_column, getattr(options, "label_column", -1)), path)
