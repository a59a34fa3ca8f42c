"""The references for search on cases worked by hand, and each against the other."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.reference import beam_search as reference
from tests.reference.beam_search import Rules, repeats

END = 0


def logs(*probabilities: float) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.log(np.array(probabilities))


def chain(ids):
    """Of the end, 1, 2: after nothing .1 .6 .3, after 1 .5 .25 .25, after 2 .9 .1 0."""
    table = {1: logs(0.5, 0.25, 0.25), 2: logs(0.9, 0.1, 0.0)}
    return (table[ids[-1]] if ids else logs(0.1, 0.6, 0.3)), None


def listed(found) -> dict:
    return {one.ids: round(math.exp(one.log_probability), 6) for one in found}


def test_all_sequences_of_the_chain():
    found = reference.exhaustive(chain, Rules(END, 2))
    # 22 has probability 0 and is none of them.
    expected = {(1,): 0.3, (2,): 0.27, (1, 2): 0.135, (): 0.1, (1, 1): 0.075, (2, 1): 0.015}
    assert listed(found) == expected
    assert [one.ids for one in found] == list(expected)
    assert listed(reference.exhaustive(chain, Rules(END, 0))) == {(): 0.1}


def test_the_narrow_beam_misses_what_the_wide_beam_finds():
    # One beam: 1 (.6), and 11 (.15), before 12 which is as likely; ends .3, and .075 at the last.
    assert listed(reference.beam_search(chain, Rules(END, 2), 1)) == {(1,): 0.3, (1, 1): 0.075}
    # Two: .1 of the empty sequence is third behind .6 and .3. Then 11 and 12 live, 2 has ended.
    found = reference.beam_search(chain, Rules(END, 2), 2)
    assert listed(found) == {(1,): 0.3, (2,): 0.27, (1, 2): 0.135, (1, 1): 0.075}


def test_lengths_and_forbidden_symbols():
    found = reference.exhaustive(chain, Rules(END, 2, min_length=2))
    assert listed(found) == {(1, 2): 0.135, (1, 1): 0.075, (2, 1): 0.015}
    found = reference.exhaustive(chain, Rules(END, 2, forbidden=(1,)))
    assert listed(found) == {(2,): 0.27, (): 0.1}
    found = reference.beam_search(chain, Rules(END, 2, min_length=1, forbidden=(2,)), 3)
    assert listed(found) == {(1,): 0.3, (1, 1): 0.075}


def test_scores_by_length_and_coverage():
    two = {(0,): np.array([0.75, 0.25]), (0, 0): np.array([1.0, 0.0])}

    def attentive(ids):
        return logs(0.5, 0.5), two[(0,) * (len(ids) + 1)]

    rules = Rules(END, 1, length_penalty=1.0, coverage_penalty=0.5)
    longer, empty = sorted(reference.exhaustive(attentive, rules), key=lambda one: -len(one.ids))
    # Coverage 1.75, .25 of two symbols, (5 + 2) / 6; and .75, .25 of one, (5 + 1) / 6.
    assert longer.score == pytest.approx(math.log(0.25) * 6 / 7 + 0.5 * math.log(0.25))
    assert empty.score == pytest.approx(math.log(0.5) + 0.5 * math.log(0.75 * 0.25))
    average = reference.exhaustive(chain, Rules(END, 2, length_penalty="average"))
    assert [one.ids for one in average[:3]] == [(1,), (2,), (1, 2)]
    assert average[2].score == pytest.approx(math.log(0.135) / 3)


def test_repeated_ngrams():
    assert repeats((1, 2, 1), 2, 2)
    assert not repeats((1, 2, 1), 1, 2)
    assert repeats((1, 1), 1, 2), "they may overlap"
    assert repeats((1, 2), 1, 1)
    assert repeats((1, 2, 3, 1, 2), 3, 3)
    assert not repeats((), 1, 1)
    assert not repeats((1, 1), 1, 0)


@pytest.mark.parametrize("seed", range(3))
def test_a_beam_as_wide_as_all_candidates_finds_all_sequences(seed):
    generator = np.random.default_rng(seed)
    tables: dict = {}

    def model(ids):
        if ids not in tables:
            tables[ids] = (np.log(generator.dirichlet(np.ones(4))), generator.dirichlet(np.ones(3)))
        return tables[ids]

    rules = Rules(END, 3, 1, length_penalty=0.7, coverage_penalty=0.3, no_repeat_ngram=2)
    found = reference.beam_search(model, rules, beam_width=4 * 3**3)
    expected = reference.exhaustive(model, rules)
    assert [one.ids for one in found] == [one.ids for one in expected]
    assert [one.score for one in found] == pytest.approx([one.score for one in expected])
