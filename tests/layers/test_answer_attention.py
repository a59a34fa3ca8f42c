"""AnswerAttention against the NumPy reference of additive attention."""

import numpy as np
import pytest

from seqsuite.layers import AnswerAttention
from tests.reference import attention


@pytest.mark.parametrize("num_answers", [1, 2])
def test_the_last_steps_see_the_states_before_them_and_others_nothing(num_answers):
    states = np.random.default_rng(0).normal(size=(4, 6, 3)).astype("float32")
    lengths = [6, 4, num_answers, 0]
    layer = AnswerAttention(5, num_answers)
    seen = layer(states, lengths=np.array(lengths, "int32")).numpy()
    weights = layer.attention.get_weights()
    expected = np.zeros_like(states)
    for row, length in enumerate(lengths):
        earlier = max(0, length - num_answers)
        for step in range(earlier, length):
            scores = attention.additive_scores(states[row, step], states[row], weights)
            expected[row, step] = attention.read(scores, states[row], earlier)[0]
    np.testing.assert_allclose(seen, expected, atol=1e-5)


def test_a_number_of_answers_must_be_positive():
    with pytest.raises(ValueError, match="`num_answers` must be a positive integer"):
        AnswerAttention(4, 0)
