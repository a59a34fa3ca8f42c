"""`predict`: stream items through an exported SavedModel, the artifact that is served."""

from __future__ import annotations

import codecs
import gzip
import itertools
import json
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import tensorflow as tf

from seqsuite.data import tables
from seqsuite.errors import EnvironmentFailure, UserError, nearest
from seqsuite.serving.exported_model import Server
from seqsuite.serving.terminal import highlight
from seqsuite.task import CONFIG_FILE, EXTRA_FOLDER, Item, Task


def run(task: Task, server: Server, options: Any) -> int:
    """Answer the items of ``options`` and write one line for each.

    Args:
        task: The task, for its inputs and how answers are shown.
        server: The exported model.
        options: The namespace of the predict verb.

    Returns:
        The exit code 0.

    Raises:
        UserError: The input cannot be read.
    """
    num_truncated = 0
    with _open_output(options.output) as output:
        progress = _Progress(options, output)
        try:
            items, output_format = _items(task, options)
            if output_format == "text" and task.streams(options):
                _write_as_it_comes(task, server, items, output)
                return 0
            output.write(task.header(output_format))
            for chunk in _chunks(items, options.batch_size):
                for item, row in _answers(server, task, chunk, options):
                    num_truncated += bool(row.get("truncated"))
                    output.write(_format(task, server, item, row, options, output_format))
                progress.update(len(chunk))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise UserError(f"Input file {options.input} cannot be read: {error}.") from error
        progress.close()
    if num_truncated:
        print(
            f"note: {num_truncated:,} inputs or answers were longer than the exported model's "
            f"limits, and cut; its limits are in {server.version / CONFIG_FILE}, section serving",
            file=sys.stderr,
        )
    return 0


def _write_as_it_comes(task: Task, server: Server, items: Iterator[Item], output: IO[str]) -> None:
    for item in items:
        for piece in task.stream(server, server.version / EXTRA_FOLDER, item):
            output.write(piece)
            output.flush()
        output.write("\n")


def _answers(
    server: Server, task: Task, items: list[Item], options: Any
) -> Iterator[tuple[Item, dict]]:
    answered = task.answer(server, items, options)
    if answered is not None:
        yield from zip(items, answered, strict=True)
        return
    # Sorting by length keeps padding (and so time) down; answers go back in the given order.
    sizes = [task.request_size(item.features) for item in items]
    order = sorted(range(len(items)), key=sizes.__getitem__)
    rows: list[dict[str, Any]] = [{}] * len(items)
    while order:
        step = task.config.serving.rows_of(sizes[order[-1]])
        indices, order = order[-step:], order[:-step]
        names = items[indices[0]].features
        features = {name: _stack([items[i].features[name] for i in indices]) for name in names}
        outputs = {key: value.numpy() for key, value in server(**features).items()}
        for position, index in enumerate(indices):
            row = {key: _plain(value[position]) for key, value in outputs.items()}
            rows[index] = task.unpad(row)
    yield from zip(items, rows, strict=True)


def _stack(values: list[Any]) -> tf.Tensor:
    """Return raw values as a batch; lists of words and arrays are padded."""
    if isinstance(values[0], np.ndarray):
        return _stack_arrays(values)
    if not isinstance(values[0], list):
        # Numbers of NumPy keep their type that way.
        return tf.constant(np.array(values) if isinstance(values[0], np.generic) else values)
    longest = max(1, *map(len, values))
    return tf.constant([value + [""] * (longest - len(value)) for value in values])


def _stack_arrays(values: list[np.ndarray]) -> tf.Tensor:
    """Return arrays of different length as a batch, NaN or empty texts behind shorter ones."""
    longest = max(1, *map(len, values))
    shape = (len(values), longest, *values[0].shape[1:])
    is_text = values[0].dtype == object
    batch = np.full(shape, "" if is_text else np.nan, dtype=values[0].dtype)
    for row, value in zip(batch, values, strict=True):
        row[: len(value)] = value
    return tf.constant(batch.tolist() if is_text else batch)


