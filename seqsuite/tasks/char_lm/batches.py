"""One long sequence read as parallel streams: the batches of truncated back-propagation.

Each row of a batch goes on where the same row of the batch before it ended, so that a model can
carry its state from batch to batch. As in :mod:`seqsuite.data.batching`, the plan of an epoch is a
pure function of (length, seed, epoch), which makes resuming exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from seqsuite.config import TrainingConfig
from seqsuite.errors import UserError
from seqsuite.tasks.char_lm.config import StreamTrainingConfig

# How much of a row's length the start of all streams may move from epoch to epoch.
_MAX_SHIFT = 1024
# As in AWD-LSTM: how often half of the steps are taken, and how much their number varies.
_HALF_PROBABILITY, _DEVIATION, _FEWEST = 0.05, 5.0, 5


@dataclass(frozen=True)
class EncodedStream:
    """A sequence of ids; the counterpart of ``EncodedExamples`` for language models.

    Args:
        ids: int32 ``(total,)``.
        num_examples: Number of texts that were joined.

    Example:
        >>> stream = EncodedStream(np.arange(21, dtype=np.int32))
        >>> plan = stream.plan(StreamTrainingConfig(steps=4, max_batch_size=2))
        >>> stream.batch(plan[0])["token_ids"].shape
        (2, 4)
    """

    ids: np.ndarray
    num_examples: int = 1

    def __len__(self) -> int:
        return self.num_examples

    @property
    def lengths(self) -> np.ndarray:
        """The number of ids, int64 ``(1,)``."""
        return np.array([len(self.ids)])

    @property
    def targets(self) -> np.ndarray:
        """What is predicted: every id but the first, which nothing precedes."""
        return self.ids[1:]

    @property
    def specification(self) -> tuple[Any, ...]:
        """Shapes and dtypes of a batch: features, targets, and which part of the stream it is."""
        ids = tf.TensorSpec((None, None), tf.int32)
        features = {"token_ids": ids, "reset": tf.TensorSpec((None,), tf.bool)}
        return features, ids, tf.TensorSpec((None, 3), tf.int64)

    def plan(self, training: TrainingConfig, epoch: int = 0) -> list[np.ndarray]:
        """Plan one epoch.

        Args:
            training: A :class:`StreamTrainingConfig`; ``max_batch_size`` is the number of streams.
            epoch: Makes every epoch another one: where the streams begin, and varied steps.

        Returns:
            For each batch int64 ``(rows, 3)``: where each row starts, how many steps it has, and
            whether it is the first of its stream.
        """
        assert isinstance(training, StreamTrainingConfig)
        rows, total = training.max_batch_size, len(self.ids) - 1
        if total < 2 * rows:
            raise UserError(
                f"A text of {len(self.ids):,} characters is too short for {rows} streams. Lower "
                "--training.max_batch_size, or give a longer text."
            )
        generator = np.random.default_rng([training.seed, epoch])
        shift = int(generator.integers(0, min(_MAX_SHIFT, total // rows // 2) + 1))
        length = (total - shift) // rows
        starts = shift + length * np.arange(rows)
        plan, done = [], 0
        while done < length:
            count = min(_draw_steps(training, generator), length - done)
            columns = starts + done, np.full(rows, count), np.full(rows, done == 0)
            plan.append(np.stack(columns, axis=1).astype(np.int64))
            done += count
        return plan

    def batch(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        """Return the inputs of one entry of a plan, and which rows begin a stream."""
        return {"token_ids": self._read(indices, 0), "reset": indices[:, 2].astype(bool)}

    def target_batch(self, indices: np.ndarray) -> np.ndarray:
        """Return what follows each input."""
        return self._read(indices, 1)

    def count(self, indices: np.ndarray) -> int:
        """Return the number of steps in one entry of a plan, all rows together."""
        return int(indices[:, 1].sum())

    def rate_factor(self, indices: np.ndarray, training: TrainingConfig) -> float:
        """Return what the learning rate is multiplied by: short segments move the weights less."""
        assert isinstance(training, StreamTrainingConfig)
        return float(indices[0, 1]) / training.steps if training.vary_steps else 1.0

    def summary(self, plan: Sequence[np.ndarray]) -> str:
        """Return one line on the batches of an epoch."""
        rows = len(plan[0])
        return (
            f"{len(plan)} batches an epoch: {rows} streams of {len(self.ids) // rows:,} characters"
        )

    def _read(self, indices: np.ndarray, offset: int) -> np.ndarray:
        positions = indices[:, :1] + np.arange(offset, int(indices[0, 1]) + offset)
        return self.ids[positions]


def _draw_steps(training: StreamTrainingConfig, generator: np.random.Generator) -> int:
    if not training.vary_steps:
        return training.steps
    halved = generator.random() < _HALF_PROBABILITY
    mean = training.steps / 2 if halved else training.steps
    return max(_FEWEST, round(generator.normal(mean, _DEVIATION)))


def target_log_probabilities(logits: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """Return the natural logarithm of the probability of each target, float32 ``(batch, time)``.

    Args:
        logits: ``(batch, time, symbols)``.
        targets: int ``(batch, time)``.

    Example:
        >>> target_log_probabilities(tf.zeros((1, 1, 4)), tf.constant([[2]])).numpy().round(4)
        array([[-1.3863]], dtype=float32)
    """
    return tf.gather(tf.nn.log_softmax(tf.cast(logits, tf.float32)), targets, batch_dims=2)


def random_windows(ids: np.ndarray, count: int, width: int, seed: int = 0) -> np.ndarray:
    """Return windows of a sequence that start anywhere, int32 ``(count, width + 1)``.

    The first id of a window is context alone, so that ``width`` ids of it are predicted. This is
    nanoGPT's protocol. A shorter sequence gives one narrower window.

    Args:
        ids: int32 ``(total,)``.
        count: Number of windows.
        width: Predicted ids of each.
        seed: Chooses them.

    Example:
        >>> random_windows(np.arange(100, dtype=np.int32), 3, 8).shape
        (3, 9)
    """
    if len(ids) <= width + 1:
        return ids[None, :]
    starts = np.random.default_rng(seed).integers(0, len(ids) - width, count)
    return ids[starts[:, None] + np.arange(width + 1)]
