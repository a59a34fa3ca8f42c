"""The built-in sample of translation: sentences of a small grammar, in English and in French."""

from __future__ import annotations

from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.tasks.translation.config import TranslationDataConfig
from seqsuite.tasks.translation.data.files import language_pair
from seqsuite.tasks.translation.data.sample.grammar import LANGUAGES, generate

NAME = "sample"
DESCRIPTION = "built-in sample, no network: generated sentences in English and French"
DIRECTION = LANGUAGES


def load(split: str, options: TranslationDataConfig) -> Examples | None:
    """Generate a split; the same every time.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section; languages may only be those of the sample.

    Raises:
        UserError: Another direction is asked for.
    """
    if language_pair(options, DIRECTION) != DIRECTION:
        raise UserError(
            "The sample translates from en to fr only: one French sentence of it may have several "
            "English ones. Leave out --data.source_language and --data.target_language."
        )
    return generate(split)
