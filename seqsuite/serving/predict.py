"""The `predict` verb: answers of an exported SavedModel."""

from __future__ import annotations

import gzip
import sys
import time
import zlib
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from seqsuite.client import Client, Item
from seqsuite.data import tables
from seqsuite.data.inputs import Inputs
from seqsuite.data.writing import replaced
from seqsuite.errors import EnvironmentFailure, UserError
from seqsuite.task import CONFIG_FILE

BATCH_SIZE = 64
"""Items per call, where nothing else is asked for."""
# So long a batch waits for more of a pipe.
_PATIENCE_SECONDS = 0.05


def run(client: Client, options: Namespace) -> int:
    """Write one line for each item of ``options``.

    Args:
        client: The client of the exported model.
        options: The parsed flags of the predict verb.

    Returns:
        The exit code 0.

    Raises:
        UserError: If the input cannot be read.
    """
    inputs = Inputs(
        options.items, options.input, options.column, options.input_format, options.encoding
    )
    if inputs.is_terminal and options.batch_size is not None:
        raise UserError("--batch_size: a terminal is answered line by line. Leave it out.")
    batch_size = 1 if inputs.is_terminal else options.batch_size or BATCH_SIZE
    given = "json" if options.json else options.format or _format_of_name(client, options.output)
    num_truncated = 0
    with open_output(options.output) as output:
        progress = _Progress(options, output)
        try:
            items = _answered_at_once(client, client.read(inputs), given, output)
            for chunk in _chunks(items, batch_size, inputs):
                for item, answer in zip(chunk, client.answer(chunk), strict=True):
                    num_truncated += bool(answer.get("truncated"))
                    output.write(client.format(item, answer, _format_of(item, given)))
                if inputs.is_pipe:
                    output.flush()
                progress.update(len(chunk))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise UserError(f"Input file {options.input} cannot be read: {error}.") from error
        progress.close()
    if num_truncated:
        recipe = client.model.version / CONFIG_FILE
        print(
            f"note: {num_truncated:,} inputs or answers were longer than the exported model's "
            f"limits, and cut; its limits are in {recipe}, section serving",
            file=sys.stderr,
        )
    return 0


def _answered_at_once(
    client: Client, items: Iterator[Item], given: str | None, output: IO[str]
) -> Iterator[Item]:
    """Write streamed answers as soon as their items are read.

    Yields:
        The items without a streamed answer.
    """
    for item in items:
        pieces = client.stream(item) if _format_of(item, given) == "text" else None
        if pieces is None:
            yield item
            continue
        if client.options.batch_size is not None:
            raise UserError("--batch_size: answers are written one by one here. Leave it out.")
        for piece in pieces:
            output.write(piece)
            output.flush()
        output.write("\n")


def _format_of(item: Item, given: str | None) -> str:
    return given or item.format or "text"


def _format_of_name(client: Client, name: str) -> str | None:
    """Return the format of a table that the name of the output ends in, if it is one."""
    ending = Path(name).suffix[1:].lower()
    return ending if ending in client.formats and ending in tables.LINES else None


def _chunks(items: Iterator[Item], size: int, inputs: Inputs) -> Iterator[list[Item]]:
    """Yield items as batches; of a pipe, those that are there when no more arrives for now."""
    chunk: list[Item] = []
    try:
        for item in items:
            chunk.append(item)
            if len(chunk) >= size or not inputs.is_ready(_PATIENCE_SECONDS):
                yield chunk
                chunk = []
    except Exception:
        # After an error in the input, answer the items before it first.
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk


@contextmanager
def open_output(path: str) -> Iterator[IO[str]]:
    """Open standard output for ``-``, or a file that replaces ``path`` when it is complete.

    After an error, ``path`` is unchanged.
    """
    if path == "-":
        yield sys.stdout
        return
    with replaced(path, shared=True) as partial:
        try:
            file = open(partial, "w", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise EnvironmentFailure(f"Cannot write {path}: {error.strerror}.") from error
        with file:
            yield file


class _Progress:
    """Progress on standard error while a file is read, unless output goes to a terminal."""

    def __init__(self, options: Namespace, output: IO[str]):
        self.active = options.input is not None and sys.stderr.isatty() and not output.isatty()
        self.total = 0
        self.count = 0
        self.started = time.monotonic()
        if self.active and options.input != "-":
            with open(options.input, "rb") as file:
                self.total = sum(
                    chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b"")
                )

    def update(self, items: int) -> None:
        self.count += items
        if self.active:
            rate = self.count / max(time.monotonic() - self.started, 1e-6)
            of = f"/{self.total:,}" if self.total else ""
            sys.stderr.write(f"\r{self.count:,}{of} items  {rate:,.0f}/s\x1b[K")
            sys.stderr.flush()

    def close(self) -> None:
        if self.active:
            sys.stderr.write("\n")
