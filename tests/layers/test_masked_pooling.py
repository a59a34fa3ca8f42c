"""MaskedPooling against one row at a time in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers import MaskedPooling

X = np.random.default_rng(0).normal(size=(4, 5, 3)).astype("float32") - 3.0
LENGTHS = np.array([5, 3, 1, 0], "int32")
BY_ROW = {
    "mean": lambda row: row.mean(0),
    "max": lambda row: row.max(0),
    "last": lambda row: row[-1],
}


def by_row(mode, x=X, lengths=LENGTHS):
    rows = [BY_ROW[mode](row[:n]) if n else np.zeros(3) for row, n in zip(x, lengths, strict=True)]
    return np.stack(rows)


@pytest.mark.parametrize("mode", ["mean", "max", "last", "mean+max", "last+mean+max"])
def test_equals_numpy(mode):
    expected = np.concatenate([by_row(part) for part in mode.split("+")], axis=-1)
    layer = MaskedPooling(mode)
    np.testing.assert_allclose(layer(X, lengths=LENGTHS), expected, atol=1e-6)
    np.testing.assert_allclose(tf.function(layer)(X, lengths=LENGTHS), expected, atol=1e-6)
    whole = np.concatenate([by_row(part, lengths=[5] * 4) for part in mode.split("+")], axis=-1)
    np.testing.assert_allclose(layer(X), whole, atol=1e-6)
    np.testing.assert_allclose(layer(X, lengths=LENGTHS * 0 + 9), whole, atol=1e-6)


def test_attention_equals_numpy():
    layer = MaskedPooling("attention", attention_units=2)
    got = layer(X, lengths=LENGTHS).numpy()
    kernel, bias, score = layer.get_weights()
    for row, n, pooled in zip(X, LENGTHS, got, strict=True):
        scores = np.exp(np.tanh(row[:n] @ kernel + bias) @ score)
        expected = (scores / scores.sum() * row[:n]).sum(0) if n else np.zeros(3)
        np.testing.assert_allclose(pooled, expected, atol=1e-5)


@pytest.mark.parametrize("mode", ["mean", "max", "last", "attention"])
def test_no_steps_no_rows_and_junk_in_the_padding(mode):
    layer = MaskedPooling(mode)
    layer.build((None, None, 3))

    @tf.function(input_signature=[tf.TensorSpec([None, None, 3]), tf.TensorSpec([None], tf.int32)])
    def run(x, lengths):
        return layer(x, lengths=lengths)

    assert not run(np.zeros((2, 0, 3)), np.zeros(2, "int32")).numpy().any()
    assert not layer(np.zeros((2, 0, 3), "float32")).numpy().any()
    assert run(np.zeros((0, 4, 3)), np.zeros(0, "int32")).shape == (0, 3)
    junk = np.where(np.arange(5)[None, :, None] < LENGTHS[:, None, None], X, np.nan)
    np.testing.assert_array_equal(run(junk, LENGTHS), run(X, LENGTHS))


def test_half_precision_sums_do_not_overflow():
    # 40 steps of 4000 sum to 160000, past float16's 65504; their mean is representable.
    layer = MaskedPooling("mean", dtype="float16")
    assert layer(np.full((1, 40, 1), 4000.0)).numpy().item() == 4000.0


@pytest.mark.parametrize("mode", ["median", "", "mean+mean", "mean+", None])
def test_wrong_mode(mode):
    with pytest.raises(ValueError, match="`mode` must be one of"):
        MaskedPooling(mode)


def test_wrong_attention_units():
    with pytest.raises(ValueError, match="`attention_units` must be"):
        MaskedPooling("attention", attention_units=0)
