"""Frozen layers, NaN in padding, batches of no rows and shapes that must not be broadcast."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers import RecurrentStack, SegmentRecurrent

EVERYTHING = {"dropout": 0.3, "weight_drop": 0.3, "zoneout": 0.2}
STACKS = {
    "lstm": {},
    "gru": {"cell": "gru"},
    "gru_reset_before": {"cell": "gru", "reset_after": False},
    "simple_rnn": {"cell": "simple_rnn"},
    "everything": {
        "num_layers": 2,
        "bidirectional": True,
        "connection": "highway",
        "layer_norm": True,
        "initialization": {"learnable_state": True},
        "regularization": EVERYTHING,
    },
}


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def model_of(kind):
    """A functional model of one layer, and the layer."""
    if kind == "segments":
        layer = SegmentRecurrent(3, segment_length=2, prediction_length=4)
        shapes = {"history": (6, 2), "series": (3,), "future": (4, 2)}
        inputs = {name: keras.Input(shape, name=name) for name, shape in shapes.items()}
        return keras.Model(inputs, layer(**inputs)), layer
    layer = RecurrentStack(3, **STACKS[kind])
    inputs = keras.Input((None, 2))
    return keras.Model(inputs, layer(inputs)), layer


@pytest.mark.parametrize("kind", ["lstm", "everything", "segments"])
def test_a_frozen_layer_is_frozen_after_loading_and_can_be_unfrozen(kind, tmp_path):
    model, layer = model_of(kind)
    count = len(model.trainable_weights)
    layer.trainable = False
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert not loaded.trainable_weights
    loaded_layer = next(part for part in loaded.layers if isinstance(part, type(layer)))
    loaded_layer.trainable = True
    assert len(loaded.trainable_weights) == count > 0


def test_a_layer_of_the_stack_that_is_frozen_on_its_own_stays_so():
    stack = RecurrentStack(3, num_layers=2)
    stack._levels[0].trainable = False
    stack.build((None, None, 2))
    assert len(stack.trainable_weights) == 3


@pytest.mark.full(default=3)
@pytest.mark.parametrize("mode", ["eager", "graph"])
@pytest.mark.parametrize("kind", list(STACKS))
def test_gradients_do_not_see_nan_in_padding(kind, mode):
    lengths = np.array([4, 2, 0], "int32")
    keras.utils.set_random_seed(0)
    stack = RecurrentStack(3, **STACKS[kind])
    stack.build((None, None, 2))
    values = [variable.numpy() for variable in stack.variables]

    def gradients(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(stack(x, lengths=lengths, training=True) ** 2)
        return tape.gradient(loss, [x, *(v.value for v in stack.trainable_variables)])

    run = tf.function(gradients, autograph=False) if mode == "graph" else gradients
    real = tf.sequence_mask(lengths, 4)[:, :, None]
    results = []
    for padding in (0.0, np.nan):
        for variable, value in zip(stack.variables, values, strict=True):
            variable.assign(value)  # the seeds too
        results.append(run(tf.where(real, normal(3, 4, 2), padding)))
    for clean, got in zip(*results, strict=True):
        np.testing.assert_array_equal(got, clean)
        assert np.isfinite(got).all()


def test_segments_do_not_see_nan_in_padding():
    lengths = np.array([6, 3, 0], "int32")
    layer = SegmentRecurrent(3, segment_length=2, prediction_length=4)
    real = tf.sequence_mask(lengths, 6)
    for padding in (0.0, np.nan):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(tf.where(real, normal(3, 6), padding), lengths=lengths) ** 2)
        gradients = tape.gradient(loss, [v.value for v in layer.trainable_variables])
        assert np.isfinite(loss)
        assert all(np.isfinite(tf.convert_to_tensor(gradient)).all() for gradient in gradients)


@pytest.mark.full(default=3)
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("kind", list(STACKS))
def test_a_static_batch_of_no_rows(kind, training):
    stack = RecurrentStack(3, return_state=True, **STACKS[kind])
    stack.build((None, None, 2))

    def run(x):
        with tf.GradientTape() as tape:
            outputs, *final = stack(x, lengths=np.zeros(0, "int32"), training=training)
            loss = tf.add_n([tf.reduce_sum(value) for value in (outputs, *final)])
        return outputs, final, tape.gradient(loss, [v.value for v in stack.trainable_variables])

    for call in (run, tf.function(run, autograph=False)):
        outputs, final, gradients = call(tf.zeros((0, 4, 2)))
        assert outputs.shape == (0, 4, stack.output_size)
        assert [state.shape for state in final] == [(0, 3)] * stack.num_states
        assert not any(
            np.asarray(tf.convert_to_tensor(g)).any() for g in gradients if g is not None
        )


def test_a_model_predicts_no_rows():
    for kind, data in (
        ("lstm", np.zeros((0, 3, 2))),
        (
            "segments",
            {
                "history": np.zeros((0, 6, 2)),
                "series": np.zeros((0, 3)),
                "future": np.zeros((0, 4, 2)),
            },
        ),
    ):
        assert model_of(kind)[0].predict_on_batch(data).shape[0] == 0


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "float64"])
@pytest.mark.parametrize("decoding", ["parallel", "recurrent"])
def test_segments_below_another_global_policy(dtype, decoding):
    layer = SegmentRecurrent(3, 2, 4, decoding=decoding, dropout=0.2, dtype=dtype)
    history, series, future = normal(2, 6, 2), normal(2, 3), normal(2, 4, 2)
    for training in (False, True):
        outputs = layer(history, np.array([6, 1]), series, future, training=training)
        assert outputs.dtype == layer.compute_dtype
        assert np.isfinite(tf.cast(outputs, "float32")).all()


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "float64"])
def test_stacks_below_another_global_policy(dtype):
    stack = RecurrentStack(3, return_state=True, dtype=dtype, **STACKS["everything"])
    for training in (False, True):
        results = stack(normal(2, 5, 2), lengths=np.array([5, 1]), training=training)
        assert {tf.as_dtype(result.dtype).name for result in results} == {stack.compute_dtype}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lengths": np.array([3])}, "`lengths` must have the shape"),
        ({"lengths": np.array([[3], [2], [1], [2]])}, "`lengths` must have the shape"),
        ({"lengths": 3}, "`lengths` must have the shape"),
        ({"initial_state": [np.zeros((1, 3)), np.zeros((1, 3))]}, "`initial_state` must have"),
        ({"initial_state": [np.zeros((4, 3)), np.zeros((4, 1))]}, "`initial_state` must have"),
        ({"initial_state": [np.zeros(3), np.zeros(3)]}, "`initial_state` must have"),
    ],
)
def test_a_stack_does_not_broadcast(arguments, message):
    with pytest.raises(ValueError, match=message):
        RecurrentStack(3)(normal(4, 5, 2), **arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"lengths": np.array([3])},
        {"series": np.zeros((1, 3), "float32")},
        {"future": np.zeros((1, 4, 2), "float32")},
        {"future": np.zeros((4, 5, 2), "float32")},
    ],
)
def test_segments_are_not_broadcast(arguments):
    layer = SegmentRecurrent(3, segment_length=2, prediction_length=4)
    with pytest.raises(ValueError, match=f"`{next(iter(arguments))}` must have the shape"):
        layer(normal(4, 6, 2), **arguments)
