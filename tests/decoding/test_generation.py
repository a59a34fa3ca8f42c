"""Generation with a hand-made chain: against a plain loop, and the laws that it promises."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.decoding import generate, numpy_uniform
from tests.reference import sampling

VOCABULARY = 5
TABLE = np.random.default_rng(3).normal(size=(VOCABULARY, VOCABULARY)).astype("float32") / 2
LENGTHS = [7, 0, 12, 1, 5, 20]
SEEDS = [11, 12, -13, 14, 11, 2**31 - 1]
SETTINGS = [
    (1.0, 0, 1.0),
    (0.5, 0, 1.0),
    (2.0, 3, 1.0),
    (1.0, 2, 0.9),
    (0.0, 0, 1.0),
    (1.5, 0, 0.95),
]
CALL = {
    "lengths": LENGTHS,
    "seed": SEEDS,
    "temperature": [s[0] for s in SETTINGS],
    "top_k": [s[1] for s in SETTINGS],
    "top_p": [s[2] for s in SETTINGS],
}


def step(ids, states):
    """A Markov chain whose logits also drift with the number of symbols so far."""
    steps, history = states
    steps = steps + 1
    history = tf.concat([history[:, 1:], ids[:, None]], axis=1)
    logits = tf.gather(TABLE, ids) + drift(tf.cast(steps, tf.float32))[:, None] * TABLE[0]
    return logits, [steps, history]


def drift(steps):
    return steps / 16.0


def start(rows: int):
    """Logits of the first symbol, and states: steps taken, and the last three ids."""
    return tf.gather(TABLE, tf.range(rows) % VOCABULARY), [
        tf.zeros(rows, tf.int32),
        tf.fill((rows, 3), -1),
    ]


def markov(ids, states):
    return tf.gather(TABLE, ids), states


def expected_ids(row: int, length: int, seed: int, setting, start_position: int = 0) -> list[int]:
    logits, ids = TABLE[row % VOCABULARY], []
    for position in range(length):
        distribution = sampling.probabilities(logits, *setting)
        ids.append(sampling.draw(distribution, numpy_uniform(seed, start_position + position)))
        logits = TABLE[ids[-1]] + np.float32(drift(position + 1)) * TABLE[0]
    return ids


def in_graph(rows=None):
    """The generator as it is served: no dimension known but the vocabulary."""
    kinds = [tf.float32, tf.int32, tf.int32, tf.int32, tf.int32, tf.int32]
    shapes = [(rows, VOCABULARY), (rows,), (rows, 3), (), (rows,), (rows,)]
    settings = [tf.TensorSpec((rows,), dtype) for dtype in (tf.float32, tf.int32, tf.float32)]
    signature = [tf.TensorSpec(s, d) for s, d in zip(shapes, kinds, strict=True)] + settings

    @tf.function(input_signature=signature)
    def run(logits, steps, history, max_length, lengths, seed, temperature, top_k, top_p):
        return generate(
            step, logits, [steps, history], max_length, lengths=lengths, seed=seed,
            temperature=temperature, top_k=top_k, top_p=top_p,
        )  # fmt: skip

    return run


def flat(found) -> list[np.ndarray]:
    return [value.numpy() for value in tf.nest.flatten(found)]


def assert_equal(found, expected):
    for a, b in zip(flat(found), flat(expected), strict=True):
        np.testing.assert_array_equal(a, b)


def test_each_row_is_what_a_plain_loop_draws():
    found = generate(step, *start(6), 20, **CALL)
    assert found.ids.dtype == tf.int32
    steps, history = (state.numpy() for state in found.states)
    for row, (length, seed) in enumerate(zip(LENGTHS, SEEDS, strict=True)):
        expected = expected_ids(row, length, seed, SETTINGS[row])
        assert found.ids[row].numpy().tolist() == expected + [0] * (20 - length)
        assert steps[row] == length
        assert history[row].tolist() == ([-1] * 3 + expected)[-3:]
    assert len(np.unique(found.ids[5])) > 3, "a chain stuck in one symbol would hide mistakes"
    np.testing.assert_array_equal(found.logits[1], TABLE[1], "a row of length 0 keeps its logits")


@pytest.mark.full(default=1)
@pytest.mark.parametrize("rows", [None, 6])
def test_graph_is_eager(rows):
    logits, states = start(6)
    found = in_graph(rows)(logits, *states, 20, **CALL)
    assert_equal(found, generate(step, logits, states, 20, **CALL))


def test_lengths_batches_and_settings_do_not_retrace():
    run = in_graph()
    for rows, max_length in [(6, 20), (6, 3), (2, 0), (0, 5), (1, 40)]:
        logits, states = start(rows)
        found = run(logits, *states, max_length, **{k: v[:rows] for k, v in CALL.items()})
        assert found.ids.shape == (rows, max_length)
    assert run.experimental_get_tracing_count() == 1


def test_the_graph_has_no_random_and_no_stateful_op():
    graph = in_graph().get_concrete_function().graph.as_graph_def()
    nodes = [*graph.node, *(node for f in graph.library.function for node in f.node_def)]
    kinds = {node.op for node in nodes}
    assert "While" in kinds or "StatelessWhile" in kinds
    assert not [kind for kind in kinds if "Random" in kind or "Variable" in kind]


def test_a_row_alone_is_the_row_in_a_batch():
    together = generate(step, *start(6), 20, **CALL)
    for row in range(6):
        logits, states = start(6)
        states = [state[row : row + 1] for state in states]
        one = {name: value[row : row + 1] for name, value in CALL.items()}
        alone = generate(step, logits[row : row + 1], states, 20, **one)
        assert_equal(alone, tf.nest.map_structure(lambda x, r=row: x[r : r + 1], together))


def test_a_seed_decides_the_symbols():
    logits = tf.repeat(tf.zeros((1, VOCABULARY)), 4, axis=0)
    again = [generate(markov, logits, [], 30, lengths=[30] * 4, seed=[1, 2, 1, 3]) for _ in "ab"]
    assert_equal(again[0].ids, again[1].ids)
    ids = again[0].ids.numpy()
    np.testing.assert_array_equal(ids[0], ids[2])
    assert len(np.unique(ids, axis=0)) == 3


def test_two_generations_after_each_other_are_one_of_both_lengths():
    first_lengths = np.minimum(LENGTHS, [5, 5, 0, 5, 2, 19])
    rest = np.array(LENGTHS) - first_lengths
    first = generate(step, *start(6), 19, **{**CALL, "lengths": first_lengths})
    second = generate(
        step, first.logits, first.states, 12,
        **{**CALL, "lengths": rest, "start_position": first_lengths},
    )  # fmt: skip
    whole = generate(step, *start(6), 20, **CALL)
    for row, (a, b) in enumerate(zip(first_lengths, rest, strict=True)):
        joined = [*first.ids[row, :a].numpy(), *second.ids[row, :b].numpy()]
        assert joined == whole.ids[row, : a + b].numpy().tolist()
    assert_equal(second[1:3], whole[1:3])


def test_frequencies_are_those_of_the_chain():
    """Pairs of symbols, within 5 standard deviations; draws of a chain given the symbol before."""
    rows, steps = 64, 500
    found = tf.function(generate)(
        markov, tf.zeros((rows, VOCABULARY)), [], steps,
        lengths=[steps] * rows, seed=np.arange(rows), temperature=1.5,
    )  # fmt: skip
    ids = found.ids.numpy()
    counts = np.zeros((VOCABULARY, VOCABULARY))
    np.add.at(counts, (ids[:, :-1].ravel(), ids[:, 1:].ravel()), 1)
    for before in range(VOCABULARY):
        exact = sampling.probabilities(TABLE[before], 1.5, 0, 1.0)
        total = counts[before].sum()
        tolerance = 5 * np.sqrt(exact * (1 - exact) / total)
        assert np.all(np.abs(counts[before] / total - exact) <= tolerance)


def test_greedy_follows_the_likeliest_symbols():
    found = generate(markov, TABLE, [], 9, lengths=[9] * 5, seed=range(5), temperature=0.0)
    for row in range(VOCABULARY):
        expected, last = [], TABLE[row]
        for _ in range(9):
            expected.append(int(np.argmax(last)))
            last = TABLE[expected[-1]]
        assert found.ids[row].numpy().tolist() == expected


def test_lengths_outside_the_width_are_cut():
    found = generate(markov, TABLE[:3], [], 4, lengths=[9, -2, 2], seed=[1, 2, 3])
    assert found.ids.shape == (3, 4)
    assert found.ids[1].numpy().tolist() == [0] * 4
    assert found.lengths.numpy().tolist() == [4, 0, 2]
    whole = generate(markov, TABLE[:1], [], 9, lengths=[9], seed=[1])
    np.testing.assert_array_equal(found.ids[0], whole.ids[0, :4])


@pytest.mark.parametrize("graph", [False, True])
def test_a_row_stops_at_its_end(graph):
    """With the symbols, logits and states that it has without an end, asked for so many."""
    run = tf.function(generate) if graph else generate
    end, lengths = 3, [20, 0, 20, 3, 9, 20]
    call = {**CALL, "lengths": lengths}
    endless = generate(step, *start(6), 20, **call).ids.numpy()
    found = run(step, *start(6), 20, **call, end_id=end)
    expected = []
    for row, length in enumerate(lengths):
        ids = endless[row, :length].tolist()
        expected.append(ids.index(end) if end in ids else length)
    assert found.lengths.numpy().tolist() == expected
    assert len(set(expected) - set(lengths)) > 0, "no row would have ended"
    assert_equal(found, generate(step, *start(6), 20, **{**CALL, "lengths": expected}))


def test_the_loop_stops_when_all_rows_have_ended():
    calls = []

    def counted(ids, states):
        calls.append(ids)
        return tf.one_hot(tf.minimum(ids + 1, 4), VOCABULARY) * 1e3, states

    logits = tf.one_hot([1, 2], VOCABULARY) * 1e3
    found = generate(counted, logits, [], 50, lengths=[50, 50], seed=[1, 2], end_id=4)
    assert found.ids.shape == (2, 50)
    assert found.ids[:, :4].numpy().tolist() == [[1, 2, 3, 0], [2, 3, 0, 0]]
    assert found.lengths.numpy().tolist() == [3, 2]
    assert len(calls) == 4


def test_a_width_wider_than_every_length_is_filled_with_zeros():
    found = generate(markov, TABLE[:2], [], 6, lengths=[1, 2], seed=[1, 2])
    assert found.ids.shape == (2, 6)
    assert not np.any(found.ids[:, 2:])


@pytest.mark.parametrize("max_length", [0, -1])
def test_no_symbols_leave_everything_as_it_was(max_length):
    logits, states = start(3)
    found = generate(step, logits, states, max_length, lengths=[4, 4, 0], seed=[1, 2, 3])
    assert found.ids.shape == (3, 0)
    assert_equal(found[1:3], (logits, states))
    assert found.lengths.numpy().tolist() == [0, 0, 0]


def test_no_rows_give_no_rows():
    found = generate(step, *start(0), 4, lengths=np.zeros(0, "int32"), seed=np.zeros(0, "int32"))
    assert found.ids.shape == (0, 4)
    assert [state.shape[0] for state in found.states] == [0, 0]


def test_a_recurrent_network_is_a_step():
    keras.utils.set_random_seed(0)
    cell, dense = keras.layers.LSTMCell(4), keras.layers.Dense(VOCABULARY)
    cell.build((None, VOCABULARY))
    dense.build((None, 4))

    def network(ids, states):
        output, states = cell(tf.one_hot(ids, VOCABULARY), states)
        return dense(output) * 5.0, states

    @tf.function
    def run(max_length):
        states = [tf.zeros((2, 4)), tf.zeros((2, 4))]
        return generate(
            network, tf.zeros((2, VOCABULARY)), states, max_length, lengths=[6, 3], seed=[5, 6]
        )

    found = run(tf.constant(6))
    logits, states = np.zeros((1, VOCABULARY)), [tf.zeros((1, 4)), tf.zeros((1, 4))]
    for position in range(6):
        distribution = sampling.probabilities(logits[0], 1.0, 0, 1.0)
        drawn = sampling.draw(distribution, numpy_uniform(5, position))
        assert found.ids[0, position] == drawn
        logits, states = network(tf.constant([drawn]), states)
    np.testing.assert_allclose(found.logits[:1], logits, atol=1e-5)
    np.testing.assert_allclose(found.states[0][:1], states[0], atol=1e-5)
