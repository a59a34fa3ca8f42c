import keras
import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers import SymbolEmbedding

IDS = np.tile(np.arange(8, dtype="int32"), (3, 4))


def make(dropout=0.0, **arguments):
    keras.utils.set_random_seed(0)
    layer = SymbolEmbedding(8, 5, dropout, **arguments)
    layer.build(None)
    layer.set_weights([np.random.default_rng(0).normal(size=w.shape) for w in layer.get_weights()])
    return layer


def test_it_looks_up_and_predicts_with_the_same_table():
    layer = make()
    (table,) = layer.get_weights()
    features = layer(IDS)
    np.testing.assert_array_equal(features, table[IDS])
    np.testing.assert_allclose(layer(features, reverse=True), table[IDS] @ table.T, atol=1e-5)


def test_a_dropped_symbol_is_gone_from_the_whole_batch():
    layer = make(0.5)
    (table,) = layer.get_weights()
    seen = set()
    for _ in range(10):
        features = layer(IDS, training=True).numpy()
        ratio = features / table[IDS]
        per_symbol = ratio.reshape(-1, 8, 5)
        # Of a symbol all places are alike, and so are all features.
        assert np.allclose(per_symbol, per_symbol[:1, :, :1], atol=1e-5)
        kept = per_symbol[0, :, 0]
        assert np.all(np.isclose(kept, 0) | np.isclose(kept, 2.0, atol=1e-5))
        seen.add(tuple(kept > 0))
    assert len(seen) > 1


def test_dropout_keeps_the_mean():
    layer = make(0.25)
    (table,) = layer.get_weights()
    features = np.mean([layer(IDS[:1], training=True) for _ in range(400)], axis=0)
    np.testing.assert_allclose(features, table[IDS[:1]], atol=0.25)


def test_nothing_is_dropped_outside_training_or_when_predicting():
    layer = make(0.5)
    (table,) = layer.get_weights()
    np.testing.assert_array_equal(layer(IDS), table[IDS])
    np.testing.assert_array_equal(layer(IDS, training=False), table[IDS])
    features = np.ones((2, 5), "float32")
    expected = features @ table.T
    for training in (False, True):
        np.testing.assert_allclose(
            layer(features, reverse=True, training=training), expected, atol=1e-5
        )


def test_both_uses_send_a_gradient_to_the_one_table():
    layer = make()
    assert len(layer.trainable_weights) == 1
    with tf.GradientTape() as tape:
        logits = layer(layer(IDS[:, :3]), reverse=True)
        loss = tf.reduce_sum(logits[..., 7])
    gradient = tf.convert_to_tensor(tape.gradient(loss, layer.trainable_weights[0])).numpy()
    assert np.abs(gradient[7]).max() > 0  # predicted, never read
    assert np.abs(gradient[:3]).max() > 0  # read


def test_shapes_are_known_before_a_call():
    layer = make()
    ids = keras.Input((None,), dtype="int32")
    features = layer(ids)
    assert features.shape == (None, None, 5)
    assert layer(features, reverse=True).shape == (None, None, 8)


def test_the_configuration_comes_back():
    layer = make(0.3, name="characters")
    again = SymbolEmbedding.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert (again.num_symbols, again.size, again.dropout) == (8, 5, 0.3)


@pytest.mark.parametrize("dropout", [-0.1, 1.0, float("nan")])
def test_a_rate_out_of_range_is_refused(dropout):
    with pytest.raises(ValueError, match=f"dropout={dropout}"):
        SymbolEmbedding(8, 5, dropout)
