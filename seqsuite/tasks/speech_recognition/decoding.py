"""What decides beside the network: the language model, lexicon and hot words of a task."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np

from seqsuite.decoding.ctc import CTCDecoder, TimedText, Transcript
from seqsuite.errors import UserError
from seqsuite.ngram_language_model import BackoffLanguageModel, read_arpa, train_kneser_ney
from seqsuite.tasks.speech_recognition.config import SpeechDecodingConfig
from seqsuite.tasks.speech_recognition.pronunciations import Spelling

_SPACE = "|"
# A model that knows fewer of the training words is of another case, or of another language.
_MIN_KNOWN_SHARE = 0.1


def language_model(
    settings: SpeechDecodingConfig, transcripts: Sequence[str]
) -> BackoffLanguageModel | None:
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
    model = read_arpa(settings.language_model)
    words = {word for text in transcripts for word in text.split()}
    known = _num_known(words, model)
    if known < _MIN_KNOWN_SHARE * len(words):
        cases = {"upper": str.upper, "lower": str.lower}
        cased = next(
            (
                case
                for case, change in cases.items()
                if 2 * _num_known(map(change, words), model) > len(words)
            ),
            None,
        )
        mend = (
            f"its words are in {cased} case: add --data.case {cased}"
            if cased
            else "it is of other words, or of another language"
        )
        raise UserError(
            f"decoding.language_model {settings.language_model} knows {known} of the {len(words)} "
            f"words of the training transcripts; {mend}."
        )
    return model


def _num_known(words: Iterable[str], model: BackoffLanguageModel) -> int:
    return sum(word in model for word in words)


def build_decoder(
    settings: SpeechDecodingConfig,
    symbols: Sequence[str],
    transcripts: Sequence[str] = (),
    model: BackoffLanguageModel | None = None,
    spelling: Spelling | None = None,
) -> Decoder:
    """Return the beam search that a configuration asks for.

    Args:
        settings: The section ``decoding``.
        symbols: What each output of the network stands for, the blank first.
        transcripts: Of the training utterances, normalised, for what is learned from them.
        model: A language model that is trained or read already, of words as they are written.
        spelling: How words consist of the symbols; None: these are characters.

    Raises:
        UserError: A word cannot be spelled with these symbols, or an ARPA file cannot be read.
    """
    lexicon = {word for text in transcripts for word in text.split()} if settings.lexicon else None
    favoured = hot_words(settings)
    model = language_model(settings, transcripts) if model is None else model
    spelled_model = None if model is None or spelling is None else SpelledModel(model, spelling)
    if spelling is not None:
        symbols = ["", *spelling.alphabet]
        # Where each symbol is a word, all are of the lexicon, and spaces need not be forced.
        lexicon = None if spelling.units_are_words else lexicon
        lexicon = lexicon and {one for word in lexicon for one in spelling.spellings(word)}
        favoured = _spelled(favoured, spelling)
    try:
        decoder = CTCDecoder(
            symbols,
            language_model=spelled_model or model,
            unit="symbol" if settings.language_model == "character" else "word",
            language_model_weight=settings.weight,
            length_bonus=settings.bonus,
            lexicon=lexicon,
            hot_words=favoured,
            beam_width=settings.beam_width,
        )
    except ValueError as error:
        raise UserError(f"The search cannot be set up: {error}") from error
    return decoder if spelling is None else SpelledDecoder(decoder, spelling)


def _spelled(words: dict[str, float], spelling: Spelling) -> dict[str, float]:
    """Return the bonus of each pronunciation of hot words."""
    for word in words:
        if not spelling.spellings(word):
            raise UserError(
                f"The search cannot be set up: the hot word {word!r} has no pronunciation, or one "
                "with phones that were not learned. Leave it out of decoding.hot_words."
            )
    return {one: bonus for word, bonus in words.items() for one in spelling.spellings(word)}


class SpelledModel:
    """A language model of words that is asked for spelled ones.

    A spelled word is scored as the word that it is read as, or as several where these are units
    between which a space was missed.

    Args:
        model: A model of words as they are written.
        spelling: How they are spelled.
    """

    def __init__(self, model: BackoffLanguageModel, spelling: Spelling):
        self._model, self._words = model, spelling.words
        self._joins = spelling.units_are_words

    @property
    def initial_state(self) -> Hashable:
        """The state at the start of a sentence."""
        return self._model.initial_state

    def score(self, state: Any, token: str) -> tuple[float, Hashable]:
        """Return the natural logarithm of a token's probability, and the state after it."""
        total = 0.0
        for word in self._read(token):
            log_probability, state = self._model.score(state, word)
            total += log_probability
        return total, state

    def __contains__(self, token: str) -> bool:
        return all(word in self._model for word in self._read(token))

    def _read(self, token: str) -> list[str]:
        if self._joins and all(unit in self._words for unit in token):
            return [self._words[unit] for unit in token]
        # The end of a sentence is no word and keeps its name.
        return [self._words.get(token, token)]


class SpelledDecoder:
    """A search over spelled words whose transcripts are read back.

    Args:
        decoder: The search.
        spelling: How words are spelled.
    """

    def __init__(self, decoder: CTCDecoder, spelling: Spelling):
        self.decoder, self.spelling = decoder, spelling
        self._names = dict(zip(spelling.alphabet, spelling.names, strict=True))

    def __call__(
        self, logits: np.ndarray, lengths: np.ndarray | None = None
    ) -> list[list[Transcript]]:
        """Transcribe a batch.

        Args:
            logits: Floating ``(batch, frames, symbols)``.
            lengths: Real frames of each row, int ``(batch,)``; None: all.

        Returns:
            For each row a list of its best transcript.
        """
        found = self.decoder(logits, lengths)
        return [[self._read(transcript) for transcript in row] for row in found]

    def _read(self, found: Transcript) -> Transcript:
        def named(one: TimedText, text: str) -> TimedText:
            return dataclasses.replace(one, text=text)

        symbols = tuple(named(one, self._names[one.text]) for one in found.symbols)
        if self.spelling.units_are_words:
            words = tuple(one for one in symbols if one.text != " ")
        else:
            words = tuple(named(one, self.spelling.read(one.text)) for one in found.words)
        text = self.spelling.read(found.text)
        return dataclasses.replace(found, text=text, symbols=symbols, words=words)


Decoder = CTCDecoder | SpelledDecoder
"""What `build_decoder` returns."""


def hot_words(settings: SpeechDecodingConfig) -> dict[str, float]:
    """Return hot word -> bonus.

    Args:
        settings: The section ``decoding``.

    Raises:
        UserError: One is a phrase, which no word of a transcript equals.

    Example:
        >>> from seqsuite.tasks.speech_recognition.config import SpeechDecodingConfig
        >>> hot_words(SpeechDecodingConfig(hot_words=("Ada", "Grace"), hot_word_bonus=2.0))
        {'Ada': 2.0, 'Grace': 2.0}
    """
    phrase = next((word for word in settings.hot_words if len(word.split()) != 1), None)
    if phrase is not None:
        raise UserError(
            f"decoding.hot_words are single words, and {phrase!r} is not one: list its words."
        )
    return dict.fromkeys(settings.hot_words, settings.hot_word_bonus)
