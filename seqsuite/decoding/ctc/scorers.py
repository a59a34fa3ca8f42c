"""Scorers of a prefix search: interfaces and language models."""

from __future__ import annotations

import functools
from collections.abc import Hashable, Sequence
from typing import Any, Protocol

import numpy as np

_END = "</s>"
# Bound the memory of a long-running decoder.
_CACHED_WORDS, _CACHED_STATES = 2**17, 2**14


class PrefixScorer(Protocol):
    """Interface of scorers of labellings, symbol by symbol.

    The score of a labelling is the sum of the gains of its symbols and of its end. A gain of -inf
    forbids a symbol.
    """

    def initial(self) -> Any:
        """Return the state before the first symbol."""

    def gains(self, state: Any) -> np.ndarray:
        """Return the gain of each next symbol, float ``(symbols,)``."""

    def advance(self, state: Any, symbol: int) -> Any:
        """Return the state after a symbol."""

    def final(self, state: Any) -> float:
        """Return the gain of the end of the labelling."""


class LanguageModel(Protocol):
    """Interface of language models.

    :class:`seqsuite.ngram_language_model.BackoffLanguageModel` is one.
    """

    @property
    def initial_state(self) -> Hashable:
        """The state at the start of a sentence."""

    def score(self, state: Any, token: str) -> tuple[float, Hashable]:
        """Return the natural logarithm of a token's probability, and the state after it."""

    def __contains__(self, token: str) -> bool: ...


class WordScorer:
    """Scorer by a language model of words, at each delimiter and at the end.

    Args:
        model: The language model, with ``</s>`` as end of sentence.
        alphabet: Text of each symbol.
        weight: Weight of the language model's log-probabilities (alpha).
        bonus: Bonus for each word (beta).
        unknown: Unweighted bonus for each word outside the model's vocabulary.
        delimiter: Text between words.

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

    def initial(self) -> tuple[Hashable, str]:
        """Return the model's state and the empty beginning of a word."""
        return self.model.initial_state, ""

    def gains(self, state: tuple[Hashable, str]) -> np.ndarray:
        """Return the score of the word at the delimiter, and 0 for all others."""
        gains = np.zeros(len(self.alphabet))
        gains[self.delimiter] = self._close(state)[0]
        return gains

    def advance(self, state: tuple[Hashable, str], symbol: int) -> tuple[Hashable, str]:
        """Extend the word, or begin the next one."""
        if symbol == self.delimiter:
            return self._close(state)[1], ""
        return state[0], state[1] + self.alphabet[symbol]

    def final(self, state: tuple[Hashable, str]) -> float:
        """Close the last word and the sentence."""
        gain, model_state = self._close(state)
        return gain + self.weight * self.model.score(model_state, _END)[0]

    def _close(self, state: tuple[Hashable, str]) -> tuple[float, Hashable]:
        """Return the gain of the word, and the model's state after it."""
        return self._word(*state) if state[1] else (0.0, state[0])

    def _score_word(self, model_state: Hashable, word: str) -> tuple[float, Hashable]:
        log_probability, following = self.model.score(model_state, word)
        unknown = 0.0 if word in self.model else self.unknown
        return self.weight * log_probability + self.bonus + unknown, following


class SymbolScorer:
    """Scorer by a language model of symbols, such as characters.

    Args:
        model: The language model, with ``</s>`` as end of sentence.
        tokens: The model's token of each symbol.
        weight: Weight of the language model's log-probabilities (alpha).
        bonus: Bonus for each symbol (beta).

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

    def initial(self) -> Hashable:
        """Return the model's state at the start."""
        return self.model.initial_state

    def gains(self, state: Hashable) -> np.ndarray:
        """Return the gain of every symbol."""
        return self._scores(state)

    def advance(self, state: Hashable, symbol: int) -> Hashable:
        """Return the model's state after a symbol."""
        return self.model.score(state, self.tokens[symbol])[1]

    def final(self, state: Hashable) -> float:
        """Close the sentence."""
        return self.weight * self.model.score(state, _END)[0]

    def _score_all(self, state: Hashable) -> np.ndarray:
        scores = [self.model.score(state, token)[0] for token in self.tokens]
        return self.weight * np.array(scores) + self.bonus
