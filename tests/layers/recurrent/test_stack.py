"""RecurrentStack against the NumPy references, and what it promises about states and padding."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers import RecurrentInitialization, RecurrentStack
from tests.reference import recurrent

CELLS = {
    "simple_rnn": {"cell": "simple_rnn"},
    "lstm": {"cell": "lstm"},
    "gru": {"cell": "gru"},
    "gru_reset_before": {"cell": "gru", "reset_after": False},
}
LENGTHS = np.array([5, 2, 0], "int32")


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def by_reference(cell, x, lengths, states, weights, on_outputs, on_final):
    """Outputs, final states and gradients (inputs, states, weights) of one or two directions."""
    directions = len(weights) // 3
    count = recurrent.num_states(cell)
    outputs, final, d_x, d_states, d_weights = [], [], 0.0, [], []
    on_outputs = np.split(on_outputs, directions, axis=-1)
    for d in range(directions):
        own, mine = weights[3 * d : 3 * d + 3], slice(d * count, (d + 1) * count)
        out, last, cache = recurrent.forward(cell, x, lengths, states[mine], own, d == 1)
        part, d_s, d_w = recurrent.backward(cell, on_outputs[d], on_final[mine], cache, own)
        outputs.append(out)
        final += last
        d_x = d_x + part
        d_states += d_s
        d_weights += d_w
    return np.concatenate(outputs, axis=-1), final, [d_x, *d_states, *d_weights]


@pytest.mark.full(default=6)
@pytest.mark.parametrize("mode", ["eager", "graph"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", list(CELLS))
def test_values_and_gradients_equal_reference(cell, bidirectional, mode):
    units, width = 3, 6 if bidirectional else 3
    stack = RecurrentStack(units, bidirectional=bidirectional, return_state=True, **CELLS[cell])
    x, on_outputs = normal(3, 5, 2), normal(3, 5, width, seed=1)
    states = [normal(3, units, seed=2 + i) for i in range(stack.num_states)]
    on_final = [normal(3, units, seed=9 + i) for i in range(stack.num_states)]
    stack.build((None, None, 2))
    rng = np.random.default_rng(5)
    weights = []
    for _ in range(1 + bidirectional):
        weights += recurrent.random_weights(cell, 2, units, rng)
    stack.set_weights(weights)

    def run(x, lengths, *states):
        with tf.GradientTape() as tape:
            tape.watch([x, *states])
            outputs, *final = stack(x, lengths=lengths, initial_state=states)
            loss = tf.reduce_sum(outputs * on_outputs)
            loss += tf.add_n([tf.reduce_sum(f * o) for f, o in zip(final, on_final, strict=True)])
        variables = [v.value for v in stack.trainable_variables]
        return outputs, final, tape.gradient(loss, [x, *states, *variables])

    if mode == "graph":
        run = tf.function(run)
    outputs, final, gradients = run(*map(tf.constant, (x, LENGTHS, *states)))
    expected = by_reference(cell, x, LENGTHS, states, weights, on_outputs, on_final)
    np.testing.assert_allclose(outputs, expected[0], atol=1e-6)
    for got, want in zip(final, expected[1], strict=True):
        np.testing.assert_allclose(got, want, atol=1e-6)
    for got, want in zip(gradients, expected[2], strict=True):
        np.testing.assert_allclose(got, want, atol=2e-5)


@pytest.mark.parametrize("cell", list(CELLS))
def test_two_chunks_with_state_equal_the_whole(cell):
    stack = RecurrentStack(4, num_layers=2, connection="residual", return_state=True, **CELLS[cell])
    x, lengths = normal(3, 6, 2), np.array([6, 4, 1])
    whole, *end = stack(x, lengths=lengths)
    first, *state = stack(x[:, :3], lengths=lengths)
    second, *state = stack(x[:, 3:], lengths=np.maximum(lengths - 3, 0), initial_state=state)
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, atol=1e-6)
    for got, want in zip(state, end, strict=True):
        np.testing.assert_allclose(got, want, atol=1e-6)


@pytest.mark.parametrize("layer_norm", [False, True])
def test_one_bidirectional_layer_keeps_the_directions_apart(layer_norm):
    stack = RecurrentStack(3, bidirectional=True, layer_norm=layer_norm, connection="highway")
    x = normal(1, 6, 2)
    before = stack(x, lengths=np.array([5])).numpy()[0]
    x[0, 2] += 1.0
    moved = np.abs(stack(x, lengths=np.array([5])).numpy()[0] - before).max(-1, initial=0) > 0
    forward, backward = np.split(np.abs(stack(x, lengths=np.array([5])).numpy()[0] - before), 2, 1)
    assert moved[:5].all()
    assert not forward[:2].any()
    assert not backward[3:].any()


def test_highway_and_residual_are_what_they_say():
    x, lengths = normal(2, 4, 3), np.array([4, 2])
    plain, residual, highway = (
        RecurrentStack(3, connection=name) for name in ("none", "residual", "highway")
    )
    for stack in (plain, residual, highway):
        stack.build(x.shape)
    weights = plain.get_weights()
    gate_kernel, gate_bias = normal(3, 3, seed=4), normal(3, seed=5)
    residual.set_weights(weights)
    highway.set_weights([*weights, gate_kernel, gate_bias])
    real = (np.arange(4)[None, :] < lengths[:, None])[:, :, None]
    h = plain(x, lengths=lengths).numpy()
    gate = recurrent.sigmoid(x @ gate_kernel + gate_bias)
    np.testing.assert_allclose(residual(x, lengths=lengths), real * (x + h), atol=1e-6)
    expected = real * (gate * h + (1 - gate) * x)
    np.testing.assert_allclose(highway(x, lengths=lengths), expected, atol=1e-6)


@pytest.mark.full(default=2)
@pytest.mark.parametrize("cell", list(CELLS))
@pytest.mark.parametrize("lengths_given", [True, False])
def test_no_steps_at_all(cell, lengths_given):
    stack = RecurrentStack(3, bidirectional=True, return_state=True, **CELLS[cell])
    state = [tf.constant(normal(2, 3, seed=i)) for i in range(stack.num_states)]
    spec = [tf.TensorSpec([None, None, 2])]

    @tf.function(input_signature=spec)
    def run(x):
        lengths = tf.zeros(tf.shape(x)[:1], "int32") + tf.shape(x)[1] if lengths_given else None
        return stack(x, lengths=lengths, initial_state=[s[: tf.shape(x)[0]] for s in state])

    for outputs, *final in (
        run(tf.zeros((2, 0, 2))),
        stack(tf.zeros((2, 0, 2)), initial_state=state),
    ):
        assert outputs.shape == (2, 0, 6)
        for got, want in zip(final, state, strict=True):
            np.testing.assert_array_equal(got, want)
    outputs, *final = run(tf.zeros((0, 3, 2)))
    assert outputs.shape == (0, 3, 6)
    assert {tuple(f.shape) for f in final} == {(0, 3)}


def test_padding_may_hold_anything_but_is_zero_after():
    stack = RecurrentStack(3, num_layers=2, layer_norm=True, connection="residual")
    x = normal(2, 4, 2)
    clean = stack(x, lengths=np.array([4, 2])).numpy()
    x[1, 2:] = np.nan
    np.testing.assert_array_equal(stack(x, lengths=np.array([4, 2])), clean)
    assert not clean[1, 2:].any()


def test_lengths_beyond_the_batch_mean_truncated_rows():
    stack = RecurrentStack(3, return_state=True)
    x = normal(2, 4, 2)
    for got, want in zip(stack(x, lengths=np.array([9, 9])), stack(x), strict=True):
        np.testing.assert_allclose(got, want, atol=1e-6)


def test_learnable_initial_state():
    stack = RecurrentStack(3, return_state=True, initialization={"learnable_state": True})
    x = normal(2, 4, 2)
    stack.build(x.shape)
    h, c = normal(3, seed=1), normal(3, seed=2)
    by_name = {v.name: v for v in stack.trainable_variables}
    by_name["state_0"].assign(h)
    by_name["state_1"].assign(c)
    given = [np.tile(h, (2, 1)), np.tile(c, (2, 1))]
    np.testing.assert_allclose(stack(x)[0], stack(x, initial_state=given)[0], atol=1e-6)
    _, last_h, last_c = stack(x, lengths=np.array([0, 4]))
    np.testing.assert_allclose(last_h[0], h)
    np.testing.assert_allclose(last_c[0], c)


def test_initializations():
    def weights(cell, **initialization):
        stack = RecurrentStack(4, cell, initialization=initialization)
        stack.build((None, None, 4))
        return stack, stack.get_weights()

    stack, (_, recurrent_kernel, _) = weights("simple_rnn", recurrent="identity", scale=0.5)
    np.testing.assert_array_equal(recurrent_kernel, 0.5 * np.eye(4))
    # The IRNN is a ReLU network: with scale 1 and identity inputs it sums what it reads.
    stack, _ = weights("simple_rnn", recurrent="identity")
    stack.set_weights([np.eye(4), np.eye(4), np.zeros(4)])
    assert stack(np.ones((1, 3, 4)))[0, -1].numpy().tolist() == [3.0] * 4
    _, (_, recurrent_kernel, bias) = weights("lstm", forget_bias=2.0, scale=1.0)
    np.testing.assert_allclose(recurrent_kernel @ recurrent_kernel.T, np.eye(4), atol=1e-5)
    assert bias.tolist() == [0.0] * 4 + [2.0] * 4 + [0.0] * 8
    _, (_, recurrent_kernel, _) = weights("gru", recurrent="identity")
    np.testing.assert_array_equal(recurrent_kernel, np.tile(np.eye(4), 3))
    _, (_, recurrent_kernel, _) = weights("lstm", recurrent="glorot")
    limit = np.sqrt(6 / (4 + 16))
    assert np.abs(recurrent_kernel).max() <= limit


@pytest.mark.parametrize("cell", ["lstm", "gru", "gru_reset_before"])
def test_chrono_biases_spread_memory_times_up_to_the_longest_delay(cell):
    units, longest = 400, 50
    stack = RecurrentStack(units, initialization={"longest_delay": longest}, **CELLS[cell])
    stack.build((None, None, 2))
    bias = stack.get_weights()[2]
    if cell == "lstm":
        opened, keep, rest = np.split(bias, [units, 2 * units])
        np.testing.assert_array_equal(opened, -keep)
    else:
        if cell == "gru":
            assert not bias[1].any()
            bias = bias[0]
        keep, rest = np.split(bias, [units])
    assert not rest.any()
    # exp(bias) is uniform between 1 and 49: its mean is 25 with a standard error of 0.7.
    times = np.exp(keep)
    assert 1 <= times.min() < 2
    assert longest - 2 < times.max() <= longest - 1 + 1e-3
    assert abs(times.mean() - longest / 2) < 5 * 0.7


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_chrono_unit_forgets_by_e_in_the_time_it_was_given(cell):
    # With no input and no recurrence a state decays by its gate alone: sigmoid(log u) = u / (u+1).
    stack = RecurrentStack(
        3, cell, return_state=True,
        initialization={"recurrent": "identity", "scale": 0.0, "longest_delay": 30},
    )  # fmt: skip
    states = [np.ones((1, 3), "float32")] * stack.num_states
    stack.build((None, None, 1))
    bias = stack.get_weights()[2]
    times = np.exp(bias[3:6] if cell == "lstm" else bias[0, :3])
    _, *final = stack(np.zeros((1, 7, 1), "float32"), initial_state=states)
    np.testing.assert_allclose(final[-1][0], (times / (times + 1)) ** 7, rtol=1e-5)


def test_a_mask_that_keras_attached_is_not_obeyed():
    ids = np.array([[1, 2, 0, 0]])
    embedding = keras.layers.Embedding(3, 2, mask_zero=True)
    stack = RecurrentStack(3)
    stack.build((None, None, 2))
    bare = stack(tf.identity(embedding(ids)))
    with pytest.warns(UserWarning, match="does not support masking"):
        masked = stack(embedding(ids))
    np.testing.assert_array_equal(masked, bare)


def test_use_cudnn_reaches_every_inner_layer():
    stack = RecurrentStack(3, "gru", num_layers=2, bidirectional=True)
    assert stack.use_cudnn == "auto"
    stack.use_cudnn = False
    inner = [layer for layer in stack._flatten_layers() if isinstance(layer, keras.layers.GRU)]
    assert len(inner) == 4
    assert all(layer.use_cudnn is False for layer in inner)
    with pytest.raises(ValueError, match="`use_cudnn` must be"):
        stack.use_cudnn = "never"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"units": 0}, "`units` must be a positive integer. Received: units=0"),
        ({"cell": "lstn"}, "Did you mean 'lstm'"),
        ({"num_layers": 0}, "`num_layers` must"),
        ({"connection": "dense"}, "`connection` must be one of"),
        ({"initialization": {"recurrent": "ones"}}, "`recurrent` must be one of"),
        ({"initialization": {"longest_delay": 2}}, "`longest_delay` must be 0"),
        ({"cell": "simple_rnn", "initialization": {"longest_delay": 9}}, "has no gates"),
        ({"initialization": "identity"}, "`initialization` must be a RecurrentInitialization"),
        ({"regularization": {"dropout": 1.0}}, "`dropout` must be at least 0 and below 1"),
        ({"regularization": {"drop": 0.1}}, "`regularization` must be"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        RecurrentStack(**{"units": 4, **arguments})


def test_wrong_number_of_states():
    with pytest.raises(ValueError, match="`initial_state` must have 2 tensors"):
        RecurrentStack(3)(np.zeros((1, 2, 3)), initial_state=[np.zeros((1, 3))])


def test_settings_may_be_given_as_objects():
    settings = RecurrentInitialization(forget_bias=0.5)
    assert RecurrentStack(3, initialization=settings).initialization == settings
