"""AnswerAttention against the NumPy references of its attentions."""

import numpy as np
import pytest

from seqsuite.layers import AnswerAttention, BahdanauAttention, LocationAttention, LuongAttention
from tests.reference import attention

KINDS = {
    "additive": (lambda: BahdanauAttention(5), attention.additive_scores),
    "multiplicative": (
        lambda: LuongAttention("scaled"),
        lambda query, memory, weights: attention.luong_scores(query, memory, *weights),
    ),
}


@pytest.mark.parametrize("num_answers", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_the_last_steps_see_the_states_before_them_and_others_nothing(kind, num_answers):
    make, reference = KINDS[kind]
    states = np.random.default_rng(0).normal(size=(4, 6, 3)).astype("float32")
    lengths = [6, 4, num_answers, 0]
    layer = AnswerAttention(make(), num_answers)
    seen = layer(states, lengths=np.array(lengths, "int32")).numpy()
    weights = layer.attention.get_weights()
    expected = np.zeros_like(states)
    for row, length in enumerate(lengths):
        earlier = max(0, length - num_answers)
        for step in range(earlier, length):
            scores = reference(states[row, step], states[row], weights)
            expected[row, step] = attention.read(scores, states[row], earlier)[0]
    np.testing.assert_allclose(seen, expected, atol=1e-5)


def test_a_number_of_answers_must_be_positive():
    with pytest.raises(ValueError, match="`num_answers` must be a positive integer"):
        AnswerAttention(LuongAttention(), 0)


def test_the_name_of_an_attention_is_none():
    with pytest.raises(ValueError, match="`attention` must be a LuongAttention or Bahdanau"):
        AnswerAttention("dot")


def test_an_attention_that_goes_step_by_step_is_refused():
    with pytest.raises(ValueError, match="must not need its previous weights"):
        AnswerAttention(LocationAttention(4))
