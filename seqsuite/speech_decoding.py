"""What decides beside the network: the language model, lexicon and hot words of a task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seqsuite.decoding.ctc import CTCDecoder
from seqsuite.errors import UserError
from seqsuite.ngram_language_model import BackoffLanguageModel, read_arpa, train_kneser_ney

TRAINED = ("word", "character")
"""Language models that are trained from the training transcripts."""
_SPACE = "|"


def language_model(settings: Any, transcripts: Sequence[str]) -> BackoffLanguageModel | None:
    """Return the language model of a configuration.

    Args:
        settings: The section ``decoding``.
        transcripts: Of the training utterances, normalised.

    Raises:
        UserError: An ARPA file cannot be read.
    """
    if settings.language_model == "none":
        return None
    if settings.language_model == "word":
        return train_kneser_ney([text.split() for text in transcripts], settings.order)
    if settings.language_model == "character":
        # A file of the model would have no token that is white space.
        texts = [text.replace(" ", _SPACE) for text in transcripts]
        return train_kneser_ney(texts, settings.order)
    return read_arpa(settings.language_model)


def build_decoder(
    settings: Any,
    symbols: Sequence[str],
    transcripts: Sequence[str] = (),
    model: BackoffLanguageModel | None = None,
) -> CTCDecoder:
    """Return the beam search that a configuration asks for.

    Args:
        settings: The section ``decoding``.
        symbols: What each output of the network stands for, the blank first.
        transcripts: Of the training utterances, normalised, for what is learned from them.
        model: A language model that is trained or read already.

    Raises:
        UserError: A word cannot be spelled with these symbols, or an ARPA file cannot be read.
    """
    lexicon = {word for text in transcripts for word in text.split()} if settings.lexicon else None
    try:
        return CTCDecoder(
            symbols,
            language_model=language_model(settings, transcripts) if model is None else model,
            unit="symbol" if settings.language_model == "character" else "word",
            language_model_weight=settings.weight,
            length_bonus=settings.bonus,
            lexicon=lexicon,
            hot_words=hot_words(settings),
            beam_width=settings.beam_width,
        )
    except ValueError as error:
        raise UserError(f"The search cannot be set up: {error}") from error


def hot_words(settings: Any) -> dict[str, float]:
    """Return hot word -> bonus.

    Args:
        settings: The section ``decoding``.

    Example:
        >>> from seqsuite.speech_config import SpeechDecodingConfig
        >>> hot_words(SpeechDecodingConfig(hot_words="Ada, Grace", hot_word_bonus=2.0))
        {'Ada': 2.0, 'Grace': 2.0}
    """
    words = [word.strip() for word in settings.hot_words.split(",")]
    return {word: settings.hot_word_bonus for word in words if word}
