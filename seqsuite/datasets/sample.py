"""The built-in sample of every task: generated here, no network, learned in seconds."""

from __future__ import annotations

from typing import Any

from seqsuite.datasets import review_grammar, sentence_grammar
from seqsuite.datasets.examples import Examples

NAME = "sample"
DESCRIPTION = "built-in sample, no network: generated texts in which word order decides"

_GENERATORS = {
    "sentiment": review_grammar.generate,
    "pos_tagging": sentence_grammar.generate,
}
TASKS = tuple(_GENERATORS)


def load(split: str, options: Any, task: str) -> Examples | None:
    """Generate a split of a task's sample; the same every time.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section; a ``scheme`` of spans asks for noun phrases rather than parts of
            speech.
        task: Whose sample.
    """
    examples = _GENERATORS[task](split)
    if getattr(options, "scheme", "none") == "none":
        return examples
    tokens = {"tokens": examples.features["tokens"]}
    return Examples(tokens, [sentence_grammar.noun_phrases(tags) for tags in examples.labels or []])
