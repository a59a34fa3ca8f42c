"""The sample of the memory problems: a short delayed recall."""

from __future__ import annotations

from typing import Any

from seqsuite.data.examples import Examples
from seqsuite.tasks.memory.data.generated import SAMPLE_PROBLEM, generate

NAME = "sample"
TASKS = ("memory",)
DESCRIPTION = "built-in sample, no network: a short delayed recall"
PROBLEM = SAMPLE_PROBLEM


def load(split: str, options: Any, task: str = "memory") -> Examples | None:
    """Generate a split; the same every time.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section, which the sample takes nothing from.
        task: Ignored.
    """
    return generate(split)
