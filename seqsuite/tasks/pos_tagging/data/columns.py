"""Columns, as in the CoNLL shared tasks: a token and its tag a line, an empty line between."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.tasks.pos_tagging.config import PosTaggingDataConfig
from seqsuite.tasks.pos_tagging.data.lines import Source, name_of, numbered_lines
from seqsuite.tasks.pos_tagging.data.sentences import TaggedSentence, build_examples

DOCUMENT_START = "-DOCSTART-"
# Names of columns on a first line: of the token, and of the tag.
_TOKEN_NAMES = {"form", "token", "tokens", "word", "words"}
_TAG_NAMES = {
    "bio", "chunk", "entity", "iob", "label", "labels", "ner", "ner_tag", "ner_tags", "pos",
    "pos_tag", "pos_tags", "tag", "tags", "upos", "xpos",
}  # fmt: skip
_KEY_AND_VALUE = re.compile(r"#\s*[\w.:-]+\s*=")


@dataclass(frozen=True)
class Sentence:
    """A sentence of a file of columns, with the lines it was read from.

    Args:
        lines: All its lines with their ends: empty ones and comments before it, words, the line
            that ends it.
        words: Index in ``lines`` of each word.
        tokens: The words; none when the lines hold none.
        tags: A tag for each, ``""`` where the source has none.
        separator: What a further column is separated by.
        document: Number of the document that it is from.
        document_starts: Index in ``lines`` of each line that begins with ``-DOCSTART-``.
    """

    lines: tuple[str, ...]
    words: tuple[int, ...]
    tokens: tuple[str, ...]
    tags: tuple[str, ...]
    separator: str = "\t"
    document: int = 0
    document_starts: tuple[int, ...] = ()

    def with_tags(self, tags: Sequence[str]) -> str:
        """Return the sentence's text with one more column at the end of each word's line.

        Lines that begin with ``-DOCSTART-`` get one too, ``O``: conlleval wants as many columns
        there as elsewhere.

        Args:
            tags: A tag for each word.

        Raises:
            ValueError: There is not one tag for each word.
        """
        if len(tags) != len(self.words):
            raise ValueError(
                f"Argument `tags` must have one tag for each of {len(self.words)} words. "
                f"Received: {len(tags)} tags"
            )
        lines = list(self.lines)
        added = dict.fromkeys(self.document_starts, "O") | dict(zip(self.words, tags, strict=True))
        for index, tag in added.items():
            content = lines[index].rstrip("\r\n")
            # Spaces at the end separate nothing; of tabs each would.
            kept = content.rstrip(" ") if self.separator == " " else content
            lines[index] = f"{kept}{self.separator}{tag}{lines[index][len(content) :]}"
        return "".join(lines)


def sentences(
    source: Source,
    token_column: int = 0,
    label_column: int | None = -1,
    encoding: str | None = None,
) -> Iterator[TaggedSentence]:
    r"""Read sentences one at a time, each as soon as its empty line has come.

    Columns are separated by tabs when the first line has one (tokens may hold spaces then), else by
    spaces. All lines have the same number of them. Lines that begin with ``-DOCSTART-`` part
    documents. Lines that begin with ``#`` are comments in front of a sentence where they have
    another number of columns, are ``# key = value``, or where ``#`` stands alone in the first
    column and the last one is no tag of other words; in a file with tabs also where they have none.
    A first line of names of columns (``word``, ``tag``) is passed over, with a note.

    Args:
        source: A path (also ``.gz``), an open stream, or lines.
        token_column: Position of the token; from the end when negative.
        label_column: Position of the tag; None: the source has no tags.
        encoding: Of a file; None: UTF-8, or UTF-16 by the file's mark.

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
    for found in with_lines(source, token_column, label_column, encoding=encoding):
        if found.tokens:
            yield TaggedSentence(found.tokens, found.tags, document=found.document)


def with_lines(
    source: Source,
    token_column: int = 0,
    label_column: int | None = None,
    where: str | None = None,
    encoding: str | None = None,
) -> Iterator[Sentence]:
    r"""Read sentences as :func:`sentences` does, with the lines of the source.

    Args:
        source: A path (also ``.gz``), an open stream, or lines.
        token_column: Position of the token. Where no tag is asked for and there is one column
            only, that one.
        label_column: Position of the tag; None: the source has no tags.
        where: What errors call the source; its own name when None.
        encoding: Of a file; None: UTF-8, or UTF-16 by the file's mark.

    Yields:
        Sentences whose lines, joined, are the whole source; the last one may have no token.

    Raises:
        UserError: A line has the wrong number of columns, or an empty token or tag.

    Example:
        >>> (sentence,) = with_lines(["They\n", "can\n"])
        >>> sentence.with_tags(["PRON", "AUX"])
        'They\tPRON\ncan\tAUX\n'
    """
    where = where or name_of(source)
    reader = _Reader(where, token_column, label_column)
    for number, line in numbered_lines(source, where, encoding):
        found = reader.add(number, line)
        if found is not None:
            yield found
    if reader.lines:
        yield reader.finish()
    reader.print_note()


