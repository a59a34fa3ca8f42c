"""Encoded pairs of sentences: batches of similar lengths on both sides, pieces drawn anew.

Which pieces an epoch sees is, like its batches, a pure function of (seed, epoch): every entry of a
plan carries the number of its draw, so that a resumed run sees what it would have seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seqsuite.config import BucketTrainingConfig
from seqsuite.data.batching import EncodedExamples, RaggedColumn, fill_batches
from seqsuite.errors import UserError
from seqsuite.tasks.translation.sampled_pieces import SampledPieces
from seqsuite.text.subwords import BEGIN_ID, END_ID

_MAX_DRAWS = 2**31 - 1


@dataclass(frozen=True)
class EncodedPairs(EncodedExamples):
    """Sentences and their translations as ids.

    Args:
        features: ``source_ids``, ending with the end id, and ``length``; ``target_ids``, what the
            decoder reads (begin, then the target without its last id), and ``target_length``.
        targets: ``logits``: what it is to say (the target and its end), and ``references``.
        lengths: The longer side of each pair.
        learned: Whether each pair is in the plans of training; None: all are.
        source_side: Draws segmentations of the source; None: there are none.
        target_side: The same for the target.
    """

    learned: np.ndarray | None = None
    source_side: SampledPieces | None = None
    target_side: SampledPieces | None = None
    _latest: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def select(self, indices: np.ndarray) -> EncodedPairs:
        """Return the pairs ``indices``, in that order."""
        chosen = super().select(indices)
        return EncodedPairs(
            chosen.features,
            chosen.targets,
            chosen.lengths,
            None if self.learned is None else self.learned[indices],
            None if self.source_side is None else self.source_side.select(indices),
            None if self.target_side is None else self.target_side.select(indices),
        )

    @property
    def output_lengths(self) -> np.ndarray:
        """Time steps of what a model says of each pair: those of the target."""
        return self.features["target_length"]  # type: ignore[return-value]

    def plan(self, training: BucketTrainingConfig, epoch: int = 0) -> list[np.ndarray]:
        """Plan one epoch: batches of pairs that are similar in both lengths.

        ``batch_tokens`` bounds the padded positions of the source and those of the target, each.

        Returns:
            For each batch ``draw * len(self) + pair``, int64; the draw is 0 without sampling.
        """
        generator = np.random.default_rng([training.seed, epoch])
        order = np.arange(len(self)) if self.learned is None else np.flatnonzero(self.learned)
        if not len(order):
            raise UserError("No pair of sentences is left to learn from.")
        draw = 0
        if self.source_side is not None or self.target_side is not None:
            state = np.random.SeedSequence([training.seed, epoch]).generate_state(1)
            draw = 1 + int(state[0]) % _MAX_DRAWS
        source, target = self._lengths(draw)
        longer, difference = np.maximum(source, target), source - target
        order = generator.permutation(order)
        # Up and down in turn, so that neighbours agree where the longer length changes too.
        signs = np.where(longer % 2, 1, -1)
        order = order[np.lexsort(((signs * difference)[order], longer[order]))]
        batches = fill_batches(order, longer, training.batch_tokens, training.max_batch_size)
        generator.shuffle(batches)
        return [draw * len(self) + batch for batch in batches]

    def count(self, indices: np.ndarray) -> int:
        """Return the number of ids on both sides of the entries ``indices`` of a plan."""
        return int(sum(lengths.sum() for lengths in self._lengths_of(indices)))

    def summary(self, plan: Sequence[np.ndarray]) -> str:
        """Return one line on the batches of an epoch."""
        padded = sum(
            len(batch) * int(lengths.max()) for batch in plan for lengths in self._lengths_of(batch)
        )
        share = 1 - sum(self.count(batch) for batch in plan) / max(1, padded)
        return f"{len(plan)} batches an epoch, {share:.1%} of positions are padding"

    def batch(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        """Return the padded features of the entries ``indices`` of a plan."""
        draw, pairs = self._split(indices)
        features = super().batch(pairs)
        if draw and self.source_side is not None:
            source = self.source_side.draw(pairs, 2 * draw)
            features |= _side(source, "source_ids", "length")
        if draw and self.target_side is not None:
            read = decoder_inputs(self.target_side.draw(pairs, 2 * draw + 1))
            features |= _side(read, "target_ids", "target_length")
        return features

    def target_batch(self, indices: np.ndarray) -> Any:
        """Return the padded targets of the entries ``indices`` of a plan."""
        draw, pairs = self._split(indices)
        targets = super().target_batch(pairs)
        if draw and self.target_side is not None:
            said = self.target_side.draw(pairs, 2 * draw + 1)
            targets["logits"] = said.pad(np.arange(len(pairs)))
        return targets

    def _split(self, indices: np.ndarray) -> tuple[int, np.ndarray]:
        """Return which draw entries of a plan are of, and of which pairs."""
        return int(indices[0]) // len(self) if len(indices) else 0, indices % max(1, len(self))

    def _lengths_of(self, indices: np.ndarray) -> list[np.ndarray]:
        draw, pairs = self._split(indices)
        return [lengths[pairs] for lengths in self._lengths(draw)]

    def _lengths(self, draw: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the lengths of all sources and of all targets in a draw."""
        latest = self._latest.get("lengths")
        if latest is None or latest[0] != draw:
            found = []
            sides = ("length", self.source_side), ("target_length", self.target_side)
            for number, (name, side) in enumerate(sides):
                usual = self.features[name]
                assert isinstance(usual, np.ndarray)
                # Sides draw apart, or long variants on one would go with long ones on the other.
                found.append(side.lengths(2 * draw + number) if side and draw else usual)
            # One assignment: batches are made in one thread and counted in another.
            self._latest["lengths"] = latest = draw, (found[0], found[1])
        return latest[1]


