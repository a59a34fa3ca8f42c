"""Singular values of how a state depends on an earlier one: what memory and gradients ride on.

The Jacobian over `k` steps is the product of `k` Jacobians of single steps, each
``diag(slope) @ W`` in a SimpleRNN. The slopes differ from step to step and do not commute with
``W``, so its norm is no power of anything in general; what holds is the bound
``(max slope * largest singular value of W) ** k``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from seqsuite.diagnostics.recording import LoopCall, recording

Tensor = Any

MAX_EXACT_WIDTH = 512
"""Numbers in all states of a row up to which the whole Jacobian is computed."""
_ITERATIONS, _EXTRA_VECTORS = 6, 4


@dataclass(frozen=True)
class StateJacobian:
    """Singular values of the Jacobians of one layer.

    Args:
        lags: int ``(lags,)``: over how many steps.
        singular_values: State (``"hidden"``, and ``"memory"`` of an LSTM) -> float
            ``(rows, lags, values)``, largest first; NaN where a row has no so many steps. That of
            ``memory`` is the derivative with the hidden state of the earlier step held fixed, and
            the other way around.
        exact: Whether they come from the whole matrix; else from products with a few vectors.
    """

    lags: np.ndarray
    singular_values: dict[str, np.ndarray]
    exact: bool

    def norm(self, state: str = "hidden") -> np.ndarray:
        """Return the largest singular value over each lag, geometric mean over rows, ``(lags,)``."""
        largest = np.maximum(self.singular_values[state][:, :, 0], np.finfo(np.float64).tiny)
        return np.exp(np.mean(np.log(largest), axis=0, where=np.isfinite(largest)))

    def plot(self, path: str | Path, name: str = "") -> Path:
        """Draw the singular values over the lags, a layer's name in the title; return ``path``."""
        from seqsuite.diagnostics.plots import plot_state_jacobian

        return plot_state_jacobian(self, path, name)


def state_jacobian(
    layer: keras.layers.RNN,
    x: Any,
    lag: int,
    mask: Any = None,
    num_values: int = 8,
    lags: Iterable[int] | None = None,
    exact: bool | None = None,
) -> StateJacobian:
    """Measure the Jacobians between each row's last state and those before it.

    Args:
        layer: A built recurrent layer of Keras. Those inside a model are found by
            `recurrent_layers`, with their inputs by `layer_inputs`.
        x: Inputs of the layer, ``(rows, time, features)``.
        lag: The largest number of steps.
        mask: bool ``(rows, time)``, true at real steps.
        num_values: How many singular values to return.
        lags: The lags to measure; all up to `lag`, or about ten where they are estimated.
        exact: Whether to compute whole matrices; by default when the states of a row have at most
            `MAX_EXACT_WIDTH` numbers. Else block power iteration on Jacobian-vector and
            vector-Jacobian products finds the largest singular values.

    Returns:
        Singular values over each lag.

    Raises:
        ValueError: `lag` is not positive, or no row has so many steps.

    Example:
        >>> layer = keras.layers.SimpleRNN(
        ...     2, activation="linear", recurrent_initializer=keras.initializers.Identity(0.5)
        ... )
        >>> found = state_jacobian(layer, tf.zeros((1, 4, 3)), lag=3)
        >>> found.norm().round(6).tolist()
        [0.5, 0.25, 0.125]

    Reference:
        Halko, Martinsson and Tropp, "Finding structure with randomness", SIAM Review 53(2), 2011,
        https://arxiv.org/abs/0909.4061
    """
    x = tf.convert_to_tensor(x)
    with recording(layer) as calls:
        layer(x, mask=None if mask is None else tf.convert_to_tensor(mask))
    return jacobian_of_call(calls[0], lag, num_values, lags, exact)


def jacobian_of_call(
    call: LoopCall,
    lag: int,
    num_values: int = 8,
    lags: Iterable[int] | None = None,
    exact: bool | None = None,
) -> StateJacobian:
    """Do what `state_jacobian` does for a run that was recorded."""
    steps = _LastSteps(call)
    if lag < 1 or steps.counts.max(initial=0) < lag:
        raise ValueError(
            "Argument `lag` must be at least 1 and at most the steps of the longest row, "
            f"{steps.counts.max(initial=0)}. Received: lag={lag}"
        )
    if exact is None:
        exact = sum(steps.sizes) <= MAX_EXACT_WIDTH
    default = range(1, lag + 1) if exact else _spread(lag)
    chosen = np.array(sorted({k for k in (default if lags is None else lags) if 1 <= k <= lag}))
    values = (_exact if exact else _estimate)(steps, chosen, min(num_values, min(steps.sizes)))
    found = {name: values[index] for index, name in enumerate(steps.names)}
    return StateJacobian(chosen, found, bool(exact))


