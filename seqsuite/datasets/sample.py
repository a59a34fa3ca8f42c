"""The built-in sample of every task: no network, learned in seconds or minutes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seqsuite.datasets import (
    carbon_dioxide,
    digit_speech,
    memory,
    python_manual,
    review_grammar,
    sentence_grammar,
    translation_grammar,
)
from seqsuite.datasets.continuous_text import contiguous_split, text_of_bytes
from seqsuite.datasets.examples import Examples
from seqsuite.datasets.parallel_files import language_pair
from seqsuite.datasets.series import check_covariates
from seqsuite.datasets.utterances import SAMPLE_RATE, resampled
from seqsuite.errors import UserError

NAME = "sample"
DESCRIPTION = "built-in sample, no network: generated sentences or speech, Python's manual, ..."

_GENERATORS: dict[str, Callable[[str], Examples]] = {
    "sentiment": review_grammar.generate,
    "pos_tagging": sentence_grammar.generate,
    "translation": translation_grammar.generate,
    "forecasting": carbon_dioxide.generate,
    "speech_recognition": digit_speech.generate,
    "memory": memory.generate,
}
TASKS = (*_GENERATORS, "char_lm")
# Of translation.
DIRECTION = translation_grammar.LANGUAGES
# Of forecasting.
SEASON_STEPS = carbon_dioxide.SEASON_STEPS
# Of memory.
PROBLEM = memory.SAMPLE_PROBLEM


def load(split: str, options: Any, task: str) -> Examples | None:
    """Generate a split of a task's sample; the same every time.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section; a ``scheme`` of spans asks for noun phrases rather than parts of
            speech, ``unit`` for characters or bytes, ``sample_rate`` for another than 8,000 samples
            a second; languages may only be those of the sample.
        task: Whose sample.

    Raises:
        UserError: Another direction of translation is asked for.
    """
    if task == "char_lm":
        unit = getattr(options, "unit", "character")
        text = text_of_bytes(python_manual.manual().encode("utf-8"), unit)
        return contiguous_split(split, options, lambda _: [text], where="the sample")
    if task == "translation" and language_pair(options, DIRECTION) != DIRECTION:
        raise UserError(
            "The sample translates from en to fr only: one French sentence of it may have several "
            "English ones. Leave out --data.source_language and --data.target_language."
        )
    if task == "forecasting":
        check_covariates(options, (), "the sample")
    examples = _GENERATORS[task](split)
    if task == "speech_recognition":
        return resampled(examples, getattr(options, "sample_rate", SAMPLE_RATE))
    if getattr(options, "scheme", "none") == "none":
        return examples
    tokens = {"tokens": examples.features["tokens"]}
    return Examples(tokens, [sentence_grammar.noun_phrases(tags) for tags in examples.labels or []])
