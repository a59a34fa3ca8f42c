import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers import LanguageModelObjective, RecurrentStack
from tests.layers.training_steps import build_for_training

GENERATOR = np.random.default_rng(0)
STATES = GENERATOR.normal(size=(2, 4, 6)).astype("float32")
IDS = np.array([[3, 5, 4, 0], [2, 0, 0, 0]], "int32")
LENGTHS = np.array([3, 1], "int32")


def loss_of(layer, states=STATES, ids=IDS, lengths=LENGTHS):
    outputs = layer(states, ids, lengths, training=True)
    np.testing.assert_array_equal(outputs, states)
    (loss,) = layer.losses
    return float(loss)


def test_the_loss_is_that_of_the_neighbors_of_each_real_token():
    layer = LanguageModelObjective(9, 5, weight=0.5, num_sampled=4000, seed=0)
    layer.build(STATES.shape, IDS.shape, LENGTHS.shape)
    for weight in (layer.embeddings, layer.biases):
        weight.assign(GENERATOR.normal(size=weight.shape))
    table, bias = np.array(layer.embeddings.value), np.array(layer.biases.value)

    def crossentropy(half, target):
        logits = table @ (half @ np.array(layer.projection.value)) + bias
        return np.log(np.exp(logits).sum()) - logits[target]

    forward, backward = STATES[0, :, :3], STATES[0, :, 3:]
    after = [crossentropy(forward[t], IDS[0, t + 1]) for t in (0, 1)]
    before = [crossentropy(backward[t], IDS[0, t - 1]) for t in (1, 2)]
    expected = 0.5 * np.mean(after + before)
    found = np.mean([loss_of(layer) for _ in range(5)])
    assert found == pytest.approx(expected, rel=0.03)  # the softmax is sampled


def test_padding_is_not_predicted():
    layer = LanguageModelObjective(9, 5, num_sampled=3, seed=0)

    def loss(**arguments):
        layer.seed_generator.state.assign([0, 0]) if layer.built else None
        return loss_of(layer, **arguments)

    loss()
    wide = {
        "states": np.pad(STATES, [[0, 0], [0, 3], [0, 0]], constant_values=7),
        "ids": np.pad(IDS, [[0, 0], [0, 3]], constant_values=8),
    }
    assert loss() == pytest.approx(loss(**wide), abs=1e-6)


def test_there_is_no_loss_outside_of_training_or_without_weight():
    for layer, training in (
        (LanguageModelObjective(9, 5), False),
        (LanguageModelObjective(9, 5, weight=0.0), True),
    ):
        layer(STATES, IDS, LENGTHS, training=training)
        assert layer.losses == []


@pytest.mark.full
def test_it_teaches_the_reader_below_without_any_label():
    keras.utils.set_random_seed(0)
    ids = keras.Input((None,), dtype="int32", name="ids")
    length = keras.Input((), dtype="int32", name="length")
    states = RecurrentStack(16, bidirectional=True)(
        keras.layers.Embedding(12, 8)(ids), lengths=length
    )
    states = LanguageModelObjective(12, 8, weight=1.0, num_sampled=8, seed=0)(states, ids, length)
    model = keras.Model([ids, length], keras.layers.Dense(1)(states))
    model.compile(keras.optimizers.Adam(0.02), loss=lambda y, p: 0.0 * tf.reduce_sum(p))
    build_for_training(model)
    starts = GENERATOR.integers(0, 10, (64, 1))
    text = (2 + (starts + np.arange(8)) % 10).astype("int32")
    history = model.fit(
        [text, np.full(64, 8, "int32")], np.zeros((64, 8, 1)), epochs=30, batch_size=16, verbose=0
    ).history["loss"]
    assert history[-1] < 0.2 * history[0]


def test_a_negative_weight_is_refused():
    with pytest.raises(ValueError, match="must not be negative"):
        LanguageModelObjective(9, 5, weight=-0.1)
