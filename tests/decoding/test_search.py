"""Search: against all sequences formed, against a plain beam search, and the laws it promises."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.decoding import (
    CoveragePenalty,
    ForbiddenSymbols,
    LengthPenalty,
    MinLength,
    NoRepeatNgram,
    beam_search,
    greedy_search,
    repeat_beams,
)
from tests.decoding.search_models import (
    BEGIN,
    END,
    PADDING,
    PLACES,
    VOCABULARY,
    TableDecoder,
    arguments,
    assert_row,
    start_states,
)
from tests.reference import beam_search as reference
from tests.reference.beam_search import Rules

STARTS = [3, 500, 77, 912]
RULES = {
    "plain": Rules(END, 3),
    "forbidden": Rules(END, 4, forbidden=(PADDING, BEGIN)),
    "least length": Rules(END, 3, min_length=2),
    "wu": Rules(END, 3, length_penalty=0.8),
    "average": Rules(END, 3, length_penalty="average"),
    "short is better": Rules(END, 3, length_penalty=-1.5),
    "coverage": Rules(END, 3, length_penalty=1.0, coverage_penalty=0.4),
    "coverage is worse": Rules(END, 3, coverage_penalty=-0.2),
    "no symbol twice": Rules(END, 4, no_repeat_ngram=1, forbidden=(BEGIN,)),
    "no bigram twice": Rules(END, 4, no_repeat_ngram=2, forbidden=(PADDING, BEGIN)),
    "empty": Rules(END, 0),
}


def decoder(rules: Rules, seed: int = 0) -> TableDecoder:
    return TableDecoder(seed, attentive=rules.coverage_penalty != 0)


def search(model: TableDecoder, rules: Rules, *, starts=STARTS, **settings):
    return beam_search(model.step, start_states(starts), **arguments(rules), **settings)


def flat(found) -> list[np.ndarray]:
    return [value.numpy() for value in found if value is not None]


# Against the references


@pytest.mark.parametrize("name", RULES)
def test_a_wide_beam_finds_the_best_of_all_sequences(name):
    rules = RULES[name]
    model = decoder(rules)
    found = search(model, rules, beam_width=5 * 4**3, num_alternatives=6)
    for row, start in enumerate(STARTS):
        assert_row(found, row, reference.exhaustive(model.model(start), rules), 6)


@pytest.mark.full(default=12)
@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("beam_width", [1, 2, 3, 7])
def test_a_narrow_beam_finds_what_a_plain_beam_search_finds(name, beam_width):
    """Which never stops early: to stop early costs nothing."""
    long = {} if name == "empty" else {"max_length": 9}
    rules = dataclasses.replace(RULES[name], **long)
    model = decoder(rules, seed=beam_width)
    found = search(model, rules, beam_width=beam_width, num_alternatives=3)
    for row, start in enumerate(STARTS):
        assert_row(found, row, reference.beam_search(model.model(start), rules, beam_width), 3)


@pytest.mark.full(default=1)
@pytest.mark.parametrize("static", [False, True])
def test_graph_is_eager(static):
    """Whether the graph knows all dimensions or none."""
    rules = Rules(END, 6, 1, length_penalty=0.7, coverage_penalty=0.2, no_repeat_ngram=2)
    model = decoder(rules)
    spec = tf.TensorSpec((4 if static else None,), tf.int32)

    @tf.function(input_signature=[{"code": spec}])
    def run(states):
        return beam_search(model.step, states, beam_width=3, num_alternatives=2, **arguments(rules))

    found = run(start_states(STARTS))
    expected = search(model, rules, beam_width=3, num_alternatives=2)
    for first, second in zip(flat(found), flat(expected), strict=True):
        np.testing.assert_array_equal(first, second)
    for row, start in enumerate(STARTS):
        assert_row(found, row, reference.beam_search(model.model(start), rules, 3), 2)


def test_greedy_takes_the_likeliest_symbol_and_one_beam_is_greedy():
    rules = Rules(END, 12)
    model = TableDecoder(4)
    starts = list(range(40))
    call = {"begin_id": BEGIN, "end_id": END, "max_length": 12}
    found = greedy_search(model.step, start_states(starts), **call)
    one_beam = search(model, rules, starts=starts, beam_width=1)
    for first, second in zip(flat(found), flat(one_beam), strict=True):
        np.testing.assert_array_equal(first, second)
    for row, start in enumerate(starts):
        predict, ids = model.model(start), []
        while len(ids) < 12 and np.argmax(predict(tuple(ids))[0]) != END:
            ids.append(int(np.argmax(predict(tuple(ids))[0])))
        assert found.ids[row, 0, : len(ids)].numpy().tolist() == ids
        assert found.lengths[row, 0] == len(ids)
    assert len(np.unique(found.lengths)) > 3


# Rows and lengths


def per_row(rows: slice) -> dict:
    return {
        "max_length": np.array([6, 2, 0, 4])[rows],
        "constraints": [MinLength(np.array([0, 2, 5, 1])[rows])],
        "scorers": [
            LengthPenalty(np.array([0.0, 1.0, 0.5, -1.0], "float32")[rows]),
            CoveragePenalty(
                np.array([0.1, 0.0, 0.3, 1.0], "float32")[rows], np.array([4, 2, 3, 1])[rows]
            ),
        ],
        "begin_id": np.array([1, 0, 3, 4])[rows],
    }


def test_a_row_alone_is_the_row_in_a_batch():
    model = TableDecoder(1, attentive=True)
    call = {"end_id": END, "beam_width": 3, "num_alternatives": 2}

    def run(states, settings):
        return beam_search(model.step, states, **settings, **call)

    together = run(start_states(STARTS), per_row(slice(None)))
    assert together.ids.shape == (4, 2, 6)
    for row in range(4):
        rows = slice(row, row + 1)
        alone = run(start_states(STARTS[rows]), per_row(rows))
        width = alone.ids.shape[2]
        assert width == per_row(rows)["max_length"][0]
        np.testing.assert_array_equal(alone.ids, together.ids[rows, :, :width])
        for name in ("lengths", "scores", "log_probabilities"):
            np.testing.assert_array_equal(getattr(alone, name), getattr(together, name)[rows])
        np.testing.assert_array_equal(alone.attention, together.attention[rows, :, :width])


def test_lengths_of_rows_are_their_own():
    model = TableDecoder(2)
    found = beam_search(
        model.step, start_states(STARTS), begin_id=BEGIN, end_id=END, beam_width=3,
        max_length=[6, 2, 0, 4], constraints=[MinLength([0, 2, 5, 4])],
    )  # fmt: skip
    for row, (most, least) in enumerate([(6, 0), (2, 2), (0, 0), (4, 4)]):
        expected = reference.beam_search(model.model(STARTS[row]), Rules(END, most, least), 3)
        assert_row(found, row, expected, 1)


def test_no_rows_give_no_rows():
    for rules in (RULES["plain"], RULES["coverage"], RULES["no bigram twice"]):
        found = search(decoder(rules), rules, starts=[], beam_width=3, num_alternatives=2)
        assert found.ids.shape == (0, 2, rules.max_length)
        assert found.scores.shape == (0, 2)
    empty = np.zeros(0, "int32")
    found = beam_search(
        TableDecoder(0).step, start_states([]), begin_id=empty, end_id=END, beam_width=2,
        max_length=empty,
    )  # fmt: skip
    assert found.ids.shape == (0, 1, 0)


def test_lengths_and_batches_do_not_retrace():
    model = TableDecoder(0, attentive=True)
    spec = tf.TensorSpec((None,), tf.int32)

    @tf.function(input_signature=[{"code": spec}, spec, tf.TensorSpec((), tf.float32)])
    def run(states, max_length, length_penalty):
        return beam_search(
            model.step, states, begin_id=BEGIN, end_id=END, beam_width=4, num_alternatives=2,
            max_length=max_length, constraints=[NoRepeatNgram(2)],
            scorers=[LengthPenalty(length_penalty)],
        )  # fmt: skip

    for lengths in ([3, 9], [0], [], [1, 2, 3, 40]):
        found = run(start_states(STARTS[: len(lengths)]), tf.constant(lengths, tf.int32), 0.5)
        assert found.ids.shape == (len(lengths), 2, max(lengths, default=0))
        assert found.attention.shape == (*found.ids.shape, PLACES)
    assert run.experimental_get_tracing_count() == 1
    assert model.num_calls == 2, "once before the loop and once in it"


# When to stop


def test_it_stops_when_no_live_beam_can_win():
    model = TableDecoder(0)
    model.logits[:, END] += 3.0
    calls = {}
    for rules in (Rules(END, 60), Rules(END, 60, length_penalty=0.6)):
        model.num_calls = 0
        found = beam_search(
            model.step, start_states(STARTS), beam_width=3, num_alternatives=3, **arguments(rules)
        )
        calls[rules.length_penalty] = model.num_calls
        for row, start in enumerate(STARTS):
            assert_row(found, row, reference.beam_search(model.model(start), rules, 3), 3)
    assert calls[0.0] < 8
    assert calls[0.6] < 50, "a long sequence may score well, so that it takes longer"


def test_a_search_that_cannot_win_after_the_first_end_makes_one_step_per_symbol():
    model = TableDecoder(4)
    greedy = greedy_search(
        model.step, start_states(STARTS), begin_id=BEGIN, end_id=END, max_length=100
    )
    assert model.num_calls == int(tf.reduce_max(greedy.lengths)) + 1


def test_a_finished_hypothesis_takes_no_place_of_a_live_beam():
    """One beam ends at once, with .6; it goes on, and the second best is what it goes on to."""
    probabilities = np.full((3, 3), 1e-9, "float32")
    probabilities[0] = [1e-9, 0.4, 0.6]
    probabilities[1] = [1e-9, 0.1, 0.9]

    def step(ids, states):
        return tf.math.log(tf.gather(probabilities, ids)), states

    found = beam_search(
        step, [], begin_id=[0], end_id=2, beam_width=1, max_length=3, num_alternatives=2
    )
    assert found.lengths.numpy().tolist() == [[0, 1]]
    np.testing.assert_allclose(np.exp(found.scores), [[0.6, 0.36]], rtol=1e-5)


# Bad input


@pytest.mark.parametrize("vocabulary", [3, 4])
def test_a_beam_wider_than_the_vocabulary_finds_what_there_is(vocabulary):
    model = TableDecoder(0, vocabulary=vocabulary)
    rules = Rules(END, 2, forbidden=(PADDING,))
    found = search(model, rules, beam_width=50, num_alternatives=10)
    for row, start in enumerate(STARTS):
        expected = reference.exhaustive(model.model(start), rules)
        assert len(expected) < 10
        assert_row(found, row, expected, 10)


def test_rules_that_nothing_meets_leave_no_hypothesis():
    rules = Rules(END, 5, min_length=4, forbidden=(PADDING, BEGIN), no_repeat_ngram=1)
    found = search(TableDecoder(0), rules, beam_width=2, num_alternatives=2)
    assert np.all(found.scores.numpy() == -np.inf)
    assert not found.ids.numpy().any()
    assert not found.lengths.numpy().any()


def test_impossible_symbols_and_beams_that_break_are_passed_over():
    """A logit may be minus infinity; a beam whose logits are not numbers is dead."""
    logits = np.log([[0.1, 0.5, 0.4], [1, 1, 1], [0.5, 0.25, 0.25]]).astype("float32")
    logits[1] = np.nan
    logits[2, 2] = -np.inf

    def step(ids, states):
        return tf.gather(logits, ids), states

    found = beam_search(
        step, [], begin_id=[0], end_id=0, beam_width=3, max_length=2, num_alternatives=4
    )
    # 1 breaks; after 2 either the end or 1, of 2/3 and 1/3.
    assert found.ids.numpy().tolist() == [[[2, 0], [0, 0], [0, 0], [0, 0]]]
    np.testing.assert_allclose(np.exp(found.scores), [[0.4 * 2 / 3, 0.1, 0, 0]], rtol=1e-5)


def test_half_precision_is_searched_in_float32():
    model = TableDecoder(0)
    model.logits = model.logits.astype("float16")
    rules = Rules(END, 5, length_penalty=1.0)
    found = search(model, rules, beam_width=3)
    assert found.scores.dtype == tf.float32
    for row, start in enumerate(STARTS):
        assert_row(found, row, reference.beam_search(model.model(start), rules, 3), 1)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"beam_width": 0}, "`beam_width` must be at least 1"),
        ({"num_alternatives": 0}, "`num_alternatives` must be at least 1"),
        ({"scorers": [LengthPenalty("mean")]}, "`length_penalty` must be a number or"),
        ({"scorers": [CoveragePenalty(0.5)]}, "`scorers` must hold no CoveragePenalty where"),
        ({"states": [], "begin_id": 1}, "`begin_id` must be given for each row"),
    ],
)
def test_wrong_arguments_are_named(changed, message):
    call = {"beam_width": 2, "max_length": 3, "end_id": END, "begin_id": BEGIN, **changed}
    states = call.pop("states", start_states([1]))
    with pytest.raises(ValueError, match=message):
        beam_search(TableDecoder(0).step, states, **call)


def test_an_ngram_has_a_symbol():
    with pytest.raises(ValueError, match="`size` must be at least 1"):
        NoRepeatNgram(0)


def test_a_function_is_a_constraint():
    """Only ids above the last one may follow."""

    def ascending(logits, prefixes):
        last = tf.reduce_max(prefixes.ids, axis=-1, keepdims=True)
        return tf.where(tf.range(VOCABULARY) > last, logits, -np.inf)

    model = TableDecoder(3)
    found = beam_search(
        model.step, start_states(STARTS), begin_id=BEGIN, end_id=END, beam_width=3, max_length=4,
        num_alternatives=3, constraints=[ascending],
    )  # fmt: skip
    for ids, length in zip(found.ids.numpy().reshape(-1, 4), np.ravel(found.lengths), strict=True):
        assert (np.diff(ids[:length]) > 0).all()
        assert length == 0 or ids[length - 1] < END, "the end is an id like the others"
    assert np.max(found.lengths) > 1


def test_a_scorer_of_ones_own_changes_the_order():
    class Bonus:
        def score(self, scores, num_symbols, coverage):
            return scores + 3.0 * tf.cast(num_symbols, tf.float64)

        def bound(self, scores, soonest, latest, coverage):
            return self.score(scores, latest, coverage)

    model = TableDecoder(3)
    call = {"begin_id": BEGIN, "end_id": END, "beam_width": 3, "max_length": 4}
    plain = beam_search(model.step, start_states(STARTS), **call)
    found = beam_search(model.step, start_states(STARTS), **call, scorers=[Bonus()])
    assert np.all(found.lengths == 4)
    assert np.any(plain.lengths < 4)
    np.testing.assert_allclose(found.scores, found.log_probabilities + 15.0, rtol=1e-5)


def test_what_no_constraint_and_no_scorer_reads_is_not_kept():
    seen = []

    class Blind(ForbiddenSymbols):
        def __call__(self, logits, prefixes):
            seen.append(prefixes.ids)
            return super().__call__(logits, prefixes)

    class Penalty(LengthPenalty):
        def score(self, scores, num_symbols, coverage):
            seen.append(coverage)
            return super().score(scores, num_symbols, coverage)

    model = TableDecoder(3, attentive=True)
    beam_search(
        model.step, start_states(STARTS), begin_id=BEGIN, end_id=END, beam_width=3, max_length=4,
        constraints=[Blind([PADDING])], scorers=[Penalty(1.0)],
    )  # fmt: skip
    assert seen
    assert all(isinstance(value, tuple) and value == () for value in seen)


def test_a_step_that_loses_a_state_is_named():
    with pytest.raises(ValueError, match="`step` must return as many states as it takes"):
        greedy_search(
            lambda ids, states: (tf.zeros((1, 3)), []), start_states([1]),
            begin_id=0, end_id=1, max_length=2,
        )  # fmt: skip


# Networks


@pytest.fixture(scope="module")
def network():
    """An LSTM that attends to a memory, with weights."""
    keras.utils.set_random_seed(0)
    cell, query = keras.layers.LSTMCell(6), keras.layers.Dense(3)
    logits = keras.layers.Dense(VOCABULARY)
    cell.build((None, VOCABULARY))
    query.build((None, 6))
    logits.build((None, 9))

    def start(memory, beam_width):
        memory = repeat_beams(memory, beam_width)

        def step(ids, states):
            output, states = cell(tf.one_hot(ids, VOCABULARY), states)
            scores = tf.einsum("rd,rtd->rt", query(output), memory)
            weights = tf.nn.softmax(scores)
            context = tf.einsum("rt,rtd->rd", weights, memory)
            return logits(tf.concat([output, context], axis=1)) * 5.0, states, weights

        return step

    start.layers = [cell, query, logits]
    return start


def zero_states(batch):
    return [tf.zeros((batch, 6)), tf.zeros((batch, 6))]


def test_a_network_with_a_memory_is_a_step(network):
    """Each row is found by enumeration, with its own memory."""
    memory = tf.constant(np.random.default_rng(0).normal(size=(3, 4, 3)), tf.float32)
    rules = Rules(END, 2, length_penalty=1.0, coverage_penalty=0.2)
    width = VOCABULARY**3
    found = beam_search(
        network(memory, width), zero_states(3), beam_width=width, num_alternatives=3,
        **arguments(rules),
    )  # fmt: skip
    for row in range(3):
        step = network(memory[row : row + 1], 1)

        def model(ids, step=step):
            states = zero_states(1)
            for symbol in (BEGIN, *ids):
                logits, states, weights = step(tf.constant([symbol]), states)
            return tf.nn.log_softmax(logits)[0].numpy(), weights[0].numpy()

        for place, one in enumerate(reference.exhaustive(model, rules)[:3]):
            length = int(found.lengths[row, place])
            assert tuple(found.ids[row, place, :length].numpy()) == one.ids
            np.testing.assert_allclose(found.scores[row, place], one.score, rtol=1e-4)
            weights = found.attention[row, place, :length]
            np.testing.assert_allclose(weights, np.reshape(one.attention[:-1], (-1, 4)), rtol=1e-4)


@pytest.mark.full
def test_a_saved_model_searches(network, tmp_path):
    module = tf.Module()
    module.layers = network.layers

    @tf.function(
        input_signature=[
            tf.TensorSpec((None, None, 3), tf.float32, name="memory"),
            tf.TensorSpec((None,), tf.int32, name="max_length"),
        ]
    )
    def serve(memory, max_length):
        found = beam_search(
            network(memory, 4), zero_states(tf.shape(memory)[0]), begin_id=BEGIN, end_id=END,
            beam_width=4, max_length=max_length, num_alternatives=2,
            constraints=[NoRepeatNgram(2)],
            scorers=[LengthPenalty("average"), CoveragePenalty(0.1)],
        )  # fmt: skip
        return found._asdict()

    module.serve = serve
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path)).signatures["serving_default"]
    memory = np.random.default_rng(1).normal(size=(3, 5, 3)).astype("float32")
    for rows in (3, 1, 0):
        call = (tf.constant(memory[:rows]), tf.range(rows) + 4)
        expected = serve(*call)
        found = loaded(memory=call[0], max_length=call[1])
        assert found["ids"].shape == (rows, 2, rows + 3 if rows else 0)
        for name, value in expected.items():
            np.testing.assert_array_equal(found[name], value)
