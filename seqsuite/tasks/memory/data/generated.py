"""Readers of the memory problems, and the short one that is the task's sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seqsuite.data.examples import Examples, concatenate
from seqsuite.tasks.memory.config import MemoryDataConfig
from seqsuite.tasks.memory.problems import DELAYED_RECALL, PROBLEMS, MemoryProblem

SPLITS = ("train", "validation", "test")
SAMPLE_PROBLEM = DELAYED_RECALL
_SAMPLE_LENGTH, _SAMPLE_SIZES = 24, (4000, 500, 1000)


@dataclass(frozen=True)
class MemoryReader:
    """A reader of one problem, whose examples are generated; the same every time.

    Args:
        PROBLEM: The problem.
    """

    PROBLEM: MemoryProblem

    @property
    def NAME(self) -> str:
        """What ``data.source`` says."""
        return self.PROBLEM.name

    @property
    def DESCRIPTION(self) -> str:
        """One line."""
        return self.PROBLEM.description

    def load(self, split: str, options: MemoryDataConfig) -> Examples:
        """Generate a split; another one has other examples.

        Args:
            split: ``train``, ``validation`` or ``test``.
            options: The data section: ``length``, ``min_length`` of training, ``load``,
                ``num_examples``, ``num_held_out`` (each, for validation and for test) and ``seed``.
        """
        generator = _generator(options.seed, split)
        if split != "train":
            count = options.num_held_out
            return _examples(self.PROBLEM, count, options.length, options.load, generator)
        shortest = options.min_length or options.length
        lengths = generator.integers(shortest, options.length + 1, size=options.num_examples)
        parts = []
        for length, count in zip(*np.unique(lengths, return_counts=True), strict=True):
            # Short examples have as many pairs as fit.
            load = options.load if length == options.length else min(options.load, length // 2)
            parts.append(_examples(self.PROBLEM, int(count), int(length), int(load), generator))
        # In random order, so that some of the first are an example of all.
        return concatenate(parts).select(generator.permutation(len(lengths)).tolist())


READERS = tuple(MemoryReader(problem) for problem in PROBLEMS.values())


def generate(split: str) -> Examples:
    """Generate a split of the sample, a short delayed recall.

    Example:
        >>> examples = generate("test")
        >>> examples.features["sequence"][0].split()[-1], len(examples.labels[0])
        ('?', 1)
    """
    count = dict(zip(SPLITS, _SAMPLE_SIZES, strict=True))[split]
    return _examples(SAMPLE_PROBLEM, count, _SAMPLE_LENGTH, load=1, generator=_generator(0, split))


def _generator(seed: int, split: str) -> np.random.Generator:
    return np.random.default_rng([seed, SPLITS.index(split)])


def _examples(
    problem: MemoryProblem, count: int, length: int, load: int, generator: np.random.Generator
) -> Examples:
    sequences, answers = problem.generate(count, length, load, generator)
    return Examples({"sequence": sequences}, answers)
