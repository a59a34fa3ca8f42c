import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers import RecurrentStack
from seqsuite.layers.text.sampled_softmax import sampled_softmax_crossentropy
from seqsuite.models import BidirectionalLanguageModel
from tests.layers.training_steps import build_for_training


def make(vocabulary=12, num_sampled=6):
    keras.utils.set_random_seed(0)
    ids = keras.Input((None,), dtype="int32", name="token_ids")
    length = keras.Input((), dtype="int32", name="length")
    table = keras.layers.Embedding(vocabulary, 8, name="embedding")
    states = RecurrentStack(16, bidirectional=True)(table(ids), lengths=length)
    encoder = keras.Model({"token_ids": ids, "length": length}, states)
    return BidirectionalLanguageModel(encoder, table, num_sampled, seed=0)


@pytest.mark.full
def test_a_predictable_language_is_learned():
    # Each token is followed by the next one, so both directions can be certain.
    starts = np.random.default_rng(0).integers(0, 10, (64, 1))
    ids = (2 + (starts + np.arange(8)) % 10).astype(np.int32)
    inputs = {"token_ids": ids, "length": np.full(64, 8, np.int32)}
    model = make()
    model.compile(keras.optimizers.Adam(0.02))
    build_for_training(model, inputs)
    history = model.fit(inputs, epochs=40, batch_size=16, verbose=0)
    assert history.history["loss"][-1] < 0.15 * history.history["loss"][0]


def test_padding_is_not_predicted():
    model = make(num_sampled=1)
    ids = np.array([[3, 4, 5, 0, 0]], np.int32)

    def loss(padded):
        model.seed_generator.state.assign([0, 0])
        return float(model({"token_ids": padded, "length": np.array([3], np.int32)}))

    assert loss(ids) == pytest.approx(loss(np.pad(ids, [[0, 0], [0, 7]])), abs=1e-6)
    assert loss(ids) == pytest.approx(loss(np.array([[3, 4, 5, 9, 9]], np.int32)), abs=1e-6)


def test_a_text_of_one_token_has_nothing_to_predict():
    inputs = {"token_ids": np.array([[3]], np.int32), "length": np.array([1], np.int32)}
    assert float(make()(inputs)) == 0.0


def test_sampling_estimates_the_full_softmax():
    generator = np.random.default_rng(0)
    hidden = tf.constant(generator.normal(size=(40, 8)), tf.float32)
    table = tf.constant(generator.normal(size=(30, 8)) * 0.3, tf.float32)
    ids = tf.constant(generator.integers(0, 30, 40), tf.int32)
    biases = tf.zeros(30)
    logits = hidden @ tf.transpose(table)
    full = tf.nn.sparse_softmax_cross_entropy_with_logits(ids, logits).numpy().mean()
    seed = keras.random.SeedGenerator(0)
    estimates = [
        sampled_softmax_crossentropy(hidden, ids, table, biases, 2000, seed).numpy().mean()
        for _ in range(5)
    ]
    assert np.mean(estimates) == pytest.approx(full, rel=0.02)
