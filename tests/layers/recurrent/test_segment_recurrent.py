"""SegmentRecurrent against plain NumPy, and its padding."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers import RecurrentStack, SegmentRecurrent
from seqsuite.layers.recurrent.segments import parallel_step
from tests.reference import segments

UNITS, SEGMENT, AHEAD, CHANNELS = 5, 3, 7, 2
LENGTHS = np.array([11, 6, 1, 0], "int32")
RNG = np.random.default_rng(0)
HISTORY = RNG.normal(size=(4, 11, CHANNELS)).astype("float32")
SERIES = RNG.normal(size=(4, 3)).astype("float32")
FUTURE = RNG.normal(size=(4, AHEAD, 2)).astype("float32")


def make(inputs, **arguments):
    """A built layer with weights large enough to matter."""
    keras.utils.set_random_seed(0)
    layer = SegmentRecurrent(UNITS, SEGMENT, AHEAD, **arguments)
    layer(**inputs)
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(size=w.shape) * 0.6 for w in layer.get_weights()])
    return layer


def expected(layer, inputs):
    """What the reference forecasts, row by row."""
    read = lambda part: [np.array(w, "float64") for w in part.get_weights()]  # noqa: E731
    cells = [level.directions[0].cell for level in layer.recurrent._levels]
    weights = {
        "segment": read(layer.segment_embedding),
        "levels": [read(cell) for cell in cells],
        "output": read(layer.output_layer),
    }
    if layer.decoding == "parallel":
        weights["positions"] = np.array(layer.positions)
    else:
        weights["feedback"] = read(layer.feedback)
    if "series" in inputs:
        (weights["series"],) = read(layer.series_embedding)
    if "future" in inputs:
        weights["future"] = read(layer.future_embedding)
        future = np.pad(inputs["future"], [(0, 0), (0, 2), (0, 0)])
    history = inputs["history"].reshape(4, 11, -1)
    rows = []
    for row in range(4):
        length = inputs["lengths"][row] if "lengths" in inputs else 11
        found = segments.forecast(
            layer.cell,
            history[row, :length],
            weights,
            SEGMENT,
            layer.num_segments,
            inputs["series"][row] if "series" in inputs else None,
            future[row] if "future" in inputs else None,
        )
        rows.append(found.reshape(layer.num_segments * SEGMENT, -1)[:AHEAD])
    return np.stack(rows)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("decoding", ["parallel", "recurrent"])
@pytest.mark.parametrize("given", [(), ("lengths", "series", "future")])
def test_it_is_the_reference(cell, decoding, given):
    known = {"lengths": LENGTHS, "series": SERIES, "future": FUTURE}
    inputs = {"history": HISTORY, **{name: known[name] for name in given}}
    layer = make(inputs, cell=cell, decoding=decoding, num_layers=2, num_outputs=2)
    np.testing.assert_allclose(layer(**inputs), expected(layer, inputs), atol=2e-5)


def test_one_channel_and_one_output_need_no_axis():
    inputs = {"history": HISTORY[:, :, 0]}
    layer = make(inputs)
    assert layer(**inputs).shape == (4, AHEAD)
    np.testing.assert_allclose(layer(**inputs), expected(layer, inputs)[:, :, 0], atol=2e-5)


def test_padding_and_what_stands_in_it_change_nothing():
    layer = make({"history": HISTORY, "lengths": LENGTHS})
    plain = layer(HISTORY, lengths=LENGTHS)
    for more in (1, 11):
        longer = np.pad(HISTORY, [(0, 0), (0, more), (0, 0)], constant_values=7.0)
        np.testing.assert_allclose(layer(longer, lengths=LENGTHS), plain, atol=1e-6)
    cut = layer(HISTORY[1:2, :6])
    np.testing.assert_allclose(cut, plain[1:2], atol=1e-6)


def test_a_graph_of_unknown_time_forecasts_the_same_even_from_nothing():
    layer = make({"history": HISTORY})
    graph = tf.function(layer, input_signature=[tf.TensorSpec([None, None, CHANNELS])])
    np.testing.assert_allclose(graph(HISTORY), layer(HISTORY), atol=1e-6)
    nothing = np.zeros((2, 0, CHANNELS), "float32")
    empty = layer(HISTORY[:2], lengths=np.zeros(2, "int32"))
    np.testing.assert_allclose(graph(nothing), empty, atol=1e-6)
    assert graph(nothing[:0]).shape == (0, AHEAD)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_the_parallel_step_is_that_of_the_stack(cell):
    keras.utils.set_random_seed(0)
    stack = RecurrentStack(4, cell, num_layers=2, return_state=True)
    stack.build((None, None, 3))
    stack.set_weights([RNG.normal(size=w.shape) for w in stack.get_weights()])
    states = [RNG.normal(size=(2, 4)).astype("float32") for _ in range(stack.num_states)]
    shared, by_row, by_step = (
        RNG.normal(size=size).astype("float32") for size in ((5, 3), (2, 3), (2, 5, 3))
    )
    inputs = (shared[None] + by_row[:, None] + by_step).reshape(10, 1, 3)
    repeated = [np.repeat(state, 5, axis=0) for state in states]
    outputs, *_ = stack(inputs, initial_state=repeated)
    found = parallel_step(stack, states, shared, by_row, by_step)
    np.testing.assert_allclose(found, np.reshape(outputs, (2, 5, 4)), atol=1e-5)


@pytest.mark.parametrize("decoding", ["parallel", "recurrent"])
def test_gradients_in_a_graph_are_those_outside(decoding):
    layer = make({"history": HISTORY, "lengths": LENGTHS}, decoding=decoding)

    def gradients(history, lengths):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(history, lengths=lengths, training=True) ** 2)
        return tape.gradient(loss, [w.value for w in layer.trainable_weights])

    eager = gradients(HISTORY, LENGTHS)
    graph = tf.function(gradients)(tf.constant(HISTORY), tf.constant(LENGTHS))
    for one, other in zip(eager, graph, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_wrong_arguments_are_refused():
    for arguments, message in (
        ({"cell": "simple_rnn"}, "cell='simple_rnn'"),
        ({"decoding": "beam"}, "decoding='beam'"),
        ({"segment_length": 0}, "segment_length=0"),
        ({"prediction_length": 1.5}, "prediction_length=1.5"),
        ({"num_outputs": 0}, "num_outputs=0"),
        ({"units": 0}, "units=0"),
    ):
        defaults = {"units": 2, "segment_length": 2, "prediction_length": 2}
        with pytest.raises(ValueError, match=message):
            SegmentRecurrent(**{**defaults, **arguments})
