"""The client contract: `predict` reads inputs, calls an exported model and writes answers.

Importing a client imports neither TensorFlow nor Keras.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from seqsuite.data import records, tables
from seqsuite.data.inputs import Inputs
from seqsuite.errors import UserError
from seqsuite.text.terminal import Explanation, highlight


@dataclass(frozen=True)
class Item:
    """One input of ``predict``.

    Args:
        text: The input as the output shows it.
        features: Raw features, named as the inputs of one of the model's signatures.
        origin: The parsed input, for formats that write it back.
        format: Format of the input, the default of the output.
        record: The row of the table, kept in the answer; None: no table.
    """

    text: str
    features: dict[str, Any]
    origin: Any = None
    format: str = ""
    record: Mapping[str, Any] | None = None


class Client:
    """Client of an exported model.

    Args:
        model: The exported model, a ``seqsuite.serving.exported_model.ExportedModel``.
        config: The task's configuration, as exported.
        options: Flags of ``predict``.
    """

    input_name: ClassVar[str]
    """The served input that a text goes to."""
    formats: ClassVar[tuple[str, ...]] = ("text", "json", *tables.LINES)
    """Output formats."""

    def __init__(self, model: Callable[..., dict[str, Any]], config: Any, options: Namespace):
        self.model: Any = model
        self.config = config
        self.options = options
        self._columns: list[str] | None = None

    @property
    def column(self) -> str:
        """The column of tables, where ``--column`` names none."""
        return self.input_name

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Declare the task's own flags of ``predict``."""

    def read(self, inputs: Inputs) -> Iterator[Item]:
        """Yield the items of the inputs.

        Raises:
            UserError: An input cannot be read.
        """
        for row in inputs.rows(self.column):
            yield Item(row.text, {self.input_name: row.text}, record=row.record)

    def answer(self, items: Sequence[Item]) -> list[dict[str, Any]]:
        """Return the outputs of each item by name, without padding, from one or more requests."""
        # Sorting by size keeps padding (and so time) down; answers go back in the given order.
        sizes = [self._size(item.features) for item in items]
        order = sorted(range(len(items)), key=sizes.__getitem__)
        rows: list[dict[str, Any]] = [{}] * len(items)
        while order:
            step = self.config.serving.rows_of(sizes[order[-1]])
            indices, order = order[-step:], order[:-step]
            names = items[indices[0]].features
            features = {name: stacked([items[i].features[name] for i in indices]) for name in names}
            outputs = {key: value.numpy() for key, value in self.model(**features).items()}
            for position, index in enumerate(indices):
                row = {key: plain(value[position]) for key, value in outputs.items()}
                rows[index] = self._unpadded(row)
        return rows

    def stream(self, item: Item) -> Iterator[str] | None:
        """Return the pieces of a streamed answer; None: no streaming."""
        return None

    def format(self, item: Item, answer: dict[str, Any], output_format: str) -> str:
        """Return an answer in an output format, line ends included."""
        explanation = self.explain(item) if self.options.explain else None
        if output_format == "text":
            text = item.text if explanation is None else highlight(explanation, self._color)
            return self._line(answer, text) + "\n"
        if explanation is not None:
            parts = [(part.rstrip(), effect) for part, effect in explanation]
            answer = {**answer, "explanation": parts}
        if output_format == "json":
            row = {} if item.record is None else {"row": item.record}
            record = {"input": item.text, **answer, **row}
        else:
            record = _with_answer(item, answer)
        if output_format in ("json", "jsonl"):
            line = json.dumps(record, ensure_ascii=False, default=str) + "\n"
        else:
            line = self._table_row(record, output_format)
        # Columns that nobody asked for may hold halves of surrogate pairs.
        return records.plain_text(line)

    def _table_row(self, record: dict[str, Any], output_format: str) -> str:
        header = ""
        if self._columns is None:
            self._columns = list(record)
            header = tables.row_text(self._columns, output_format)
        more = [name for name in record if name not in self._columns]
        if more:
            raise UserError(
                f"Row {record} has column {more[0]!r}, which the first row lacks. Add --format "
                "jsonl, where each row has columns of its own."
            )
        cells = (record.get(name) for name in self._columns)
        return header + tables.row_text(cells, output_format)

    def explain(self, item: Item) -> Explanation:
        """Return the parts of an input with their effects on the answer."""
        raise UserError("This task has no --explain.")

    @property
    def _color(self) -> bool:
        return self.options.output == "-" and sys.stdout.isatty()

    def _size(self, features: dict[str, Any]) -> int:
        """Return the size of a row that ``serving.rows_of`` counts: bytes, or entries of a list."""
        return max(map(_size, features.values()))

    def _unpadded(self, row: dict[str, Any]) -> dict[str, Any]:
        return row

    def _line(self, answer: dict[str, Any], text: str) -> str:
        return f"{answer}\t{text}"


def _with_answer(item: Item, answer: dict[str, Any]) -> dict[str, Any]:
    """Return the row that an item was read from, and its answer under names not taken yet."""
    record = {"input": item.text} if item.record is None else dict(item.record)
    for name, value in answer.items():
        while name in record:
            name = f"predicted_{name}"
        record[name] = value
    return record


def stacked(values: list[Any]) -> Any:
    """Return raw values as a batch; lists of words and arrays are padded.

    Example:
        >>> stacked([["a", "b"], ["c"]])
        [['a', 'b'], ['c', '']]
        >>> stacked([np.array([1.0, 2.0]), np.array([3.0])])
        array([[ 1.,  2.],
               [ 3., nan]])
    """
    if isinstance(values[0], np.ndarray):
        longest = max(1, *map(len, values))
        shape = (len(values), longest, *values[0].shape[1:])
        padding = "" if values[0].dtype == object else np.nan
        batch = np.full(shape, padding, dtype=values[0].dtype)
        for row, value in zip(batch, values, strict=True):
            row[: len(value)] = value
        return batch
    if not isinstance(values[0], list):
        return values
    longest = max(1, *map(len, values))
    return [value + [""] * (longest - len(value)) for value in values]


def plain(value: object) -> Any:
    """Return an output in JSON types: texts, numbers, lists."""
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value.tolist()]
    return value.item() if isinstance(value, np.generic) else value


def _size(value: object) -> int:
    """Return the size of a raw feature: bytes of a text, entries of anything else that has any."""
    if isinstance(value, str):
        return len(value.encode("utf-8", errors="surrogateescape"))
    if isinstance(value, list):
        return max([len(value), *map(_size, value)])
    return len(value) if hasattr(value, "__len__") else 0
