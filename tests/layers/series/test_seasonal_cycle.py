"""SeasonalCycle: which number is looked up, and which is learned."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers import SeasonalCycle

TABLE = np.arange(12.0).reshape(3, 4)


def make():
    cycle = SeasonalCycle(4, num_series=3)
    assert not np.any(cycle.table)
    cycle.set_weights([TABLE])
    return cycle


def test_it_looks_up_the_phase_of_the_series():
    phase = np.array([[0, 1, 5], [-1, 400, 7], [2, 2, 2]])
    found = make()(phase, np.array([2, 0, -1]))
    assert np.array(found).tolist() == [[8, 9, 9], [3, 0, 3], [0, 0, 0]]


def test_without_an_index_all_series_are_the_first():
    assert np.array(make()(np.array([[3, 4]], "int64"))).tolist() == [[3, 0]]


def test_only_what_was_looked_up_is_learned():
    cycle = make()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(cycle(np.array([[1, 5], [2, 3]]), np.array([1, -1])))
    (gradient,) = tape.gradient(loss, cycle.trainable_weights)
    expected = np.zeros((3, 4))
    expected[1, 1] = 2
    np.testing.assert_array_equal(tf.convert_to_tensor(gradient), expected)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="period=0"):
        SeasonalCycle(0)
    with pytest.raises(ValueError, match=r"num_series=1\.5"):
        SeasonalCycle(24, num_series=1.5)
