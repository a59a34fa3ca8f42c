"""CoNLL-U files: words and their tags, read a sentence at a time and written back unchanged.

The format: https://universaldependencies.org/format.html. Lines of multiword tokens (``1-2``) and
empty nodes (``8.1``) are no words; they, comments and line ends stay in the raw lines of a
sentence, so that a file with new tags differs from the old one in their column only.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import conllu
from conllu.parser import DEFAULT_FIELDS, parse_id_value, parse_line

from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.tasks.pos_tagging.config import PosTaggingDataConfig
from seqsuite.tasks.pos_tagging.data.alignment import places_of
from seqsuite.tasks.pos_tagging.data.dependency_labels import head_labels
from seqsuite.tasks.pos_tagging.data.lines import Source, name_of, numbered_lines
from seqsuite.tasks.pos_tagging.data.sentences import TaggedSentence, build_examples

EMPTY = "_"  # how the format writes that a column has no value
# Values stay as they are written; only ids are taken apart.
_PARSERS = {"id": lambda fields, i: parse_id_value(fields[i])}
_GLOBAL_COLUMNS = re.compile(r"#\s*global\.columns\s*=\s*(.*)")
_ENTITY = re.compile(r"(?:^|(?<=\|))NER=([^|]*)")
# Name -> column of what may be learned beside the tags.
_FURTHER_COLUMNS = {"xpos": "xpos", "morphology": "feats", "relation": "deprel"}
_DOCUMENT = re.compile(r"#\s*newdoc\b")


@dataclass(frozen=True)
class Sentence:
    """A sentence of a CoNLL-U file, with the lines it was read from.

    Args:
        lines: All its lines with their ends: comments, words, other nodes, the empty line.
        words: Index in ``lines`` of each word.
        rows: Column name -> value of each word.
        column_names: The columns, in lower case.
    """

    lines: tuple[str, ...]
    words: tuple[int, ...]
    rows: tuple[dict[str, Any], ...]
    column_names: tuple[str, ...] = DEFAULT_FIELDS

    @property
    def tokens(self) -> tuple[str, ...]:
        """The words; none when the lines hold only comments or nothing."""
        return self.column("form")

    @property
    def opens_document(self) -> bool:
        """Whether a comment says that a new document begins."""
        return any(_DOCUMENT.match(line.lstrip("\ufeff")) for line in self.lines)

    def column(self, name: str) -> tuple[str, ...]:
        """Return a column's value for each word; ``_`` where the file has no such column."""
        return tuple(row.get(name, EMPTY) for row in self.rows)

    def tags(self, kind: str) -> tuple[str, ...]:
        """Return the tags of a kind (``upos``, ``xpos`` or ``ner``), ``_`` where there is none."""
        if kind != "ner":
            return self.column(kind)
        found = [_ENTITY.search(misc) for misc in self.column("misc")]
        return tuple(match[1] if match else EMPTY for match in found)

    def with_tags(self, tags: Sequence[str], kind: str = "upos") -> str:
        """Return the sentence's text with new tags, and everything else as it was.

        Args:
            tags: A tag for each word.
            kind: ``upos`` or ``xpos`` for these columns, or ``ner``: ``NER=TAG`` in column MISC,
                beside what else is there.

        Raises:
            ValueError: There is not one tag for each word.
            UserError: The file has no column for them.
        """
        if len(tags) != len(self.words):
            raise ValueError(
                f"Argument `tags` must have one tag for each of {len(self.words)} words. "
                f"Received: {len(tags)} tags"
            )
        name = "misc" if kind == "ner" else kind
        if name not in self.column_names:
            raise UserError(f"The file has no column {name.upper()} to write tags to.")
        position = self.column_names.index(name)
        lines = list(self.lines)
        for index, tag in zip(self.words, tags, strict=True):
            content = lines[index].rstrip("\r\n")
            fields = content.split("\t")
            old = fields[position]
            fields[position] = _with_entity(old, tag) if kind == "ner" else tag
            lines[index] = "\t".join(fields) + lines[index][len(content) :]
        return "".join(lines)


def _with_entity(misc: str, tag: str) -> str:
    if misc in ("", EMPTY):
        return f"NER={tag}"
    if _ENTITY.search(misc):
        return _ENTITY.sub(lambda match: f"NER={tag}", misc)
    return f"{misc}|NER={tag}"


