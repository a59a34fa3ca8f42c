"""The loops with a backward pass by hand, differentiated twice."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers.recurrent.cpu_unroll import gru_loop, lstm_loop


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.full(default=1)
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_second_derivatives_equal_finite_differences(cell):
    loop = {"lstm": lstm_loop, "gru": gru_loop}[cell]
    units = 3
    width = units * (4 if cell == "lstm" else 3)
    shapes = [(3, 2, width), (units, width), (2, units), (2, units)]
    if cell == "gru":
        shapes[2] = (width,)
    point = [tf.constant(normal(*s, seed=i), "float64") for i, s in enumerate(shapes)]
    direction = [tf.constant(normal(*s, seed=7 + i), "float64") for i, s in enumerate(shapes)]

    @tf.function
    def penalty(arguments):
        with tf.GradientTape() as outer:
            outer.watch(arguments)
            with tf.GradientTape() as tape:
                tape.watch(arguments)
                value = tf.reduce_sum(tf.square(tf.nest.flatten(loop(*arguments))[0]))
            value = tf.add_n([tf.reduce_sum(g**3) for g in tape.gradient(value, arguments)])
        return value, outer.gradient(value, arguments)

    def along(step):
        return penalty([p + step * d for p, d in zip(point, direction, strict=True)])[0]

    numeric = (along(1e-5) - along(-1e-5)) / 2e-5
    gradients = penalty(point)[1]
    exact = sum(tf.reduce_sum(g * d) for g, d in zip(gradients, direction, strict=True))
    np.testing.assert_allclose(exact, numeric, rtol=1e-6)
