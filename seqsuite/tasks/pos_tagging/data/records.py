"""Tagged sentences in tables with a word a row, and in JSON with a sentence an object."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from seqsuite.data import raw_files, tables
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.tasks.pos_tagging.config import PosTaggingDataConfig
from seqsuite.tasks.pos_tagging.data.alignment import places_of
from seqsuite.tasks.pos_tagging.data.sentences import TaggedSentence, build_examples

FORMATS = ("csv", "jsonl", "json", "parquet")

_WORDS = ("token", "tokens", "word", "words", "form")
# Fields of a sentence's tags, in the order in which they are looked for.
_TAGS = {
    "ner": ("ner_tags", "ner", "entity_tags", "tags", "labels"),
    "upos": ("upos", "pos_tags", "pos", "tags", "labels"),
    "xpos": ("xpos",),
}
_SPANS = ("entities", "label", "labels", "spans")


def read(path: Path, options: PosTaggingDataConfig) -> Examples:
    """Read tagged sentences.

    A table has a column with the sentence in its name (``Sentence #``), which may be empty but for
    the first word of each, one of words (``Word``), and the tag in the column
    ``data.label_column``, the last one by default. A JSON object has ``tokens`` and a list of tags
    (``ner_tags``, ``pos_tags``, ``tags``), or ``text`` and spans (``[start, end, name]``, or
    objects with ``start``, ``end`` and ``label``), as doccano and Prodigy write them.

    Args:
        path: The file, also ``.gz``.
        options: The data section.

    Returns:
        ``tokens``, and tags as labels.

    Raises:
        UserError: It has no such columns or fields, or is damaged.
    """
    data, name = raw_files.content(path), tables.format_of(path.name)
    assert name is not None
    table = tables.of_bytes(data, name, path, encoding=options.encoding)
    lower = {column.lower(): column for column in table.columns}
    if name == "csv" or (name == "parquet" and not {"tokens", "text"} & {*lower}):
        return build_examples(_from_words(table, lower, options), path)
    return build_examples(_from_objects(table, options), path)


def _from_words(
    table: tables.Table, lower: dict[str, str], options: PosTaggingDataConfig
) -> Iterator[TaggedSentence]:
    number_column = next((lower[name] for name in lower if "sentence" in name), None)
    word_column = next((lower[name] for name in _WORDS if name in lower), None)
    if number_column is None or word_column is None:
        raise UserError(
            f"{table.where} has no column of sentences (such as 'Sentence #') and one of words "
            f"(such as 'Word'). Columns are {', '.join(map(repr, table.columns))}."
        )
    try:
        tag_column = table.columns[options.label_column]
    except IndexError:
        raise UserError(
            f"{table.where} has {len(table.columns)} columns, so none at position "
            f"{options.label_column}. Name the column (from 0) with --data.label_column."
        ) from None
    tokens: list[str] = []
    tags: list[str] = []
    last = ""
    for place, record in enumerate(table.records, 1):
        # The number may stand at the first word of a sentence alone.
        number = str(record[number_column] or last)
        if number != last and tokens:
            yield TaggedSentence(tuple(tokens), tuple(tags))
            tokens, tags = [], []
        last = number
        token, tag = str(record[word_column]).strip(), str(record[tag_column]).strip()
        if not token or not tag:
            what = "tag" if token else "token"
            raise UserError(f"{table.where} {table.place(place)}: the {what} is empty.")
        tokens.append(token)
        tags.append(tag)
    if tokens:
        yield TaggedSentence(tuple(tokens), tuple(tags))


def _from_objects(table: tables.Table, options: PosTaggingDataConfig) -> Iterator[TaggedSentence]:
    kinds = ["upos", "ner"] if options.scheme == "none" else ["ner"]
    kinds = kinds if options.tag_column == "auto" else [options.tag_column]
    names = [name for kind in kinds for name in _TAGS[kind]]
    texts: list[tuple[str, list[tuple[int, int, str]]]] = []
    for number, record in enumerate(table.records, 1):
        where = f"{table.where} {table.place(number)}"
        tokens = record.get("tokens", record.get("words"))
        if tokens is not None:
            yield _aligned(tokens, record, names, where)
        elif isinstance(record.get("text"), str):
            texts.append((record["text"], _spans_of(record, where)))
        else:
            raise UserError(
                f"{where} has neither tokens (a list of words) nor text. It has "
                f"{', '.join(map(repr, record))}."
            )
    yield from _tokenized(texts, table.where, options.language)


def _aligned(tokens: Any, record: dict[str, Any], names: list[str], where: str) -> TaggedSentence:
    tags = next((record[name] for name in names if name in record), None)
    if tags is None:
        raise UserError(f"{where} has no tags: expected one of {', '.join(dict.fromkeys(names))}.")
    tokens, tags = _listed(tokens, where, "tokens"), _listed(tags, where, "tags")
    if len(tokens) != len(tags):
        raise UserError(f"{where} has {len(tokens)} tokens and {len(tags)} tags.")
    if any(isinstance(tag, int | float) for tag in tags):
        raise UserError(
            f"{where}: tags are numbers. Write their names instead (Hugging Face: "
            "features['ner_tags'].feature.names)."
        )
    for what, values in (("token", tokens), ("tag", tags)):
        if not all(isinstance(value, str) and value.strip() for value in values):
            raise UserError(f"{where}: a {what} is empty or no text.")
    return TaggedSentence(tuple(tokens), tuple(tags))


def _listed(value: Any, where: str, what: str) -> list[Any]:
    # Columns of parquet are arrays.
    value = value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(value, list | tuple):
        raise UserError(f"{where}: {what} must be a list. Received: {str(value)[:60]!r}.")
    return list(value)


def _spans_of(record: dict[str, Any], where: str) -> list[tuple[int, int, str]]:
    values = next((record[name] for name in _SPANS if isinstance(record.get(name), list)), None)
    if values is None:
        raise UserError(f"{where} has no list of spans: expected one of {', '.join(_SPANS)}.")
    spans: list[tuple[int, int, str]] = []
    for value in values:
        if isinstance(value, dict):
            start = value.get("start", value.get("start_offset"))
            value = [start, value.get("end", value.get("end_offset")), value.get("label")]
        valid = isinstance(value, list | tuple) and len(value) == 3
        start, end, name = value if valid else (0, 0, "")
        valid = isinstance(start, int) and isinstance(end, int) and isinstance(name, str)
        if not valid or not 0 <= start < end <= len(record["text"]) or not name:
            raise UserError(
                f"{where}: a span must be [start, end, name] within the text. Received: "
                f"{str(value)[:60]}."
            )
        spans.append((start, end, name))
    return sorted(spans, key=lambda span: (span[0], -span[1]))


def _tokenized(
    texts: Sequence[tuple[str, list[tuple[int, int, str]]]], where: object, language: str
) -> Iterator[TaggedSentence]:
    """Split texts into words, as served sentences are, and give each word its span's tag."""
    if not texts:
        return
    # Imports TensorFlow, which `predict --help` does without.
    from seqsuite.tasks.pos_tagging.tokenization import words_of

    rows = words_of([text for text, _ in texts], language)
    odd = overlapping = 0
    for (text, spans), tokens in zip(texts, rows, strict=True):
        places = places_of(text, tokens)
        if places is None:
            odd += 1
            continue
        tags = ["O"] * len(tokens)
        for start, end, name in spans:
            inside = [i for i, (a, b) in enumerate(places) if a < end and b > start]
            if not inside or any(tags[i] != "O" for i in inside):
                overlapping += 1
                continue
            tags[inside[0]] = f"B-{name}"
            for i in inside[1:]:
                tags[i] = f"I-{name}"
        yield TaggedSentence(tuple(tokens), tuple(tags))
    for count, what in (
        (odd, "texts have characters that the tokenizer changes, and"),
        (overlapping, "spans overlap another one or hold no word, and"),
    ):
        if count:
            print(f"note: {where}: {count:,} {what} are left out", file=sys.stderr)