def sentences(
    source: Source, where: str | None = None, encoding: str | None = None
) -> Iterator[Sentence]:
    r"""Read sentences one at a time, each as soon as its empty line has come.

    Args:
        source: A path (also ``.gz``), an open stream, or lines.
        where: What errors call the source; its own name when None.
        encoding: Of a file; None: UTF-8, or UTF-16 by the file's mark.

    Yields:
        Sentences whose lines, joined, are the whole source. Those of comments or empty lines only
        have no tokens.

    Raises:
        UserError: A line has the wrong number of columns or an id out of order; the message names
            it.

    Example:
        >>> line = "\t".join(["1", "Go", "go", "VERB", "VB", "_", "0", "root", "_", "_"]) + "\n"
        >>> (sentence,) = sentences(["# text = Go\n", line, "\n"])
        >>> sentence.tokens, sentence.tags("upos")
        (('Go',), ('VERB',))
    """
    where = where or name_of(source)
    reader = _Reader(where)
    for number, line in numbered_lines(source, where, encoding):
        sentence = reader.add(number, line)
        if sentence is not None:
            yield sentence
    if reader.lines:
        yield reader.finish()


class _Reader:
    """Collects the lines of one sentence after the other."""

    def __init__(self, where: str):
        self.where = where
        self.column_names: tuple[str, ...] = DEFAULT_FIELDS
        self._start()

    def _start(self) -> None:
        self.lines: list[str] = []
        self.words: list[int] = []
        self.rows: list[dict[str, Any]] = []
        self.range_end = 0
        self.range_line = 0

    def add(self, number: int, line: str) -> Sentence | None:
        """Take a line; return the sentence that it ends."""
        self.lines.append(line)
        content = line.rstrip("\r\n")
        if number == 1:
            content = content.removeprefix("\ufeff")
        if not content.strip():
            return self.finish()
        if content.startswith("#"):
            match = _GLOBAL_COLUMNS.match(content)
            if match:
                self.column_names = tuple(match[1].lower().split())
            return None
        self._node(number, content)
        return None

    def finish(self) -> Sentence:
        """Return the sentence of the lines so far."""
        if self.range_end > len(self.words):
            raise UserError(
                f"{self.where} line {self.range_line}: a range of ids ends at {self.range_end}, "
                f"behind the last word of the sentence, {len(self.words)}."
            )
        sentence = Sentence(
            tuple(self.lines), tuple(self.words), tuple(self.rows), self.column_names
        )
        self._start()
        return sentence

    def _node(self, number: int, content: str) -> None:
        columns = content.count("\t") + 1
        if columns != len(self.column_names):
            names = " ".join(self.column_names).upper()
            raise UserError(
                f"{self.where} line {number} has {columns} columns, expected "
                f"{len(self.column_names)} separated by tabs: {names}."
            )
        try:
            # The parser takes two spaces for a separator too, which they are not.
            row = parse_line(re.sub(" {2,}", " ", content), self.column_names, _PARSERS)
        except conllu.exceptions.ParseException as error:
            raise self._wrong(number, content) from error
        if not row.get("form"):
            raise UserError(f"{self.where} line {number}: column FORM is empty.")
        following = len(self.words) + 1
        match row.get("id"):
            case int(position) if position == following:
                self.words.append(len(self.lines) - 1)
                self.rows.append(row)
            case (int(first), "-", int(last)) if first == following > self.range_end:
                self.range_end, self.range_line = last, number
            case (int(position), ".", int()) if position == following - 1:
                pass
            case _:
                raise self._wrong(number, content)

    def _wrong(self, number: int, content: str) -> UserError:
        first, following = content.partition("\t")[0], len(self.words) + 1
        return UserError(
            f"{self.where} line {number}: id {first[:20]!r} is out of place, "
            f"expected {following} (or a range from it, or an empty node {following - 1}.1). Is an "
            "empty line between two sentences missing?"
        )


def tag_kind(options: PosTaggingDataConfig) -> str:
    """Return which tags of a file are meant: ``upos``, ``xpos``, or ``ner`` (``NER=TAG`` in MISC).

    Args:
        options: ``tag_column``, one of these or ``auto``: ``ner`` where ``scheme`` says that tags
            are spans, else ``upos``.
    """
    wanted = getattr(options, "tag_column", "auto")
    spans = getattr(options, "scheme", "none") != "none"
    return {"auto": "ner" if spans else "upos"}.get(wanted, wanted)


