"""The sample of the memory problems: a short delayed recall."""

from __future__ import annotations

from seqsuite.data.examples import Examples
from seqsuite.tasks.memory.config import MemoryDataConfig
from seqsuite.tasks.memory.data.generated import SAMPLE_PROBLEM, generate

NAME = "sample"
DESCRIPTION = "built-in sample, no network: a short delayed recall"
PROBLEM = SAMPLE_PROBLEM


def load(split: str, options: MemoryDataConfig) -> Examples | None:
    """Generate a split; the same every time.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section, which the sample takes nothing from.
    """
    return generate(split)