class _Reader:
    """Collects the lines of one sentence after the other, taken apart in the way of the first."""

    def __init__(self, where: str, token_column: int, label_column: int | None):
        self.where = where
        self.wanted = {"token": token_column, "label": label_column}
        self.separator = ""
        self.columns = 0
        self.document = 0
        self.tags: set[str] = set()
        self.passed_over: list[int] = []
        self._start()

    def _start(self) -> None:
        self.lines: list[str] = []
        self.starts: list[int] = []
        self.undecided: list[tuple[int, int, str]] = []
        self.words: list[int] = []
        self.fields: list[tuple[str, str]] = []

    def add(self, number: int, line: str) -> Sentence | None:
        """Take a line; return the sentence that it ends."""
        content = line.rstrip("\r\n")
        if number == 1:
            content = content.removeprefix("\ufeff")
        starts = content.startswith(DOCUMENT_START)
        place = len(self.lines)
        self.lines.append(line)
        if starts:
            self.starts.append(place)
        elif content.strip():
            if not self.columns and content.startswith("#"):
                # What the columns are is seen on the first line that is surely no comment.
                self.undecided.append((number, place, content))
            else:
                self._take(number, place, content)
            return None
        self._decide()
        found = self.finish() if self.words else None
        self.document += starts
        return found

    def _take(self, number: int, place: int, content: str) -> None:
        """Take the line of a word, or of a comment."""
        if not self.columns and self._is_header(content):
            print(
                f"note: {self.where} line {number} names columns ({content.strip()[:60]}) and is "
                "passed over",
                file=sys.stderr,
            )
            return
        if not self.columns:
            self._shape(number, content)
        self._decide()
        if self._is_comment(number, content):
            return
        token, tag = self.split(number, content)
        self.fields.append((token, tag))
        self.words.append(place)
        self.tags.add(tag or self._fields_of(content)[-1])

    def _decide(self) -> None:
        """Take the lines with ``#`` before the first line of which the columns are known."""
        undecided, self.undecided = self.undecided, []
        for number, place, content in undecided:
            comment = re.match(r"#(\s|$)", content) or _KEY_AND_VALUE.match(content)
            if self.columns or not comment:
                self._take(number, place, content)

    def finish(self) -> Sentence:
        """Return the sentence of the lines so far."""
        self._decide()
        found = Sentence(
            tuple(self.lines),
            tuple(self.words),
            tuple(token for token, _ in self.fields),
            tuple(tag for _, tag in self.fields),
            " " if self.separator == " " and self.columns > 1 else "\t",
            self.document,
            tuple(self.starts),
        )
        self._start()
        return found

    def print_note(self) -> None:
        """Say which lines were taken for comments that might be words."""
        if self.passed_over:
            print(
                f"note: {self.where}: {len(self.passed_over):,} lines that begin with '# ' are "
                f"taken for comments, the first is line {self.passed_over[0]}",
                file=sys.stderr,
            )

    def _is_header(self, content: str) -> bool:
        fields = [field.lower() for field in content.split("\t" if "\t" in content else None)]
        return len(fields) > 1 and bool(_TOKEN_NAMES & {*fields}) and bool(_TAG_NAMES & {*fields})

    def _is_comment(self, number: int, content: str) -> bool:
        if not content.startswith("#"):
            return False
        if self.separator == "\t" and "\t" not in content and self.columns > 1:
            return True
        fields = self._fields_of(content)
        if self.words:
            return False
        if len(fields) != self.columns or _KEY_AND_VALUE.match(content):
            return True
        if fields[0] != "#" or self.columns == 1:
            return False
        tag = fields[-1 if self.wanted["label"] is None else self.wanted["label"]]
        if tag not in self.tags:
            self.passed_over.append(number)
        return tag not in self.tags

    def _shape(self, number: int, content: str) -> None:
        """Learn separator and columns from the first line of a word."""
        self.separator = "\t" if "\t" in content else " "
        columns = len(self._fields_of(content))
        if columns == 1 and self.wanted["label"] is None:
            self.wanted["token"] = 0
        self._check(number, columns)
        self.columns = columns

    def _fields_of(self, content: str) -> list[str]:
        if self.separator == "\t":
            return content.split("\t")
        # Other white space, such as a no-break space, may be part of a token.
        return [field for field in content.split(" ") if field]

    def split(self, number: int, content: str) -> tuple[str, str]:
        """Return token and tag ("" when the source has none)."""
        fields = self._fields_of(content)
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


def read(path: Path, options: PosTaggingDataConfig | None) -> Examples:
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
    label_column = getattr(options, "label_column", -1)
    encoding = getattr(options, "encoding", None)
    return build_examples(sentences(path, token_column, label_column, encoding), path)
