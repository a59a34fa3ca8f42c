"""What a prefix search asks of language models, lexicons and the like."""

from __future__ import annotations

import functools
from collections.abc import Hashable, Sequence
from typing import Any, Protocol

import numpy as np

_END = "</s>"
# Bounds the memory of a decoder that serves for months.
_CACHED_WORDS, _CACHED_STATES = 2**17, 2**14


class PrefixScorer(Protocol):
    """Something that scores labellings symbol by symbol, whatever the sound.

    What it says of a labelling is the sum of the gains of its symbols and of the end. A gain of
    minus infinity forbids.
    """

    def initial(self) -> Any:
        """Return the state before the first symbol."""

    def gains(self, state: Any) -> np.ndarray:
        """Return what each symbol adds to the score here, float ``(symbols,)``."""

    def advance(self, state: Any, symbol: int) -> Any:
        """Return the state after a symbol."""

    def final(self, state: Any) -> float:
        """Return what is added if the labelling ends here."""


class LanguageModel(Protocol):
    """What :class:`seqsuite.ngram_language_model.BackoffLanguageModel` is, or a model of yours."""

    @property
    def initial_state(self) -> Hashable:
        """The state at the start of a sentence."""

    def score(self, state: Any, token: str) -> tuple[float, Hashable]:
        """Return the natural logarithm of a token's probability, and the state after it."""

    def __contains__(self, token: str) -> bool: ...


class WordScorer:
    """A language model of words: scores each word when the delimiter or the end closes it.

    Args:
        model: The language model; ``</s>`` is its end.
        alphabet: What each symbol stands for.
        weight: Weight of the language model's log-probabilities (alpha).
        bonus: Added for each word (beta).
        unknown: Added, unweighted, for each word that the model does not know.
        delimiter: What stands between words.

    Example:
        >>> from seqsuite.ngram_language_model import train_kneser_ney
        >>> model = train_kneser_ney([["a", "b"], ["a", "b"]], order=2)
        >>> scorer = WordScorer(model, ["", " ", "a", "b"], weight=1.0, bonus=0.0)
        >>> after_a = scorer.advance(scorer.advance(scorer.initial(), 2), 1)
        >>> b, a = (scorer.final(scorer.advance(after_a, symbol)) for symbol in (3, 2))
        >>> b > a
        True
    """

    def __init__(
        self,
        model: LanguageModel,
        alphabet: Sequence[str],
        weight: float,
        bonus: float,
        unknown: float = -10.0,
        delimiter: str = " ",
    ):
        self.model, self.alphabet = model, list(alphabet)
        self.weight, self.bonus, self.unknown = weight, bonus, unknown
        self.delimiter = self.alphabet.index(delimiter)
        self._word = functools.lru_cache(_CACHED_WORDS)(self._score_word)

    def initial(self) -> tuple[Any, str]:
        """Return the model's state and the letters of the word that has begun: none."""
        return self.model.initial_state, ""

    def gains(self, state: tuple[Any, str]) -> np.ndarray:
        """Return the score of the word at the delimiter, and 0 for all others."""
        gains = np.zeros(len(self.alphabet))
        gains[self.delimiter] = self._close(state)[0]
        return gains

    def advance(self, state: tuple[Any, str], symbol: int) -> tuple[Any, str]:
        """Spell on, or begin the next word."""
        if symbol == self.delimiter:
            return self._close(state)[1], ""
        return state[0], state[1] + self.alphabet[symbol]

    def final(self, state: tuple[Any, str]) -> float:
        """Close the last word and the sentence."""
        gain, model_state = self._close(state)
        return gain + self.weight * self.model.score(model_state, _END)[0]

    def _close(self, state: tuple[Any, str]) -> tuple[float, Any]:
        """Return what the word that has begun is worth, and the model's state after it."""
        return self._word(*state) if state[1] else (0.0, state[0])

    def _score_word(self, model_state: Any, word: str) -> tuple[float, Any]:
        log_probability, following = self.model.score(model_state, word)
        unknown = 0.0 if word in self.model else self.unknown
        return self.weight * log_probability + self.bonus + unknown, following


class SymbolScorer:
    """A language model of single symbols, such as characters.

    Args:
        model: The language model; ``</s>`` is its end.
        tokens: What the model calls each symbol.
        weight: Weight of the language model's log-probabilities (alpha).
        bonus: Added for each symbol (beta).

    Example:
        >>> from seqsuite.ngram_language_model import train_kneser_ney
        >>> model = train_kneser_ney(["abab", "aba"], order=2)
        >>> scorer = SymbolScorer(model, ["", "a", "b"], weight=1.0, bonus=0.0)
        >>> int(scorer.gains(scorer.advance(scorer.initial(), 1))[1:].argmax())  # after "a" ...
        1
    """

    def __init__(self, model: LanguageModel, tokens: Sequence[str], weight: float, bonus: float):
        self.model, self.tokens = model, list(tokens)
        self.weight, self.bonus = weight, bonus
        self._scores = functools.lru_cache(_CACHED_STATES)(self._score_all)
        self._following: dict[tuple[Any, int], Any] = {}

    def initial(self) -> Any:
        """Return the model's state at the start."""
        return self.model.initial_state

    def gains(self, state: Any) -> np.ndarray:
        """Return the score of every symbol."""
        return self._scores(state)

    def advance(self, state: Any, symbol: int) -> Any:
        """Return the model's state after a symbol."""
        return self.model.score(state, self.tokens[symbol])[1]

    def final(self, state: Any) -> float:
        """Close the sentence."""
        return self.weight * self.model.score(state, _END)[0]

    def _score_all(self, state: Any) -> np.ndarray:
        scores = [self.model.score(state, token)[0] for token in self.tokens]
        return self.weight * np.array(scores) + self.bonus
