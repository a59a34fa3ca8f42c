"""`predict`: stream items through an exported SavedModel, the artifact that is served."""

from __future__ import annotations

import gzip
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import tensorflow as tf

from seqsuite.datasets import tables
from seqsuite.errors import EnvironmentFailure, UserError, nearest
from seqsuite.explanation import highlight
from seqsuite.export import latest_version
from seqsuite.task import Task


def run(task: Task, options: Any) -> int:
    """Answer the items of ``options`` and write one line for each.

    Args:
        task: The task, for its input name and how answers are shown.
        options: The namespace of the predict verb.

    Returns:
        The exit code 0.
    """
    answer = load_server(options.model)
    input_name = next(iter(task.serving_signature))
    with _open_output(options.output) as output:
        progress = _Progress(options, output)
        items = _items(options, input_name)
        for chunk in _chunks(items, options.batch_size):
            for item, row in _answers(answer, input_name, chunk):
                output.write(_format(task, answer, item, row, options) + "\n")
            progress.update(len(chunk))
        progress.close()
    return 0


def load_server(path: str | Path) -> Any:
    """Load an exported model and return its ``serving_default`` as a function.

    Args:
        path: A version's folder, or the folder of versions (the latest is taken).

    Returns:
        A function of named tensors -> named tensors.

    Raises:
        UserError: The folder holds no exported model.
    """
    try:
        version = latest_version(path)
    except FileNotFoundError:
        raise UserError(
            f"{path} holds no exported model (no saved_model.pb). Give --model the folder that "
            "`train` or `export` printed."
        ) from None
    loaded = tf.saved_model.load(str(version))
    function = loaded.signatures["serving_default"]
    # The function does not keep its variables alive by itself.
    function.owner = loaded
    return function


def _answers(answer: Any, name: str, items: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    # Sorting by length keeps padding (and so time) down; answers go back in the given order.
    order = np.argsort([len(item) for item in items], kind="stable")
    rows: list[dict[str, Any]] = [{}] * len(items)
    step = max(1, 64_000 // (1 + max(len(items[i].split()) for i in order)))
    for start in range(0, len(order), step):
        indices = order[start : start + step]
        batch = tf.constant([items[index] for index in indices])
        outputs = {key: value.numpy() for key, value in answer(**{name: batch}).items()}
        for position, index in enumerate(indices):
            rows[index] = {key: _plain(value[position]) for key, value in outputs.items()}
    yield from zip(items, rows, strict=True)


def _format(task: Task, answer: Any, item: str, row: dict[str, Any], options: Any) -> str:
    if options.json:
        record = {"input": item, **row}
        if options.explain:
            record["explanation"] = task.explain(answer, item)
        return json.dumps(record, ensure_ascii=False)
    if options.explain:
        color = options.output == "-" and sys.stdout.isatty()
        return task.show(row, highlight(task.explain(answer, item), color))
    return task.show(row, item)


def _items(options: Any, input_name: str) -> Iterator[str]:
    yield from map(tables.plain_text, options.items)
    if options.input == "-":
        for line in sys.stdin.buffer:
            yield line.decode("utf-8", errors="replace").rstrip("\r\n")
    elif options.input is not None:
        yield from _read_file(Path(options.input), options.column or input_name)


def _read_file(path: Path, column: str) -> Iterator[str]:
    if not path.is_file():
        raise UserError(f"Input file {path} does not exist.")
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


def _chunks(items: Iterator[str], size: int) -> Iterator[list[str]]:
    chunk: list[str] = []
    for item in items:
        chunk.append(item)
        if len(chunk) >= size:
            yield chunk
            chunk = []
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