def with_end(ids: RaggedColumn) -> RaggedColumn:
    """Return rows with the end id after each.

    Example:
        >>> rows = RaggedColumn.from_rows([np.array([7, 8]), np.array([9])])
        >>> [row.tolist() for row in with_end(rows).rows()]
        [[7, 8, 3], [9, 3]]
    """
    starts = ids.starts + np.arange(len(ids.starts))
    return RaggedColumn(np.insert(ids.values, ids.starts[1:], END_ID), starts, ids.padding)


def decoder_inputs(targets: RaggedColumn) -> RaggedColumn:
    """Return what a decoder reads to say ``targets``: the begin id, then all but the last.

    Example:
        >>> decoder_inputs(RaggedColumn.from_rows([np.array([7, 8, 3])])).row(0).tolist()
        [2, 7, 8]
    """
    values = np.roll(targets.values, 1)
    values[targets.starts[:-1]] = BEGIN_ID
    return RaggedColumn(values, targets.starts, targets.padding)


def cut(ids: RaggedColumn, max_length: int, end: bool = False) -> RaggedColumn:
    """Return rows without what lies behind ``max_length``.

    Args:
        ids: Rows of ids, each with its end.
        max_length: Ids of a row at most.
        end: Whether rows that were cut have the end id in the last place. A target that goes on
            must not teach to end there, a source is read as a whole.

    Example:
        >>> rows = RaggedColumn.from_rows([np.array([7, 8, 9, 3]), np.array([9, 3])])
        >>> [row.tolist() for row in cut(rows, 3, end=True).rows()]
        [[7, 8, 3], [9, 3]]
    """
    lengths = np.diff(ids.starts)
    position = np.arange(len(ids.values)) - np.repeat(ids.starts[:-1], lengths)
    starts = np.concatenate([[0], np.cumsum(np.minimum(lengths, max_length))])
    values = ids.values[position < max_length]
    if end:
        values[starts[1:] - 1] = END_ID
    return RaggedColumn(values, starts, ids.padding)


def _side(rows: RaggedColumn, ids: str, length: str) -> dict[str, np.ndarray]:
    lengths = np.diff(rows.starts).astype(np.int32)
    return {ids: rows.pad(np.arange(len(rows))), length: lengths}
