"""Interpolated modified Kneser-Ney smoothing, estimated from sentences."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from seqsuite.ngram_language_model.backoff import (
    END,
    START,
    UNKNOWN,
    BackoffLanguageModel,
    State,
)
from seqsuite.ngram_language_model.discounts import kneser_ney_discounts

# How ARPA files write that something is never predicted.
_NEVER = -99.0


def train_kneser_ney(
    sentences: Iterable[Sequence[str]], order: int = 3, vocabulary: Iterable[str] = ()
) -> BackoffLanguageModel:
    """Estimate an n-gram model of words or characters, with modified Kneser-Ney smoothing.

    The longest n-grams count how often they occur; shorter ones, how many different tokens precede
    them, or how often they occur at the start of a sentence, where nothing can. Each order has its
    three discounts and is interpolated with the next shorter one, the unigrams with equal shares
    for all known tokens and one more, ``<unk>``. All are kept: no n-gram is pruned.

    Args:
        sentences: Each a sequence of tokens, a string being one of characters, without start and
            end.
        order: Tokens in the longest n-gram, at least 1.
        vocabulary: Further tokens that may occur, such as the words of a lexicon.

    Returns:
        The model; after every context the probabilities of its vocabulary sum to 1.

    Raises:
        ValueError: There are no sentences, one holds ``<s>`` or ``</s>``, or ``order`` is below 1.

    Reference:
        Kneser and Ney, "Improved Backing-off for M-gram Language Modeling", 1995; Chen and Goodman,
        "An Empirical Study of Smoothing Techniques for Language Modeling", 1998; as in Heafield et
        al., "Scalable Modified Kneser-Ney Language Model Estimation", 2013.

    Example:
        >>> model = train_kneser_ney(["abab", "abb"], order=2)
        >>> tokens = [*model.vocabulary]
        >>> sorted(tokens)
        ['</s>', '<unk>', 'a', 'b']
        >>> round(sum(math.exp(model.score(("a",), token)[0]) for token in tokens), 12)
        1.0
    """
    if order < 1:
        raise ValueError(f"Argument `order` must be at least 1. Received: order={order}")
    counts = _adjusted_counts(_occurrences(sentences, order))
    known = {gram[0] for gram in counts[0]} | {*vocabulary, END, UNKNOWN}
    known.discard(START)
    shorter: dict[State, float] = {(): 1 / len(known)}
    log_probabilities: dict[State, float] = {(START,): _NEVER}
    backoffs: dict[State, float] = {}
    for length, table in enumerate(counts, start=1):
        probabilities, left_over = _interpolated(table, shorter)
        if length == 1:
            share = left_over.pop(()) * shorter[()]
            for token in sorted(known):
                probabilities.setdefault((token,), share)
        log_probabilities.update((gram, math.log10(p)) for gram, p in probabilities.items())
        backoffs.update((context, math.log10(share)) for context, share in left_over.items())
        shorter = probabilities
    return BackoffLanguageModel(log_probabilities, backoffs)


def _occurrences(sentences: Iterable[Sequence[str]], order: int) -> list[Counter[State]]:
    """Count the n-grams of each length, from 1 to `order`."""
    counts: list[Counter[State]] = [Counter() for _ in range(order)]
    empty = True
    for sentence in sentences:
        empty = False
        if START in sentence or END in sentence:
            raise ValueError(
                f"Argument `sentences` must not hold {START!r} or {END!r}: they are added here. "
                f"Received: {sentence!r}"
            )
        tokens = (START, *sentence, END)
        for length, table in enumerate(counts, start=1):
            table.update(tokens[i : i + length] for i in range(len(tokens) - length + 1))
    if empty:
        raise ValueError("Argument `sentences` must not be empty. Received: no sentences")
    del counts[0][START,]  # it is given, never predicted
    return counts


def _adjusted_counts(counts: list[Counter[State]]) -> list[Counter[State]]:
    """Replace the counts of shorter n-grams by how many different tokens precede them."""
    adjusted = []
    for table, longer in itertools.pairwise(counts):
        # The longer ones are in the order of the text; so are their ends, and the file written.
        preceded = Counter(gram[1:] for gram in longer)
        preceded.update({gram: n for gram, n in table.items() if gram[0] == START})
        adjusted.append(preceded)
    return [*adjusted, counts[-1]]


def _interpolated(
    counts: Counter[State], shorter: dict[State, float]
) -> tuple[dict[State, float], dict[State, float]]:
    """Return the probabilities of one length, and what each context leaves to the shorter ones."""
    discounts = kneser_ney_discounts(np.fromiter(counts.values(), int, len(counts))).tolist()
    totals: Counter[State] = Counter()
    taken: dict[State, float] = {}
    for gram, count in counts.items():
        context = gram[:-1]
        totals[context] += count
        taken[context] = taken.get(context, 0.0) + discounts[min(count, 3)]
    left_over = {context: taken[context] / total for context, total in totals.items()}
    probabilities = {}
    for gram, count in counts.items():
        context = gram[:-1]
        own = (count - discounts[min(count, 3)]) / totals[context]
        # Unigrams are interpolated with equal shares, which stand under the empty n-gram.
        probabilities[gram] = own + left_over[context] * shorter[gram[1:]]
    return probabilities, left_over
