"""The reference for a decoder on a case worked by hand."""

from __future__ import annotations

import math

import numpy as np

from tests.reference import decoder

# Two tokens, embedded as 0 and 1; a state that is tanh(x + feed + h).
WEIGHTS = {
    "embedding": np.array([[0.0], [1.0]]),
    "levels": [(np.array([[1.0], [1.0]]), np.array([[1.0]]), np.array([0.0]))],
    "attention": np.array([[0.0]]),
    "combine": np.array([[1.0], [2.0]]),
    "output": np.array([[0.0, 1.0]]),
    "bias": np.array([0.5, 0.0]),
    "feed": True,
}
# A kernel of zero looks everywhere alike: the context is the mean of the real places, 3.
MEMORY, LENGTH = np.array([[[2.0], [4.0], [100.0]]]), np.array([2])


def by_hand(x, feed, hidden):
    hidden = math.tanh(x + feed + hidden)
    return math.tanh(3.0 + 2.0 * hidden), hidden


def test_two_steps_with_input_feeding():
    zeros = [np.zeros((1, 1)), np.zeros((1, 1))]
    logits = decoder.teacher_forcing(
        "simple_rnn", np.array([[1, 0]]), zeros, MEMORY, LENGTH, WEIGHTS
    )
    first, hidden = by_hand(1.0, 0.0, 0.0)
    second, _ = by_hand(0.0, first, hidden)
    np.testing.assert_allclose(logits[0], [[0.5, first], [0.5, second]], atol=1e-12)


def test_free_running_feeds_the_best():
    zeros = [np.zeros((1, 1)), np.zeros((1, 1))]
    fed, logits = decoder.free_running(
        "simple_rnn", np.array([0]), 3, zeros, MEMORY, LENGTH, WEIGHTS
    )
    # tanh(3) > 0.5, so token 1 is the best from the first step on.
    np.testing.assert_array_equal(fed, [[0, 1, 1]])
    again = decoder.teacher_forcing("simple_rnn", fed, zeros, MEMORY, LENGTH, WEIGHTS)
    np.testing.assert_array_equal(again, logits)
