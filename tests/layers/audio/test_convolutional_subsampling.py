"""ConvolutionalSubsampling: against NumPy, exact lengths, and what each output sees."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers import ConvolutionalSubsampling

FEATURES = np.random.default_rng(0).normal(size=(3, 12, 2)).astype("float32")
SHAPES = [((3, 3), (2, 1)), ((3, 2), (2, 2)), ((5,), (3,)), ((1,), (1,)), ((3, 3, 2), (1, 2, 2))]


def by_hand(layer, row):
    """Pad one row once, then convolve it one output at a time."""
    values = np.pad(row.astype("float64"), [(layer.left_padding, layer.right_padding), (0, 0)])
    weights = [np.array(weight) for weight in layer.weights]
    for kernel, bias, stride in zip(weights[::2], weights[1::2], layer.strides, strict=True):
        starts = range(0, len(values) - len(kernel) + 1, stride)
        pieces = [values[start : start + len(kernel)] for start in starts]
        sums = [np.einsum("ti,tio->o", piece, kernel) + bias for piece in pieces]
        values = np.maximum(np.array(sums).reshape(-1, kernel.shape[2]), 0)
    return values


@pytest.mark.parametrize(("kernel_sizes", "strides"), SHAPES)
@pytest.mark.parametrize("look_ahead", [None, 0, 1])
def test_each_row_is_padded_once_and_convolved(kernel_sizes, strides, look_ahead):
    if look_ahead == 1 and kernel_sizes == (1,):
        pytest.skip("it sees one frame")
    layer = ConvolutionalSubsampling(4, kernel_sizes, strides, look_ahead=look_ahead)
    # Biases that are not 0: an output of padding alone must be zeros all the same.
    layer.build(FEATURES.shape)
    layer.set_weights([weight + 0.1 for weight in layer.get_weights()])
    lengths = np.array([12, 7, 1])
    spoiled = np.where(np.arange(12)[:, None] < lengths[:, None, None], FEATURES, np.nan)
    found = np.array(layer(spoiled.astype("float32"), lengths=lengths))
    counts = layer.output_lengths(lengths).numpy()
    np.testing.assert_array_equal(counts, np.ceil(lengths / np.prod(strides)))
    for row, length in enumerate(lengths):
        expected = by_hand(layer, FEATURES[row, :length])
        np.testing.assert_allclose(found[row, : counts[row]], expected, atol=1e-5)
        assert len(expected) == counts[row]
        assert not found[row, counts[row] :].any()


@pytest.mark.parametrize(("kernel_sizes", "strides"), SHAPES)
@pytest.mark.parametrize("num_steps", range(9))
def test_any_number_of_frames_goes_in(kernel_sizes, strides, num_steps):
    layer = ConvolutionalSubsampling(4, kernel_sizes, strides)
    count = -(-num_steps // int(np.prod(strides)))
    assert layer(FEATURES[:, :num_steps]).shape == (3, count, 4)
    valid = max(0, (num_steps - layer.receptive_field) // layer.total_stride + 1)
    assert layer.valid(FEATURES[:, :num_steps]).shape == (3, valid, 4)


def test_one_graph_takes_any_number_of_frames():
    layer = ConvolutionalSubsampling(4)
    traced = tf.function(layer, autograph=False)
    function = traced.get_concrete_function(tf.TensorSpec((None, None, 2)))
    for shape, count in (((2, 0, 2), 0), ((2, 1, 2), 1), ((1, 8, 2), 4)):
        assert function(tf.zeros(shape)).shape == (shape[0], count, 4)


@pytest.mark.parametrize("look_ahead", [0, 2, 6])
def test_an_output_sees_as_far_ahead_as_it_may(look_ahead):
    layer = ConvolutionalSubsampling(4, activation="linear", look_ahead=look_ahead)
    features = tf.Variable(FEATURES[:1])
    for output in range(6):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(layer(features)[:, output] ** 2)
        seen = np.flatnonzero(np.any(np.array(tape.gradient(total, features)), axis=(0, 2)))
        last = min(2 * output + look_ahead, 11)
        first = max(2 * output + look_ahead - layer.receptive_field + 1, 0)
        np.testing.assert_array_equal(seen, np.arange(first, last + 1))


def test_dropout_is_for_training_only():
    layer = ConvolutionalSubsampling(50, dropout=0.5, activation="linear")
    assert np.all(np.array(layer(FEATURES)) != 0)
    dropped = np.mean(np.array(layer(FEATURES, training=True)) == 0)
    assert 0.4 < dropped < 0.6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"strides": (2,)}, "a number for each convolution"),
        ({"kernel_sizes": (), "strides": ()}, "a number for each convolution"),
        ({"kernel_sizes": (2, 3), "strides": (3, 1)}, "larger than its kernel"),
        ({"look_ahead": 7}, "less than the receptive field, 7"),
        ({"look_ahead": -1}, "look_ahead=-1"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ConvolutionalSubsampling(4, **arguments)