def _format(
    task: Task, server: Server, item: Item, row: dict[str, Any], options: Any, output_format: str
) -> str:
    if output_format == "json":
        record = {"input": item.text, **row}
        if options.explain:
            record["explanation"] = task.explain(server, item.text)
        return json.dumps(record, ensure_ascii=False) + "\n"
    if output_format != "text":
        return task.format_item(item, row, output_format)
    color = options.output == "-" and sys.stdout.isatty()
    text = highlight(task.explain(server, item.text), color) if options.explain else item.text
    return task.show(row, text, color) + "\n"


def _items(task: Task, options: Any) -> tuple[Iterator[Item], str]:
    """Return what is to be answered, and the format to write."""
    input_name = next(iter(task.serving_signature))
    given = "json" if options.json else options.format
    lines: Iterator[bytes] = iter(())
    if options.input is not None:
        first_line, lines = _look_ahead(_lines(options.input))
        found = "" if options.items else task.reads(first_line, options.input)
        if found:
            if options.input != "-":
                # A mistake at its end is better told before anything is written.
                for _ in task.read_items(_lines(options.input), options.input, found):
                    pass
            return task.read_items(lines, options.input, found), given or found
    texts = _texts(options, input_name, lines)
    items = (part for text in texts for part in task.expand(text))
    return (Item(text, task.request(text, options)) for text in items), given or "text"


def _lines(name: str) -> Iterator[bytes]:
    if name == "-":
        yield from sys.stdin.buffer
        return
    path = Path(name)
    if not path.is_file():
        raise UserError(f"Input file {path} does not exist.")
    opener: Any = gzip.open if name.lower().endswith(".gz") else open
    with opener(path, "rb") as file:
        yield from file


def _look_ahead(lines: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return the first line that is not empty or a comment, and all lines."""
    read: list[bytes] = []
    for line in lines:
        content = line if read else line.removeprefix(codecs.BOM_UTF8)
        read.append(line)
        if content.strip() and not content.startswith(b"#"):
            return content, itertools.chain(read, lines)
    return b"", iter(read)


def _texts(options: Any, input_name: str, lines: Iterator[bytes]) -> Iterator[str]:
    yield from map(tables.plain_text, options.items)
    if options.input == "-":
        for number, line in enumerate(lines):
            content = line if number else line.removeprefix(codecs.BOM_UTF8)
            yield content.decode("utf-8", errors="replace").rstrip("\r\n")
    elif options.input is not None:
        yield from _read_file(Path(options.input), options.column or input_name)


def _read_file(path: Path, column: str) -> Iterator[str]:
    name = path.name.lower()
    opener: Any = gzip.open if name.endswith(".gz") else open
    # Read as training reads, but line by line: the file may be larger than memory.
    with opener(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as file:
        suffix = Path(name.removesuffix(".gz")).suffix
        if suffix in (".csv", ".tsv"):
            columns, records = tables.delimited_records(file, suffix, path)
            _check_column(path, column, columns)
            for record in records:
                yield tables.plain_text(record[column])
        elif suffix == ".jsonl":
            for record in tables.json_records(file, path):
                _check_column(path, column, record)
                yield tables.plain_text(record[column])
        else:
            for line in file:
                yield line.rstrip("\r\n")


def _check_column(path: Path, column: str, columns: Any) -> None:
    if column not in columns:
        raise UserError(
            f"{path} has no column {column!r}.{nearest(column, columns)} Columns are "
            f"{', '.join(columns)}; name one with --column."
        )


def _chunks(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    chunk: list[Item] = []
    try:
        for item in items:
            chunk.append(item)
            if len(chunk) >= size:
                yield chunk
                chunk = []
    except Exception:
        # A damaged line of a pipe costs no answer to what came before it.
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value.tolist()]
    return value.item() if isinstance(value, np.generic) else value


@contextmanager
def _open_output(path: str) -> Iterator[IO[str]]:
    if path == "-":
        yield sys.stdout
        return
    try:
        file = open(path, "w", encoding="utf-8")  # noqa: SIM115
    except OSError as error:
        raise EnvironmentFailure(f"Cannot write {path}: {error.strerror}.") from error
    with file:
        yield file


class _Progress:
    """A line on standard error while a file is read; none when output goes to the same terminal."""

    def __init__(self, options: Any, output: IO[str]):
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
