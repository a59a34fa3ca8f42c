"""Parallel text: lines that are translations of each other, and a person's own files of it.

This is ``data.source files`` for translation.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from seqsuite.data import encodings, raw_files, tables
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError, nearest
from seqsuite.tasks.translation.config import TranslationDataConfig

NAME = "files"
DESCRIPTION = "your own files: --data.train a.en,a.de or a.tsv [--data.validation ...] --data.test"

_FORMATS = (
    "two files separated by a comma, the source's first (train.en,train.de), one file with a "
    "sentence, a tab and its translation on each line, or a csv, jsonl, json, parquet or xlsx file "
    "with columns source and target"
)

_COLUMNS = ("source", "target")


def load(split: str, options: TranslationDataConfig) -> Examples | None:
    """Read the two files, or the one table, that the data section names for ``split``.

    A tsv file is plain (no header, no quotes, exactly two columns) unless columns are named, by
    names or numbers; other tables have named columns.
    Every text file may be ``.gz``.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section.

    Returns:
        What :func:`examples_of_pairs` makes of the lines, or None when no path is given for an
        optional split.

    Raises:
        UserError: A path is missing, lines are not UTF-8 or not in pairs, or there are none.
    """
    names = getattr(options, split)
    if not names:
        if split == "train":
            raise UserError("data.source files needs --data.train SOURCE,TARGET or FILE.tsv.")
        return None
    paths = [Path(name).expanduser() for name in names]
    for path in paths:
        if not path.exists():
            near = os.listdir(path.parent) if os.access(path.parent, os.R_OK | os.X_OK) else []
            hint = nearest(path.name, near)
            raise UserError(f"--data.{split}: {path} does not exist.{hint} Give {_FORMATS}.")
    if len(paths) > 2:
        raise UserError(f"--data.{split} names {len(paths)} files. Give {_FORMATS}.")
    if len(paths) == 1:
        table_format = tables.format_of(paths[0].name)
        columns = options.source_column, options.target_column
        named = table_format is not None and (table_format, columns) != ("tsv", _COLUMNS)
        pairs = read_columns(paths[0], options) if named else read_table(paths[0], options.encoding)
        return examples_of_pairs(*pairs, split, names[0])
    _check_order(split, paths, options)
    pairs = read_aligned(paths[0], paths[1], options.encoding)
    return examples_of_pairs(*pairs, split, ",".join(names))


def language_pair(
    options: TranslationDataConfig,
    default: tuple[str, str],
    known: Sequence[str] = (),
    where: str = "the data",
) -> tuple[str, str]:
    """Return the languages to translate from and to.

    Args:
        options: The data section; ``source_language`` and ``target_language`` may be absent or
            None. Where one is given, the other is its partner in ``default``.
        default: The usual direction.
        known: Languages there are; empty: any.
        where: Named in errors.

    Raises:
        UserError: A language is unknown, or both are the same.

    Example:
        >>> from types import SimpleNamespace
        >>> language_pair(SimpleNamespace(source_language="de"), ("en", "de"))
        ('de', 'en')
    """
    source = getattr(options, "source_language", None)
    target = getattr(options, "target_language", None)
    source = source or (default[0] if target != default[0] else default[1])
    target = target or (default[1] if source != default[1] else default[0])
    for flag, language in (("source_language", source), ("target_language", target)):
        if known and language not in known:
            raise UserError(
                f"{where} has no language {language!r}.{nearest(language, known)} Set "
                f"--data.{flag} to one of {', '.join(known)}."
            )
    if source == target:
        raise UserError(
            f"{where}: source and target are both {source!r}. Set --data.source_language and "
            "--data.target_language to two languages."
        )
    return source, target


def read_lines(path: Path, encoding: str | None = None) -> list[str]:
    r"""Return the lines of a file, which end at ``\n`` or ``\r\n`` and nowhere else.

    Other characters that end lines for some programs (a form feed, U+2028) occur inside sentences,
    and to end a line there would put all that follow beside the wrong translation.

    Args:
        path: Text, unpacked when its name ends in ``.gz``.
        encoding: Its encoding; None: by its mark, or UTF-8.

    Raises:
        UserError: It cannot be read, or a line is not UTF-8.
    """
    lines = encodings.decode(raw_files.content(path), path, encoding).split("\n")
    if not lines[-1]:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def read_aligned(
    source: Path, target: Path, encoding: str | None = None
) -> tuple[list[str], list[str]]:
    """Return the lines of two files whose n-th lines are translations of each other.

    Args:
        source: The file to translate from.
        target: The file to translate to.
        encoding: As for :func:`read_lines`.

    Raises:
        UserError: The files are of different length, cannot be read or are not UTF-8.
    """
    sources, targets = read_lines(source, encoding), read_lines(target, encoding)
    if len(sources) != len(targets):
        raise UserError(
            f"{source} has {len(sources)} lines and {target} has {len(targets)}, but each line of "
            "one must translate the same line of the other. Find where they part (a sentence over "
            "two lines, a line left out) and keep an empty line for what has no translation."
        )
    return sources, targets


def read_table(path: Path, encoding: str | None = None) -> tuple[list[str], list[str]]:
    """Return the two columns of a file with a sentence, a tab and its translation on each line.

    A third column with a licence, as in the files of manythings.org, is passed over.

    Args:
        path: The file; an empty line is a pair of empty sentences.
        encoding: As for :func:`read_lines`.

    Raises:
        UserError: A line has not two columns, or it cannot be read or is not UTF-8.
    """
    rows = [line.split("\t") if line.strip() else ["", ""] for line in read_lines(path, encoding)]
    for number, row in enumerate(rows, 1):
        if len(row) == 3 and row[2].startswith("CC-BY"):
            row.pop()
        if len(row) != 2:
            raise UserError(
                f"{path} line {number} has {len(row)} column{'s' * (len(row) > 1)} instead of 2: "
                "expected a sentence, a tab and its translation. Columns by number: "
                f"--data.source_column 0 --data.target_column 1. Give {_FORMATS}."
            )
    return [row[0] for row in rows], [row[1] for row in rows]


def read_columns(path: Path, options: TranslationDataConfig) -> tuple[list[str], list[str]]:
    """Return the sentences and translations of a table with named columns.

    Args:
        path: A csv, jsonl, json, parquet or xlsx file.
        options: The data section (``source_column``, ``target_column``, ``encoding``).

    Raises:
        UserError: It cannot be read, or lacks a column.
    """
    wanted = {"source_column": options.source_column, "target_column": options.target_column}
    table = tables.of_bytes(
        raw_files.content(path),
        str(tables.format_of(path.name)),
        path,
        *wanted.values(),
        encoding=options.encoding,
    )
    names = {flag: table.names(name, f"--data.{flag}") for flag, name in wanted.items()}
    sides: dict[str, list[str]] = {flag: [] for flag in wanted}
    for number, record in enumerate(table.records, 1):
        for flag, texts in sides.items():
            where = f"{path} {table.place(number)}"
            texts.append(tables.joined(record, names[flag], where))
    return sides["source_column"], sides["target_column"]


def examples_of_pairs(
    sources: Sequence[str], targets: Sequence[str], split: str, where: str
) -> Examples:
    """Return pairs of sentences as examples.

    Args:
        sources: Sentences.
        targets: Their translations.
        split: Of ``train``, pairs with an empty side are left out and counted on standard error;
            other splits keep every line, so that what is written beside them stays aligned.
        where: Named in notes and errors.

    Returns:
        ``source`` and, as labels, the translations. Training pairs are grouped by their source, so
        that a validation set cut from them holds no source that is learned.

    Raises:
        UserError: There is no pair.

    Example:
        >>> examples = examples_of_pairs(["Go.", ""], ["Va !", "?"], "test", "here")
        >>> examples.features["source"], examples.labels
        (['Go.', ''], ['Va !', '?'])
    """
    pairs = list(zip(sources, targets, strict=True))
    if split == "train":
        kept = [pair for pair in pairs if pair[0].strip() and pair[1].strip()]
        if pairs and len(kept) < len(pairs):
            print(
                f"note: {where}: {len(pairs) - len(kept):,} of {len(pairs):,} pairs have an empty "
                "side and are not learned",
                file=sys.stderr,
            )
        pairs = kept
    if not pairs:
        raise UserError(f"{where} holds no pair of sentences. Give {_FORMATS}.")
    groups = None
    if split == "train":
        numbers: dict[str, int] = {}
        groups = [numbers.setdefault(source, len(numbers)) for source, _ in pairs]
    return Examples({"source": [s for s, _ in pairs]}, [t for _, t in pairs], groups)


def _check_order(split: str, paths: Sequence[Path], options: TranslationDataConfig) -> None:
    """Refuse files whose names say that they are given the wrong way round."""
    endings = [path.name.removesuffix(".gz").rpartition(".")[2] for path in paths]
    given = [getattr(options, f"{side}_language", None) for side in ("source", "target")]
    if endings == given[::-1] and endings[0] != endings[1]:
        raise UserError(
            f"--data.{split} names {paths[0].name} first, but --data.source_language is "
            f"{given[0]}. Give {paths[1]},{paths[0]}, or exchange the languages."
        )
