"""Search in plain Python: all sequences formed and scored, and a beam search as it is told.

A model is a function from the symbols so far, a tuple, to the log-probabilities of the next symbol
and, where coverage counts, the attention weights with which it is chosen.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Model = Callable[[tuple[int, ...]], tuple[np.ndarray, np.ndarray | None]]
Ids = tuple[int, ...]


@dataclass(frozen=True)
class Rules:
    """What a sequence may be and what it scores; a length is without the end."""

    end: int
    max_length: int
    min_length: int = 0
    length_penalty: float | str = 0.0
    coverage_penalty: float = 0.0
    no_repeat_ngram: int = 0
    forbidden: tuple[int, ...] = ()


@dataclass(frozen=True)
class Scored:
    """A whole sequence; `attention` holds the weights of each symbol and of the end."""

    score: float
    log_probability: float
    ids: Ids
    attention: tuple[np.ndarray, ...] = ()


def exhaustive(model: Model, rules: Rules) -> list[Scored]:
    """Return all sequences of probability above 0 that the rules allow, best first."""
    found = []

    def visit(ids: Ids, log_probability: float, attention: tuple) -> None:
        following, weights = model(ids)
        seen = attention if weights is None else (*attention, weights)
        ended = log_probability + float(following[rules.end])
        if len(ids) >= rules.min_length and ended > -math.inf:
            found.append(finished(ended, ids, seen, rules))
        for symbol in next_symbols(ids, rules, len(following)):
            longer = log_probability + float(following[symbol])
            if longer > -math.inf:
                visit((*ids, symbol), longer, seen)

    visit((), 0.0, ())
    return sorted(found, key=lambda one: (-one.score, one.ids))


def beam_search(model: Model, rules: Rules, beam_width: int) -> list[Scored]:
    """Return all hypotheses that a beam search finishes, best first; it never stops early.

    A beam finishes when fewer than `beam_width` candidates, ends and symbols together, are
    likelier; the likeliest symbols live on, as many as if there were no ends.
    """
    live: list[tuple[float, Ids, tuple]] = [(0.0, (), ())]
    found = []
    while live:
        ends, symbols = [], []
        for log_probability, ids, attention in live:
            following, weights = model(ids)
            seen = attention if weights is None else (*attention, weights)
            if len(ids) >= rules.min_length:
                ends.append((log_probability + float(following[rules.end]), ids, seen))
            for symbol in next_symbols(ids, rules, len(following)):
                longer = log_probability + float(following[symbol])
                symbols.append((longer, (*ids, symbol), seen))
        candidates = [one[0] for one in ends + symbols]
        for ended, ids, attention in ends:
            likelier = sum(other > ended for other in candidates)
            if likelier < beam_width and ended > -math.inf:
                found.append(finished(ended, ids, attention, rules))
        possible = [one for one in symbols if one[0] > -math.inf]
        live = sorted(possible, key=lambda one: -one[0])[:beam_width]
    return sorted(found, key=lambda one: -one.score)


def finished(log_probability: float, ids: Ids, attention: tuple, rules: Rules) -> Scored:
    """Score a whole sequence after Wu et al. 2016, or by the mean log-probability."""
    symbols = len(ids) + 1
    if rules.length_penalty == "average":
        score = log_probability / symbols
    else:
        score = log_probability / ((5 + symbols) / 6) ** rules.length_penalty
    if rules.coverage_penalty:
        for place in np.sum(attention, axis=0):
            score += rules.coverage_penalty * math.log(min(max(place, 1e-10), 1.0))
    return Scored(score, log_probability, ids, attention)


def next_symbols(ids: Ids, rules: Rules, num_symbols: int) -> list[int]:
    """Return what may follow, the end apart."""
    if len(ids) >= rules.max_length:
        return []
    allowed = set(range(num_symbols)) - {rules.end, *rules.forbidden}
    return sorted(one for one in allowed if not repeats(ids, one, rules.no_repeat_ngram))


def repeats(ids: Ids, symbol: int, ngram: int) -> bool:
    """Say whether the symbol would complete an n-gram that the sequence has already."""
    longer = (*ids, symbol)
    grams = [longer[start : start + ngram] for start in range(len(longer) - ngram + 1)]
    return ngram > 0 and len(grams) > 0 and grams[-1] in grams[:-1]
