"""Decoders for tests of search: tables of random logits, chosen by the whole history of a row."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from seqsuite.decoding import (
    CoveragePenalty,
    ForbiddenSymbols,
    LengthPenalty,
    MinLength,
    NoRepeatNgram,
)
from tests.reference.beam_search import Model, Rules

CODES = 997
VOCABULARY = 5
PLACES = 4
END, PADDING, BEGIN = 2, 0, 1


class TableDecoder:
    """A step, and the same as the model of the reference.

    The state is a number made of the row's beginning and all its symbols; it chooses a line of a
    table of logits and of a table of attention weights.
    """

    def __init__(self, seed: int, *, vocabulary: int = VOCABULARY, attentive: bool = False):
        generator = np.random.default_rng(seed)
        self.logits = generator.normal(size=(CODES, vocabulary)).astype("float32") * 1.5
        weights = generator.dirichlet(np.full(PLACES, 0.5), size=CODES).astype("float32")
        self.attention = weights if attentive else None
        self.num_calls = 0

    def step(self, ids, states):
        """Take ids ``(rows,)`` and ``{"code": (rows,)}``."""
        self.num_calls += 1
        code = (states["code"] * 31 + ids + 1) % CODES
        if self.attention is None:
            return tf.gather(self.logits, code), {"code": code}
        return tf.gather(self.logits, code), {"code": code}, tf.gather(self.attention, code)

    def model(self, start: int) -> Model:
        """Return the model of a row whose state begins as `start`."""

        def predict(ids):
            code = start
            for symbol in (BEGIN, *ids):
                code = (code * 31 + symbol + 1) % CODES
            line = self.logits[code].astype("float64")
            attention = None if self.attention is None else self.attention[code]
            return line - np.logaddexp.reduce(line), attention

        return predict


def start_states(starts: list[int]) -> dict[str, tf.Tensor]:
    return {"code": tf.constant(starts, tf.int32, shape=(len(starts),))}


def arguments(rules: Rules) -> dict:
    """The rules as arguments of `beam_search`."""
    constraints = [ForbiddenSymbols(rules.forbidden), MinLength(rules.min_length)]
    if rules.no_repeat_ngram:
        constraints.append(NoRepeatNgram(rules.no_repeat_ngram))
    scorers = [LengthPenalty(rules.length_penalty)]
    if rules.coverage_penalty:
        scorers.append(CoveragePenalty(rules.coverage_penalty))
    return {
        "begin_id": BEGIN,
        "end_id": rules.end,
        "max_length": rules.max_length,
        "constraints": constraints,
        "scorers": scorers,
    }


def assert_row(found, row: int, expected: list, num_alternatives: int) -> None:
    """Compare one row of hypotheses with the best of the reference's."""
    ids, lengths = found.ids[row].numpy(), found.lengths[row].numpy()
    scores, totals = found.scores[row].numpy(), found.log_probabilities[row].numpy()
    for place in range(num_alternatives):
        if place >= len(expected):
            assert lengths[place] == 0
            assert scores[place] == totals[place] == -np.inf
            assert not ids[place].any()
            continue
        one = expected[place]
        assert tuple(ids[place, : lengths[place]]) == one.ids
        assert not ids[place, lengths[place] :].any()
        np.testing.assert_allclose(scores[place], one.score, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(totals[place], one.log_probability, rtol=1e-5, atol=1e-6)
        if found.attention is not None:
            attention = found.attention[row, place].numpy()
            np.testing.assert_array_equal(attention[: len(one.ids)], one.attention[:-1] or None)
            assert not attention[len(one.ids) :].any()