def read(path: Path, options: PosTaggingDataConfig) -> Examples:
    """Read tagged sentences.

    Args:
        path: The file, also ``.gz``.
        options: ``tag_column`` and ``scheme``, as for :func:`tag_kind`.

    Returns:
        ``tokens``, tags as labels, and those of ``xpos``, ``morphology``, ``relation`` and ``head``
        (see :func:`seqsuite.tasks.pos_tagging.data.dependency_labels.head_labels`) that the file
        has and that are not the label. Sentences with an untagged word are left out and counted.

    Raises:
        UserError: The file is damaged, empty, or has no tags.
    """
    kind = tag_kind(options)
    found = [
        s
        for s in sentences(path, encoding=options.encoding)
        if any(line.strip() for line in s.lines)
    ]
    documents = itertools.accumulate(s.opens_document for s in found)
    columns = {
        name: [s.column(column) for s in found]
        for name, column in _FURTHER_COLUMNS.items()
        if column != kind
    }
    columns["head"] = [head_labels(s.rows) for s in found]
    columns = {
        name: values
        for name, values in columns.items()
        if any(value != EMPTY for row in values for value in row)
    }
    tagged = [
        TaggedSentence(
            s.tokens, s.tags(kind), {name: rows[i] for name, rows in columns.items()}, document
        )
        for i, (s, document) in enumerate(zip(found, documents, strict=True))
    ]
    return build_examples(_without_untagged(tagged, kind, path), path)


def _without_untagged(tagged: list[TaggedSentence], kind: str, path: Path) -> list[TaggedSentence]:
    partly = {i for i, sentence in enumerate(tagged) if EMPTY in sentence.tags}
    if not partly:
        return tagged
    place = "NER= in column MISC" if kind == "ner" else f"column {kind.upper()}"
    if len(partly) == sum(bool(sentence.tokens) for sentence in tagged):
        others = [name for name in ("upos", "xpos", "ner") if name != kind]
        raise UserError(
            f"{path}: no sentence has a tag for each word in {place} ('_' is none). Train on "
            f"another column with --data.tag_column {' or '.join(others)}, or fill it in."
        )
    print(
        f"note: {path}: {len(partly)} of {len(tagged)} sentences have a word without a tag in "
        f"{place} and are left out",
        file=sys.stderr,
    )
    return [s for i, s in enumerate(tagged) if i not in partly]


def written(
    text: str,
    tokens: Sequence[str],
    tags: Sequence[str],
    kind: str = "upos",
    sentence_id: int | None = None,
) -> str:
    r"""Return words that came from plain text as a CoNLL-U sentence.

    The forms and the spaces between them give the text, as the format asks for.

    Args:
        text: The sentence as it was given.
        tokens: Its words.
        tags: A tag for each.
        kind: ``upos``, ``xpos`` or ``ner``, as for :meth:`Sentence.with_tags`.
        sentence_id: Number of the sentence.

    Example:
        >>> print(written("Go!", ["Go", "!"], ["VERB", "PUNCT"], sentence_id=1).replace("\t", " "))
        # sent_id = 1
        # text = Go!
        1 Go _ VERB _ _ _ _ _ SpaceAfter=No
        2 ! _ PUNCT _ _ _ _ _ _
        <BLANKLINE>
        <BLANKLINE>
    """
    forms, glued = _as_written(text, tokens)
    shown = "".join(
        form + " " * (not no_space) for form, no_space in zip(forms, glued, strict=True)
    )
    comments = [] if sentence_id is None else [f"# sent_id = {sentence_id}"]
    comments.append(f"# text = {shown.strip()}")
    if not tokens:
        # A sentence without words is no sentence of the format; its lines are comments.
        return "".join(
            f"{line}\n" for line in (*comments[:-1], f"# text = {' '.join(text.split())}", "")
        )
    rows = [
        "\t".join([str(i), form, *[EMPTY] * 7, "SpaceAfter=No" if no_space else EMPTY])
        for i, (form, no_space) in enumerate(zip(forms, glued, strict=True), start=1)
    ]
    (sentence,) = sentences(f"{line}\n" for line in (*comments, *rows, ""))
    return sentence.with_tags(tags, kind)


def _as_written(text: str, tokens: Sequence[str]) -> tuple[list[str], list[bool]]:
    """Return each word as the text has it, and whether the next one follows without a space.

    Where the text has other characters than the words (a kind of apostrophe aside), the words stay,
    with spaces between them.
    """
    places = places_of(text, tokens)
    if places is None:
        return list(tokens), [False] * len(tokens)
    forms = [text[start:end] for start, end in places]
    return forms, [text[end : end + 1].strip() != "" for _, end in places]
