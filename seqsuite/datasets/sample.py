"""The built-in sample of every task: generated here, no network, learned in seconds."""

from __future__ import annotations

from typing import Any

from seqsuite.datasets import review_grammar
from seqsuite.datasets.examples import Examples

NAME = "sample"
TASKS = ("sentiment",)
DESCRIPTION = "built-in sample, no network: generated reviews in which word order decides"

_GENERATORS = {"sentiment": review_grammar.generate}


def load(split: str, options: Any, task: str) -> Examples | None:
    """Generate a split of a task's sample; the same every time.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: Ignored.
        task: Whose sample.
    """
    return _GENERATORS[task](split)
