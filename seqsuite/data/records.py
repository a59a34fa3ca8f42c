"""Records of csv, tsv and jsonl text, one at a time, with errors that name the line."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from seqsuite.errors import UserError


def delimited_records(
    lines: Iterable[str], suffix: str, where: object, columns: Sequence[str] | None = None
) -> tuple[list[str], Iterator[dict[str, str]]]:
    r"""Read a table.

    Args:
        lines: The text, line ends kept.
        suffix: ``.tsv``, or anything else for commas (or semicolons, which spreadsheets write
            where the comma is the decimal sign).
        where: Named in errors.
        columns: The columns of a table without a header; None: its first row names them.

    Returns:
        The columns, and the records; reading them raises UserError at a damaged row.

    Example:
        >>> columns, records = delimited_records(["text,label\n", "good,yes\n"], ".csv", "a.csv")
        >>> columns, next(records)["label"]
        (['text', 'label'], 'yes')
    """
    csv.field_size_limit(2**31 - 1)  # the default of 128 KiB refuses long documents
    lines = iter(lines)
    header = next(lines, "")
    every = itertools.chain([header] if header else [], lines)
    # A tab-separated file is one record a line by custom: its quotes are plain characters.
    if suffix == ".tsv":
        reader = csv.DictReader(every, columns, delimiter="\t", quoting=csv.QUOTE_NONE)
    else:
        delimiter = ";" if ";" in header and "," not in header else ","
        # Without `strict` a quote that is never closed swallows the rest of the file in silence.
        reader = csv.DictReader(every, columns, delimiter=delimiter, strict=True)
    try:
        names = list(reader.fieldnames or [])
    except csv.Error as error:
        raise _damaged(where, reader, error) from error
    return names, _records(reader, where)


def _records(reader: csv.DictReader, where: object) -> Iterator[dict[str, str]]:
    try:
        for record in reader:
            if None in record:
                raise UserError(
                    f"{where} line {reader.line_num} has more fields than the header's "
                    f"{len(reader.fieldnames or [])}. Put texts with a delimiter in double quotes."
                )
            yield record
    except csv.Error as error:
        raise _damaged(where, reader, error) from error


def _damaged(where: object, reader: csv.DictReader, error: csv.Error) -> UserError:
    return UserError(
        f"{where}: the row that begins at line {reader.line_num + 1} cannot be read: {error}. "
        "A quoted text must end with a quote, and a quote inside it is doubled."
    )


def json_records(lines: Iterable[str], where: object, first: int = 1) -> Iterator[dict[str, Any]]:
    """Read one JSON object a line; empty lines are passed over.

    Args:
        lines: The text.
        where: Named in errors.
        first: Number of the first line.

    Raises:
        UserError: A line is not a JSON object; the message names it.

    Example:
        >>> list(json_records(['{"text": "good"}'], "a.jsonl"))
        [{'text': 'good'}]
    """
    for number, line in enumerate(lines, first):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            reason = getattr(error, "msg", "too deep")
            raise UserError(f"{where} line {number} is not JSON: {reason}.") from error
        if not isinstance(record, dict):
            raise UserError(f"{where} line {number} is not a JSON object.")
        yield record


ABSENT = object()
"""What :func:`field` returns of a record without the field."""


def field(record: Mapping[str, Any], name: str) -> Any:
    """Return a field of a JSON object; dots lead into objects within it.

    Args:
        record: The object.
        name: ``text``, or ``data.text``.

    Example:
        >>> field({"data": {"text": "good"}}, "data.text")
        'good'
    """
    if name in record:
        return record[name]
    outer, dot, inner = name.partition(".")
    within = record.get(outer)
    return field(within, inner) if dot and isinstance(within, dict) else ABSENT


def plain_text(value: object, where: object = "The input") -> str:
    """Return a value as text that UTF-8 can hold; None is the empty text.

    JSON can spell half a surrogate pair, and a shell can pass bytes that are not UTF-8.

    Args:
        value: A text, a number, a boolean or None.
        where: Named in errors.

    Raises:
        UserError: It is a list or an object.

    Example:
        >>> plain_text(None), plain_text(3)
        ('', '3')
    """
    if isinstance(value, list | tuple | dict):
        kind = "an object" if isinstance(value, dict) else "a list"
        hint = "; a field within it is named with a dot, such as data.text" * (kind[-1] == "t")
        raise UserError(f"{where} holds {kind} where a text is expected{hint}.")
    return "" if value is None else str(value).encode("utf-8", "replace").decode("utf-8")
