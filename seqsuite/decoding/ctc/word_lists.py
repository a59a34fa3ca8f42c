"""Scorers by lists of words: lexicons and hot words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np


class Trie:
    """Prefix tree of words by symbols. The root is node 0.

    Args:
        alphabet: Text of each symbol, one character each.
        delimiter: Text between words, which no word contains.

    Attributes:
        children: Symbol -> node, for each node.
        values: Value of the word that ends at each node, or None.

    Example:
        >>> trie = Trie(["", "a", "b"], delimiter=" ")
        >>> trie.add("ab", 2.0)
        >>> trie.children, trie.values
        ([{1: 1}, {2: 2}, {}], [None, None, 2.0])
    """

    def __init__(self, alphabet: Sequence[str], delimiter: str):
        self.delimiter = delimiter
        self.children: list[dict[int, int]] = [{}]
        self.values: list[float | None] = [None]
        self._symbols = {text: symbol for symbol, text in enumerate(alphabet)}

    def add(self, word: str, value: float) -> None:
        """Add a word.

        Args:
            word: One or more characters of the alphabet without the delimiter.
            value: Its value.

        Raises:
            ValueError: If the word is empty, cannot be spelled, or contains the delimiter.
        """
        if not word or self.delimiter in word:
            raise ValueError(
                "Lexicons and hot words must be single words: list the words of a phrase one by "
                f"one. Received: word={word!r}"
            )
        if any(character not in self._symbols for character in word):
            raise ValueError(
                f"Words must be spelled with the alphabet {''.join(self._symbols)!r}. "
                f"Received: word={word!r}"
            )
        node = 0
        for character in word:
            symbol = self._symbols[character]
            if symbol not in self.children[node]:
                self.children[node][symbol] = len(self.children)
                self.children.append({})
                self.values.append(None)
            node = self.children[node][symbol]
        self.values[node] = value


class LexiconScorer:
    """Scorer that allows only words of a lexicon, with one delimiter between them.

    A delimiter at the end and the empty labelling are allowed.

    Args:
        words: The lexicon.
        alphabet: Text of each symbol, one character each.
        delimiter: Text between words.

    Example:
        >>> scorer = LexiconScorer(["ab"], ["", " ", "a", "b"])
        >>> scorer.gains(scorer.initial()).tolist()
        [-inf, -inf, 0.0, -inf]
    """

    def __init__(self, words: Iterable[str], alphabet: Sequence[str], delimiter: str = " "):
        self.delimiter = list(alphabet).index(delimiter)
        self._num_symbols = len(alphabet)
        self._trie = Trie(alphabet, delimiter)
        for word in words:
            self._trie.add(word, 0.0)

    def initial(self) -> int:
        """Return the root."""
        return 0

    def gains(self, state: int) -> np.ndarray:
        """Return 0 for symbols that extend or end a word, -inf for all others."""
        gains = np.full(self._num_symbols, -np.inf)
        gains[list(self._trie.children[state])] = 0.0
        if self._trie.values[state] is not None:
            gains[self.delimiter] = 0.0
        return gains

    def advance(self, state: int, symbol: int) -> int:
        """Go to the child, or after a delimiter to the root."""
        return 0 if symbol == self.delimiter else self._trie.children[state][symbol]

    def final(self, state: int) -> float:
        """Allow the end where a word ends or none has begun."""
        return 0.0 if not state or self._trie.values[state] is not None else -np.inf


class HotWordScorer:
    """Scorer with a bonus for each occurrence of a hot word.

    A prefix of a hot word gets a share of the bonus, so that it is not pruned early, and loses it
    if the word continues differently. In total, a labelling gets exactly the bonuses of its words.

    Args:
        words: Word -> bonus in nats; a negative bonus makes a word rarer.
        alphabet: Text of each symbol, one character each.
        delimiter: Text between words.

    Reference:
        Zhao et al., "Shallow-Fusion End-to-End Contextual Biasing", 2019.

    Example:
        >>> scorer = HotWordScorer({"ab": 4.0}, ["", " ", "a", "b"])
        >>> scorer.gains(scorer.initial()).tolist()
        [0.0, 0.0, 2.0, 0.0]
        >>> scorer.gains(scorer.advance(scorer.initial(), 2)).tolist()
        [-2.0, -2.0, -2.0, 2.0]
    """

    _ELSE = -1  # inside another word

    def __init__(self, words: Mapping[str, float], alphabet: Sequence[str], delimiter: str = " "):
        self.delimiter = list(alphabet).index(delimiter)
        self._num_symbols = len(alphabet)
        self._trie = Trie(alphabet, delimiter)
        for word, bonus in words.items():
            self._trie.add(word, bonus)
        self._shares = [0.0] * len(self._trie.children)
        for word, bonus in words.items():
            node = 0
            for place, character in enumerate(word, start=1):
                node = self._trie.children[node][list(alphabet).index(character)]
                self._shares[node] = max(self._shares[node], bonus * place / len(word))

    def initial(self) -> int:
        """Return the root."""
        return 0

    def gains(self, state: int) -> np.ndarray:
        """Return the change of the share of the bonus by each symbol."""
        if state == self._ELSE:
            return np.zeros(self._num_symbols)
        gains = np.full(self._num_symbols, 0.0 - self._shares[state])
        for symbol, child in self._trie.children[state].items():
            gains[symbol] += self._shares[child]
        gains[self.delimiter] = self.final(state)
        return gains

    def advance(self, state: int, symbol: int) -> int:
        """Go to the child, or leave the trie until the next word."""
        if symbol == self.delimiter:
            return 0
        if state == self._ELSE:
            return self._ELSE
        return self._trie.children[state].get(symbol, self._ELSE)

    def final(self, state: int) -> float:
        """Return the bonus of a word that ends here, less the share it already has."""
        if state == self._ELSE:
            return 0.0
        return (self._trie.values[state] or 0.0) - self._shares[state]
