import keras
import numpy as np
import pytest

from seqsuite.layers import FrequencyWarp


def test_bands_are_read_from_where_they_moved():
    layer = FrequencyWarp(0.5)
    features = np.arange(5.0, dtype=np.float32)[None, None]  # band b holds b
    for factor, expected in (
        (1.0, [0, 1, 2, 3, 4]),
        (0.5, [0, 0.5, 1, 1.5, 2]),
        (1.5, [0, 1.5, 3, 4, 4]),
    ):
        weights = layer.interpolation(keras.ops.array([factor]), 5)
        np.testing.assert_allclose(keras.ops.matmul(features, weights)[0, 0], expected, atol=1e-6)


def test_rows_are_warped_apart_in_training_and_not_at_all_otherwise():
    features = np.tile(np.arange(8.0, dtype=np.float32), (6, 3, 1))
    layer = FrequencyWarp(0.3, seed=1)
    warped = np.asarray(layer(features, training=True))
    assert len(np.unique(warped[:, 0, 4])) == 6
    np.testing.assert_array_equal(warped[:, 0], warped[:, 2])
    assert (np.abs(warped[:, 0, 4] - 4) <= 1.2 + 1e-6).all()
    np.testing.assert_array_equal(layer(features, training=False), features)


def test_a_warp_is_less_than_one():
    with pytest.raises(ValueError, match="max_warp"):
        FrequencyWarp(1.0)
