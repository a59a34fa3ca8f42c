"""A back-off n-gram model of words or characters: what an ARPA file holds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

START, END, UNKNOWN = "<s>", "</s>", "<unk>"
"""The tokens before a sentence, after it, and for every token that the model does not know."""

_LOG_10 = math.log(10)
# What KenLM gives to unknown tokens of a model without `<unk>`.
_NO_PROBABILITY = -100.0

State = tuple[str, ...]


class BackoffLanguageModel:
    """Log-probabilities of n-grams, and what to add where only a shorter one is known.

    ``log p(w | h)`` is the entry of ``h w`` if there is one, else ``log p(w | h without its first
    token)`` plus the back-off weight of ``h``, if it has one.

    Args:
        log_probabilities: n-gram -> logarithm to base 10.
        backoffs: Context -> back-off weight, logarithm to base 10.

    Example:
        >>> from seqsuite.ngram_language_model import train_kneser_ney
        >>> model = train_kneser_ney([["one", "two"], ["one", "three"]], order=2)
        >>> one, state = model.score(model.initial_state, "one")
        >>> two, _ = model.score(state, "two")
        >>> one > two
        True

    Reference:
        Katz, "Estimation of Probabilities from Sparse Data for the Language Model Component of a
        Speech Recognizer", 1987.
    """

    def __init__(self, log_probabilities: Mapping[State, float], backoffs: Mapping[State, float]):
        if not log_probabilities:
            raise ValueError("Argument `log_probabilities` must not be empty. Received: {}")
        self.log_probabilities = dict(log_probabilities)
        self.backoffs = dict(backoffs)
        self.order = max(map(len, self.log_probabilities))
        # Files may leave out a weight that is 0.
        self._contexts = {gram[:-1] for gram in self.log_probabilities} | set(self.backoffs)

    @property
    def vocabulary(self) -> list[str]:
        """The tokens that may come next, the end of a sentence and ``<unk>`` among them."""
        return [gram[0] for gram in self.log_probabilities if len(gram) == 1 and gram[0] != START]

    @property
    def initial_state(self) -> State:
        """The state at the start of a sentence."""
        return self._shortened((START,))

    def __contains__(self, token: str) -> bool:
        return (token,) in self.log_probabilities

    def score(self, state: State, token: str) -> tuple[float, State]:
        """Read one token.

        Args:
            state: What came before, as far as the model looks back.
            token: A token; ``END`` closes the sentence, an unknown one counts as ``UNKNOWN``.

        Returns:
            The natural logarithm of its probability, and the state after it.
        """
        if token not in self:
            token = UNKNOWN
        total, context = 0.0, state
        while (found := self.log_probabilities.get((*context, token))) is None:
            if not context:
                found = _NO_PROBABILITY
                break
            total += self.backoffs.get(context, 0.0)
            context = context[1:]
        return (total + found) * _LOG_10, self._shortened((*state, token))

    def sentence_log_probability(self, tokens: Sequence[str]) -> float:
        """Return the natural logarithm of a sentence's probability, its end included.

        Args:
            tokens: The tokens without start and end.
        """
        total, state = 0.0, self.initial_state
        for token in (*tokens, END):
            log_probability, state = self.score(state, token)
            total += log_probability
        return total

    def perplexity(self, sentences: Iterable[Sequence[str]]) -> float:
        """Return the perplexity per token, ends of sentences and unknown tokens included.

        Args:
            sentences: Each a sequence of tokens without start and end.

        Raises:
            ValueError: There are no sentences.
        """
        total, count = 0.0, 0
        for tokens in sentences:
            total += self.sentence_log_probability(tokens)
            count += len(tokens) + 1
        if not count:
            raise ValueError("Argument `sentences` must not be empty. Received: no sentences")
        return math.exp(-total / count)

    def _shortened(self, context: State) -> State:
        """Drop what makes no difference: beyond the longest known context nothing is read."""
        context = context[max(0, len(context) - self.order + 1) :]
        while context and context not in self._contexts:
            context = context[1:]
        return context
