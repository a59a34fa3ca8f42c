"""Batches of similar length: a plan of example indices, and padding on the fly.

The plan of an epoch is a function of (lengths, seed, epoch) alone. A resumed run asks for the same
plan and continues at the batch where it stopped, on exactly the same batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from seqsuite.config import BucketTrainingConfig


@dataclass(frozen=True)
class RaggedColumn:
    """Rows of different lengths, concatenated.

    Args:
        values: All rows, one after the other, ``(total, ...)``.
        starts: Start of each row, int64 ``(rows + 1,)``; the last entry is ``total``.
        padding: Value that fills shorter rows of a batch.
    """

    values: np.ndarray
    starts: np.ndarray
    padding: int | str = 0

    @classmethod
    def from_rows(cls, rows: Sequence[np.ndarray], padding: int | str = 0) -> RaggedColumn:
        """Build a column from a list of arrays that agree in all but the first axis."""
        lengths = np.array([len(row) for row in rows], np.int64)
        starts = np.concatenate([[0], np.cumsum(lengths)])
        values = np.concatenate(rows) if len(rows) else np.zeros((0,), np.int32)
        return cls(values, starts, padding)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def row(self, index: int) -> np.ndarray:
        """Return one row, unpadded."""
        return self.values[self.starts[index] : self.starts[index + 1]]

    def rows(self) -> list[np.ndarray]:
        """Return all rows, unpadded."""
        return [self.row(index) for index in range(len(self))]

    def select(self, indices: np.ndarray) -> RaggedColumn:
        """Return a column of the rows ``indices``, in that order."""
        # An empty row in front, so that no rows at all keep their dtype and features.
        rows = [self.values[:0], *(self.row(index) for index in indices)]
        lengths = [len(row) for row in rows]
        return RaggedColumn(np.concatenate(rows), np.cumsum(lengths), self.padding)

    def pad(self, indices: np.ndarray) -> np.ndarray:
        """Return the rows of ``indices``, right-padded to the longest (at least 1)."""
        lengths = self.starts[indices + 1] - self.starts[indices]
        width = max(1, int(lengths.max(initial=0)))
        shape = (len(indices), width, *self.values.shape[1:])
        padded = np.full(shape, self.padding, self.values.dtype)
        for row, (index, length) in enumerate(zip(indices, lengths, strict=True)):
            padded[row, :length] = self.row(index)[:length]
        return padded


Column = RaggedColumn | np.ndarray
"""One value per example: an array, or rows of different length."""
Targets = Column | dict[str, Column]
"""What a model is fitted to: one column, or one for each of its losses (and of its metrics)."""


@dataclass(frozen=True)
class EncodedExamples:
    """Encoded examples: the output of a preprocessor.

    Args:
        features: Name -> :class:`RaggedColumn` or array with the examples on the first axis.
        targets: Encoded labels, or None: a column, or a dict of columns by the name of a loss.
        lengths: Time steps of each example, int ``(examples,)``, for bucketing.
    """

    features: dict[str, Column]
    targets: Targets | None
    lengths: np.ndarray

    def __len__(self) -> int:
        return len(self.lengths)

    def select(self, indices: np.ndarray) -> EncodedExamples:
        """Return the examples ``indices``, in that order."""
        features = {name: _select(column, indices) for name, column in self.features.items()}
        targets = None if self.targets is None else _map(_select, self.targets, indices)
        return EncodedExamples(features, targets, self.lengths[indices])

    @property
    def output_lengths(self) -> np.ndarray:
        """Time steps of a model's outputs for each example; by default those of its inputs."""
        return self.lengths

    @property
    def specification(self) -> tuple[Any, ...]:
        """Shapes and dtypes of a batch: features, targets if there are any, and indices."""
        targets = () if self.targets is None else (_map(_specification, self.targets),)
        indices = tf.TensorSpec((None,), tf.int64)
        return (_map(_specification, self.features), *targets, indices)

    def plan(self, training: BucketTrainingConfig, epoch: int = 0) -> list[np.ndarray]:
        """Plan one epoch of training; see :func:`plan_batches`."""
        sizes = training.batch_tokens, training.max_batch_size
        return plan_batches(self.lengths, *sizes, seed=training.seed, epoch=epoch)

    def count(self, indices: np.ndarray) -> int:
        """Return the number of real time steps of the examples ``indices``."""
        return int(self.lengths[indices].sum())

    def rate_factor(self, indices: np.ndarray, training: BucketTrainingConfig) -> float:
        """Return the factor of the learning rate for a batch, 1."""
        return 1.0

    def summary(self, plan: Sequence[np.ndarray]) -> str:
        """Return one line on the batches of an epoch."""
        share = padding_share(self.lengths, plan)
        return f"{len(plan)} batches an epoch, {share:.1%} of positions are padding"

    def batch(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        """Return the padded features of the examples ``indices``."""
        return {name: _pad(column, indices) for name, column in self.features.items()}

    def target_batch(self, indices: np.ndarray) -> Any:
        """Return the padded targets of the examples ``indices``, an array or a dict of arrays."""
        return _map(_pad, self.targets, indices)


def _select(column: Column, indices: np.ndarray) -> Column:
    return column.select(indices) if isinstance(column, RaggedColumn) else column[indices]


def _pad(column: Column, indices: np.ndarray) -> np.ndarray:
    return column.pad(indices) if isinstance(column, RaggedColumn) else column[indices]


def _specification(column: Column) -> tf.TensorSpec:
    if isinstance(column, RaggedColumn):
        return tf.TensorSpec((None, None, *column.values.shape[1:]), column.values.dtype)
    return tf.TensorSpec((None, *column.shape[1:]), column.dtype)


def _map(function: Callable, columns: Any, *rest: Any) -> Any:
    if isinstance(columns, dict):
        return {name: function(column, *rest) for name, column in columns.items()}
    return function(columns, *rest)


def plan_batches(
    lengths: np.ndarray,
    batch_tokens: int,
    max_batch_size: int,
    seed: int | None = None,
    epoch: int = 0,
) -> list[np.ndarray]:
    """Plan one epoch: batches of examples of similar length under a budget of padded positions.

    Args:
        lengths: Time steps of each example, int ``(examples,)``.
        batch_tokens: Padded positions per batch at most (one example may exceed it alone).
        max_batch_size: Examples per batch at most.
        seed: Shuffles examples of similar length and the order of batches; None keeps the order by
            length, for evaluation.
        epoch: Seed of the shuffle, together with ``seed``.

    Returns:
        Example indices of each batch; together they hold every example exactly once.

    Example:
        >>> [batch.tolist() for batch in plan_batches(np.array([5, 1, 2, 9]), 10, 8)]
        [[1, 2], [0], [3]]
    """
    lengths = np.maximum(1, np.asarray(lengths))
    if seed is None:
        order = np.argsort(lengths, kind="stable")
    else:
        generator = np.random.default_rng([seed, epoch])
        order = generator.permutation(len(lengths))
        # Noise on the sort key mixes neighbours, so that a batch is not the same set each epoch.
        noise = generator.uniform(0.9, 1.1, len(lengths))
        order = order[np.argsort(lengths[order] * noise, kind="stable")]
    batches = fill_batches(order, lengths, batch_tokens, max_batch_size)
    if seed is not None:
        generator.shuffle(batches)
    return batches


def fill_batches(
    order: np.ndarray, lengths: np.ndarray, batch_tokens: int, max_batch_size: int
) -> list[np.ndarray]:
    """Cut ordered examples into batches under a budget of padded positions.

    Args:
        order: Example indices; neighbours should be of similar length.
        lengths: Time steps of each example, at least 1.
        batch_tokens: Padded positions per batch at most (one example may exceed it alone).
        max_batch_size: Examples per batch at most.

    Returns:
        Example indices of each batch, in order.

    Example:
        >>> [batch.tolist() for batch in fill_batches([2, 0, 1], np.array([5, 9, 4]), 10, 8)]
        [[2, 0], [1]]
    """
    batches: list[np.ndarray] = []
    current: list[int] = []
    longest = 0
    for index in order:
        longest_then = max(longest, int(lengths[index]))
        full = len(current) >= max_batch_size or longest_then * (len(current) + 1) > batch_tokens
        if current and full:
            batches.append(np.array(current))
            current, longest_then = [], int(lengths[index])
        current.append(index)
        longest = longest_then
    if current:
        batches.append(np.array(current))
    return batches


def padding_share(lengths: np.ndarray, batches: Sequence[np.ndarray]) -> float:
    """Return the share of positions that are padding when ``batches`` are padded, in [0, 1].

    Args:
        lengths: Time steps of each example.
        batches: A plan of :func:`plan_batches`.

    Example:
        >>> padding_share(np.array([1, 3]), [np.array([0, 1])])
        0.33333333333333337
    """
    padded = sum(len(batch) * max(1, int(lengths[batch].max())) for batch in batches)
    return float(1 - lengths.sum() / max(1, padded))


class Encoded(Protocol):
    """A source of batches: :class:`EncodedExamples`, windows of series, streams."""

    @property
    def targets(self) -> Any:
        """Encoded targets; None: there are none."""

    @property
    def specification(self) -> Any:
        """Types and shapes of a batch."""

    def batch(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        """Return the features of a batch."""
        ...

    def target_batch(self, indices: np.ndarray) -> Any:
        """Return the targets of a batch."""


def batch_dataset(encoded: Encoded, batches: Sequence[np.ndarray]) -> tf.data.Dataset:
    """Return the batches of a plan as a dataset of ``(features, targets, indices)``.

    Args:
        encoded: Encoded examples.
        batches: Entries of its plan.

    Returns:
        A prefetching dataset; ``targets`` are left out when the examples have none.
    """

    def generate() -> Iterator[tuple[Any, ...]]:
        for indices in batches:
            targets = () if encoded.targets is None else (encoded.target_batch(indices),)
            yield (encoded.batch(indices), *targets, indices)

    dataset = tf.data.Dataset.from_generator(generate, output_signature=encoded.specification)
    return dataset.prefetch(2)
