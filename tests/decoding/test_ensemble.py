"""Several models decode as one whose probabilities are the mean of theirs."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.decoding import beam_search, ensemble
from tests.decoding.search_models import END, TableDecoder, arguments, assert_row, start_states
from tests.reference import beam_search as reference
from tests.reference.beam_search import Rules

STARTS = [[5, 700], [81, 3], [12, 13]]


def mean_model(models):
    """The mean of the models' probabilities and weights, for the reference."""

    def predict(ids):
        found = [model(ids) for model in models]
        mean = np.log(np.mean([np.exp(one[0]) for one in found], axis=0))
        weights = None if found[0][1] is None else np.mean([one[1] for one in found], axis=0)
        return mean, weights

    return predict


@pytest.mark.parametrize("attentive", [False, True])
def test_a_beam_search_with_the_mean_of_two_models(attentive):
    decoders = [TableDecoder(seed, attentive=attentive) for seed in (1, 2)]
    rules = Rules(END, 5, length_penalty=0.6, coverage_penalty=0.2 * attentive)
    states = [start_states(list(column)) for column in zip(*STARTS, strict=True)]
    step = ensemble([one.step for one in decoders])
    found = beam_search(step, states, beam_width=3, num_alternatives=2, **arguments(rules))
    assert (found.attention is not None) == attentive
    found = found._replace(attention=None)
    for row, starts in enumerate(STARTS):
        models = [one.model(start) for one, start in zip(decoders, starts, strict=True)]
        assert_row(found, row, reference.beam_search(mean_model(models), rules, 3), 2)


def test_one_model_is_itself():
    decoder = TableDecoder(3, attentive=True)
    states = start_states([1, 2, 3])
    ids = tf.constant([1, 4, 2])
    logits, own, weights = decoder.step(ids, states)
    mean, together, mean_weights = ensemble([decoder.step])(ids, [states])
    np.testing.assert_allclose(mean, tf.nn.log_softmax(logits), atol=1e-6)
    np.testing.assert_array_equal(mean_weights, weights)
    np.testing.assert_array_equal(together[0]["code"], own["code"])


def test_weights_of_some_models_are_no_weights_of_all():
    steps = [TableDecoder(0, attentive=True).step, TableDecoder(1).step]
    states = start_states([1, 2])
    assert len(ensemble(steps)(tf.constant([1, 1]), [states, states])) == 2


def test_no_model_is_refused():
    with pytest.raises(ValueError, match="`steps` must hold at least one step"):
        ensemble([])
