"""Encoded utterances: 16-bit samples or ready features, and the batches that are learned from."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from seqsuite.config import BucketTrainingConfig
from seqsuite.data.batching import Column, EncodedExamples, RaggedColumn, plan_batches
from seqsuite.errors import UserError
from seqsuite.losses import ctc_fits
from seqsuite.tasks.speech_recognition.data.audio import FULL_SCALE


@dataclass(frozen=True)
class EncodedUtterances(EncodedExamples):
    """Utterances of different length.

    Args:
        features: ``samples`` (16-bit, which halves the memory of floats) or ``features``, ragged;
            ``length``, their number.
        targets: ``logits``, the symbols of transcripts, and ``references``, their texts.
        lengths: Frames of each, from which batches are planned.
        stride: Frames from step to step of the network.
        learned: Whether each is in the plans of training; None: all are.
    """

    stride: int = 1
    learned: np.ndarray | None = None

    @property
    def output_lengths(self) -> np.ndarray:
        """Steps of the network in each utterance."""
        return -(-self.lengths // self.stride)

    def select(self, indices: np.ndarray) -> EncodedUtterances:
        """Return the utterances ``indices``, in that order."""
        chosen = super().select(indices)
        learned = None if self.learned is None else self.learned[indices]
        return EncodedUtterances(
            chosen.features, chosen.targets, chosen.lengths, self.stride, learned
        )

    @property
    def specification(self) -> tuple[Any, ...]:
        """Shapes and dtypes of a batch; samples become floats in [-1, 1]."""
        features, *rest = super().specification
        if "samples" in features:
            features["samples"] = tf.TensorSpec((None, None), tf.float32)
        return (features, *rest)

    def plan(self, training: BucketTrainingConfig, epoch: int = 0) -> list[np.ndarray]:
        """Plan one epoch over the utterances that are learned from."""
        if self.learned is None:
            return super().plan(training, epoch)
        chosen = np.flatnonzero(self.learned)
        if not len(chosen):
            raise UserError("No utterance is left to learn from.")
        sizes = training.batch_tokens, training.max_batch_size
        batches = plan_batches(self.lengths[chosen], *sizes, seed=training.seed, epoch=epoch)
        return [chosen[batch] for batch in batches]

    def batch(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        """Return the padded features of the utterances ``indices``."""
        features = super().batch(indices)
        if "samples" in features:
            features["samples"] = features["samples"].astype(np.float32) / np.float32(FULL_SCALE)
        return features


def ragged(rows: Sequence[np.ndarray], empty: np.ndarray, padding: int = 0) -> RaggedColumn:
    """Return a column of rows, of the dtype and features of ``empty`` even where there are none.

    Example:
        >>> ragged([], np.zeros((0, 13), np.float32)).values.shape
        (0, 13)
    """
    column = RaggedColumn.from_rows([empty, *rows], padding)
    return dataclasses.replace(column, starts=column.starts[1:])


def learnable(labels: Column, frames: np.ndarray, stride: int) -> np.ndarray:
    """Return which utterances can be learned from, and say how many cannot.

    Args:
        labels: Symbols of their transcripts, ragged.
        frames: Frames of each.
        stride: Frames from step to step of the network.

    Returns:
        bool ``(utterances,)``.
    """
    assert isinstance(labels, RaggedColumn)
    assert isinstance(labels.padding, int)
    steps = -(-frames // stride)
    padded = labels.pad(np.arange(len(labels)))
    fits = np.asarray(ctc_fits(padded, steps, padding_label=labels.padding))
    # Of nothing said, too, there must be a step.
    too_short = ~fits | (steps < 1)
    if too_short.any():
        print(
            f"note: {too_short.sum():,} of {len(frames):,} training utterances are too short "
            "for their transcripts, and are not learned",
            file=sys.stderr,
        )
    return ~too_short
