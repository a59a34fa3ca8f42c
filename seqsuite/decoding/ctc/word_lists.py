"""Words that alone may be said, and words that are to be heard more readily."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np


class Trie:
    """Words by their symbols; words that begin alike share nodes. The root is node 0.

    Args:
        alphabet: What each symbol stands for, each of them one character.

    Attributes:
        children: Of each node, symbol -> node.
        values: Of each node, the value of the word that ends there; None where none does.

    Example:
        >>> trie = Trie(["", "a", "b"])
        >>> trie.add("ab", 2.0)
        >>> trie.children, trie.values
        ([{1: 1}, {2: 2}, {}], [None, None, 2.0])
    """

    def __init__(self, alphabet: Sequence[str]):
        self.children: list[dict[int, int]] = [{}]
        self.values: list[float | None] = [None]
        self._symbols = {text: symbol for symbol, text in enumerate(alphabet)}

    def add(self, word: str, value: float) -> None:
        """Add a word.

        Args:
            word: One or more characters of the alphabet.
            value: Its value.

        Raises:
            ValueError: The word is empty or cannot be spelled.
        """
        if not word or any(character not in self._symbols for character in word):
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
    """Forbids everything but given words with one delimiter between them.

    A delimiter may also stand at the end. The empty labelling is allowed.

    Args:
        words: The words that may be said.
        alphabet: What each symbol stands for, each of them one character.
        delimiter: What stands between words.

    Example:
        >>> scorer = LexiconScorer(["ab"], ["", " ", "a", "b"])
        >>> scorer.gains(scorer.initial()).tolist()
        [-inf, -inf, 0.0, -inf]
    """

    def __init__(self, words: Iterable[str], alphabet: Sequence[str], delimiter: str = " "):
        self.delimiter = list(alphabet).index(delimiter)
        self._num_symbols = len(alphabet)
        self._trie = Trie(alphabet)
        for word in words:
            self._trie.add(word, 0.0)

    def initial(self) -> int:
        """Return the root."""
        return 0

    def gains(self, state: int) -> np.ndarray:
        """Return 0 for what goes on with a word or ends one, minus infinity for all others."""
        gains = np.full(self._num_symbols, -np.inf)
        gains[list(self._trie.children[state])] = 0.0
        if self._trie.values[state] is not None:
            gains[self.delimiter] = 0.0
        return gains

    def advance(self, state: int, symbol: int) -> int:
        """Go down, or back to the root."""
        return 0 if symbol == self.delimiter else self._trie.children[state][symbol]

    def final(self, state: int) -> float:
        """Allow the end where a word ends or none has begun."""
        return 0.0 if not state or self._trie.values[state] is not None else -np.inf


class HotWordScorer:
    """Adds a bonus for each occurrence of given words.

    A share of the bonus is lent while a word is being spelled, so that it is not pruned before its
    end, and taken back if it goes on otherwise. So a whole labelling gets the bonuses of the words
    in it, and nothing else.

    Args:
        words: Word -> bonus in nats; a negative one makes it rarer.
        alphabet: What each symbol stands for, each of them one character.
        delimiter: What stands between words.

    Reference:
        Zhao et al., "Shallow-Fusion End-to-End Contextual Biasing", 2019.

    Example:
        >>> scorer = HotWordScorer({"ab": 4.0}, ["", " ", "a", "b"])
        >>> scorer.gains(scorer.initial()).tolist()
        [0.0, 0.0, 2.0, 0.0]
        >>> scorer.gains(scorer.advance(scorer.initial(), 2)).tolist()
        [-2.0, -2.0, -2.0, 2.0]
    """

    _ELSE = -1  # inside a word that is none of them

    def __init__(self, words: Mapping[str, float], alphabet: Sequence[str], delimiter: str = " "):
        self.delimiter = list(alphabet).index(delimiter)
        self._num_symbols = len(alphabet)
        self._trie = Trie(alphabet)
        for word, bonus in words.items():
            if not word or delimiter in word:
                raise ValueError(
                    "Argument `words` must hold single words: a phrase is none of them. "
                    f"Received: {word!r}"
                )
            self._trie.add(word, bonus)
        self._lent = [0.0] * len(self._trie.children)
        for word, bonus in words.items():
            node = 0
            for place, character in enumerate(word, start=1):
                node = self._trie.children[node][list(alphabet).index(character)]
                self._lent[node] = max(self._lent[node], bonus * place / len(word))

    def initial(self) -> int:
        """Return the root."""
        return 0

    def gains(self, state: int) -> np.ndarray:
        """Return what is lent on the way to a hot word, given at its end, or taken back."""
        if state == self._ELSE:
            return np.zeros(self._num_symbols)
        gains = np.full(self._num_symbols, 0.0 - self._lent[state])
        for symbol, child in self._trie.children[state].items():
            gains[symbol] += self._lent[child]
        gains[self.delimiter] = self.final(state)
        return gains

    def advance(self, state: int, symbol: int) -> int:
        """Go down, or out of the trie until the next word."""
        if symbol == self.delimiter:
            return 0
        if state == self._ELSE:
            return self._ELSE
        return self._trie.children[state].get(symbol, self._ELSE)

    def final(self, state: int) -> float:
        """Return what the end of the word here adds to what is lent."""
        if state == self._ELSE:
            return 0.0
        return (self._trie.values[state] or 0.0) - self._lent[state]
