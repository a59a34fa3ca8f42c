"""The largest singular values of a Jacobian over many steps, from products with a few vectors."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from seqsuite.diagnostics.single_steps import LastSteps

_ITERATIONS, _EXTRA_VECTORS = 6, 4


def estimate(steps: LastSteps, lags: np.ndarray, count: int) -> np.ndarray:
    """Find the largest singular values by block power iteration.

    Args:
        steps: The run.
        lags: Over how many steps, int ``(lags,)``.
        count: How many values.

    Returns:
        float ``(states, rows, lags, count)``, NaN where a row has no so many steps.

    Reference:
        Halko, Martinsson and Tropp, "Finding structure with randomness", SIAM Review 53(2), 2011,
        https://arxiv.org/abs/0909.4061
    """
    rows = len(steps.counts)
    values = np.full((len(steps.sizes), rows, len(lags), count), np.nan)
    forward, backward = _products(steps)
    for row, place in np.ndindex(rows, len(lags)):
        if steps.counts[row] < lags[place]:
            continue
        block = steps.block(int(lags[place]), row)
        for index in range(len(steps.sizes)):
            values[index, row, place] = _largest(steps, block, index, count, forward, backward)
    return values


def _products(steps: LastSteps):
    """Return functions that multiply the Jacobian over a block of steps by vectors.

    Each takes inputs and states of the steps and vectors ``(vectors, size)`` of every state, and
    returns the products and the logarithm of the factor that was taken out of them on the way, so
    that neither end of float32 is reached.
    """

    def spread(tensors, vectors):
        repeats = tf.shape(vectors[0])[0]
        return [tf.repeat(tensor, repeats, axis=0) for tensor in tensors]

    def forward(vectors, inputs, states):
        states = spread(states, vectors)
        with tf.autodiff.ForwardAccumulator(states, vectors) as accumulator:
            new = steps.step(spread([inputs], vectors)[0], states)
        return [accumulator.jvp(state, unconnected_gradients="zero") for state in new]

    def backward(vectors, inputs, states):
        states = spread(states, vectors)
        with tf.GradientTape() as tape:
            tape.watch(states)
            new = steps.step(spread([inputs], vectors)[0], states)
        return tape.gradient(new, states, vectors, unconnected_gradients="zero")

    def through(multiply, fold):
        def scaled(before, current):
            vectors, logarithm = before
            new = multiply(vectors, *current)
            size = tf.reduce_max([tf.reduce_max(tf.abs(vector)) for vector in new])
            size = tf.where(size > 0, size, 1.0)
            return [vector / size for vector in new], logarithm + tf.math.log(size)

        @tf.function(autograph=False, reduce_retracing=True)
        def run(inputs, states, vectors):
            return fold(scaled, (inputs, states), (vectors, tf.constant(0.0)))

        return run

    return through(forward, tf.foldl), through(backward, tf.foldr)


def _largest(steps, block, index: int, count: int, forward, backward) -> np.ndarray:
    """Return the largest singular values of one state's Jacobian over all steps of a block.

    Args:
        steps: The run.
        block: Inputs and states of the steps, in their order.
        index: Which state.
        count: How many values.
        forward: Jacobian-vector product.
        backward: Vector-Jacobian product.
    """
    size = steps.sizes[index]
    width = min(size, count + _EXTRA_VECTORS)

    def through(multiply, columns):
        vectors = [tf.zeros((width, other)) for other in steps.sizes]
        vectors[index] = tf.constant(columns.T, tf.float32)
        products, logarithm = multiply(*block, vectors)
        return products[index].numpy().T.astype(np.float64), float(logarithm)

    columns = np.linalg.qr(np.random.default_rng(0).normal(size=(size, width)))[0]
    for _ in range(_ITERATIONS):
        image, _ = through(forward, columns)
        back, _ = through(backward, np.linalg.qr(image)[0])
        columns = np.linalg.qr(back)[0]
    image, logarithm = through(forward, columns)
    return np.linalg.svd(image, compute_uv=False)[:count] * np.exp(logarithm)