def _spread(lag: int) -> list[int]:
    return np.unique(np.round(np.geomspace(1, lag, 10)).astype(int)).tolist()


class _LastSteps:
    """Single steps of a recorded run, counted back from each row's last real one."""

    def __init__(self, call: LoopCall):
        self.cell = call.layer.cell
        self._keywords = {"training": False} if self.cell._call_has_training_arg else {}
        self._nested = call.initial
        initial = tf.nest.flatten(call.initial)
        states = [
            tf.concat([first[None], after], axis=0)
            for first, after in zip(initial, tf.nest.flatten(call.states), strict=True)
        ]
        self.sizes = [int(state.shape[-1]) for state in states]
        names = ["hidden", "memory"]  # a stack of cells has more states
        names += [f"state_{index}" for index in range(2, len(states))]
        self.names = names[: len(states)]
        real = call.mask.numpy()
        self.counts = real.sum(axis=0)
        # Steps of padding change nothing and are left out.
        self._positions = [np.flatnonzero(row)[::-1] for row in real.T]
        self._inputs, self._states = call.inputs, states

    def at(self, back: int, rows: np.ndarray) -> tuple[Tensor, list[Tensor]]:
        """Return the inputs and the states before the step `back` steps before the last one."""
        index = np.array([[self._positions[row][back], row] for row in rows])
        inputs = tf.gather_nd(self._inputs, index)
        return inputs, [tf.gather_nd(state, index) for state in self._states]

    def block(self, count: int, row: int) -> tuple[Tensor, list[Tensor]]:
        """Return inputs ``(count, 1, features)`` and states before the last steps of a row."""
        index = [[self._positions[row][back], row] for back in range(count)][::-1]
        inputs, *states = (tf.gather_nd(x, index)[:, None] for x in (self._inputs, *self._states))
        return inputs, states

    def step(self, inputs: Tensor, states: list[Tensor]) -> list[Tensor]:
        """Run the cell once."""
        _, new = self.cell(inputs, tf.nest.pack_sequence_as(self._nested, states), **self._keywords)
        return tf.nest.flatten(list(new))


def _exact(steps: _LastSteps, lags: np.ndarray, count: int) -> np.ndarray:
    """Multiply the Jacobians of single steps; returns ``(states, rows, lags, values)``."""
    rows = len(steps.counts)
    values = np.full((len(steps.sizes), rows, len(lags), count), np.nan)
    width, edges = sum(steps.sizes), np.cumsum([0, *steps.sizes])
    product = np.broadcast_to(np.eye(width), (rows, width, width)).copy()

    @tf.function(autograph=False, reduce_retracing=True)
    def one_step(inputs, joined):
        with tf.GradientTape() as tape:
            tape.watch(joined)
            new = tf.concat(steps.step(inputs, tf.split(joined, steps.sizes, axis=1)), axis=1)
        return tape.batch_jacobian(new, joined)

    for back in range(lags[-1]):
        long = np.flatnonzero(steps.counts > back)
        inputs, states = steps.at(back, long)
        factor = one_step(inputs, tf.concat(states, axis=1)).numpy().astype(np.float64)
        product[long] = product[long] @ factor
        for place in np.flatnonzero(lags == back + 1):
            for index, (low, high) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
                found = np.linalg.svd(product[long, low:high, low:high], compute_uv=False)
                values[index, long, place] = found[:, :count]
    return values


def _estimate(steps: _LastSteps, lags: np.ndarray, count: int) -> np.ndarray:
    """Find the largest singular values by block power iteration; shaped as by `_exact`."""
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


def _products(steps: _LastSteps):
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


def layer_inputs(model: keras.Model, x: Any) -> dict[str, LoopCall]:
    """Run a model and return what each recurrent layer read and did, by name.

    Args:
        model: A built Keras model.
        x: Inputs of the model.

    Example:
        >>> model = keras.Sequential([keras.Input((5, 2)), keras.layers.GRU(3)])
        >>> call = layer_inputs(model, tf.zeros((4, 5, 2)))["gru"]
        >>> jacobian_of_call(call, lag=2).singular_values["hidden"].shape
        (4, 2, 3)
    """
    with recording(model) as calls:
        model(tf.nest.map_structure(tf.convert_to_tensor, x), training=False)
    return {call.name: call for call in calls}
