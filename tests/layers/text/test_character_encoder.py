"""CharacterEncoder against plain NumPy; padding and neighbours change nothing."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers import CharacterEncoder
from tests.reference import recurrent

# Two sentences; words of 4, 1 and 0 characters.
IDS = np.array(
    [[[1, 2, 3, 4], [5, 0, 0, 0], [0, 0, 0, 0]], [[4, 3, 2, 1], [2, 2, 0, 0], [6, 1, 5, 0]]],
    "int32",
)
KINDS = {"cnn": {"widths": (2, 3)}, "bilstm": {"kind": "bilstm"}}
each_kind = pytest.mark.parametrize("kind", list(KINDS))


def encoder(kind, **settings):
    layer = CharacterEncoder(7, units=4, embedding_size=3, **KINDS[kind], **settings)
    layer.build((None, None, 4))
    rng = np.random.default_rng(0)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.weights])
    return layer


def words_of(ids):
    """The characters of each word, unpadded."""
    return [word[word > 0] for word in ids.reshape(-1, ids.shape[-1])]


def convolved(x, kernel, bias):
    """The largest value over the positions of a convolution as long as its input."""
    width = len(kernel)
    before = (width - 1) // 2
    x = np.pad(x, [(before, width - 1 - before), (0, 0)])
    positions = range(len(x) - width + 1)
    return np.max([np.tensordot(x[i : i + width], kernel) + bias for i in positions], axis=0)


def test_convolutions_equal_their_definition():
    layer = encoder("cnn")
    table, *weights = layer.get_weights()
    expected = [
        np.tanh(np.concatenate([convolved(table[word], *weights[i : i + 2]) for i in (0, 2)]))
        if len(word)
        else np.zeros(4)
        for word in words_of(IDS)
    ]
    np.testing.assert_allclose(layer(IDS).numpy().reshape(6, 4), expected, atol=1e-5)


def test_states_equal_the_reference():
    layer = encoder("bilstm")
    table, *weights = layer.get_weights()
    for word, got in zip(words_of(IDS), layer(IDS).numpy().reshape(6, 4), strict=True):
        states = [np.zeros((1, 2))] * 2
        x, lengths = table[word][None], np.array([len(word)])
        expected = []
        for direction in range(2):
            own = weights[3 * direction : 3 * direction + 3]
            _, final, _ = recurrent.forward("lstm", x, lengths, states, own, direction == 1)
            expected.append(final[0][0])
        np.testing.assert_allclose(got, np.concatenate(expected), atol=1e-5)


@each_kind
def test_padding_after_characters_words_and_sentences_changes_nothing(kind):
    layer = encoder(kind)
    expected = layer(IDS).numpy()
    longer = layer(np.pad(IDS, [(0, 2), (0, 3), (0, 5)])).numpy()
    np.testing.assert_allclose(longer[:2, :3], expected, atol=1e-6)
    assert not longer[2:].any()
    assert not longer[:, 3:].any()


@each_kind
def test_a_word_alone_is_the_word_among_others(kind):
    layer = encoder(kind)
    together = layer(IDS).numpy().reshape(6, 4)
    for word, expected in zip(words_of(IDS), together, strict=True):
        alone = np.zeros((1, 1, 4), "int32")
        alone[0, 0, : len(word)] = word
        np.testing.assert_allclose(layer(alone)[0, 0], expected, atol=1e-6)


@each_kind
def test_what_the_padding_character_has_learned_is_not_read(kind):
    layer = encoder(kind)
    expected = layer(IDS).numpy()
    table, *rest = layer.get_weights()
    table[0] = 1e6
    layer.set_weights([table, *rest])
    np.testing.assert_array_equal(layer(IDS), expected)


@each_kind
@pytest.mark.parametrize("shape", [(0, 3, 4), (2, 0, 4), (0, 0, 4)])
def test_nothing_to_read_is_no_failure(kind, shape):
    layer = encoder(kind)
    run = tf.function(layer, input_signature=[tf.TensorSpec([None, None, 4], tf.int32)])
    for call in (layer, run):
        assert call(tf.zeros(shape, tf.int32)).shape == (*shape[:2], 4)


@each_kind
def test_dropout_is_of_training_only(kind):
    plain, dropping = encoder(kind), encoder(kind, dropout=0.5)
    np.testing.assert_array_equal(dropping(IDS), plain(IDS))
    trained = dropping(IDS, training=True).numpy()
    assert np.abs(trained - plain(IDS)).max() > 1e-3
    assert not trained[0, 2].any()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "gru"}, "kind='gru'"),
        ({"units": 5, "kind": "bilstm"}, "multiple of 2.*units=5"),
        ({"units": 4, "widths": (2, 3, 4)}, "multiple of 3.*units=4"),
        ({"units": 0}, "units=0"),
        ({"widths": ()}, "multiple of 0"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        CharacterEncoder(7, **settings)
