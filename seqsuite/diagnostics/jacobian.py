"""Singular values of how a state depends on an earlier one: what memory and gradients ride on.

The Jacobian over `k` steps is the product of `k` Jacobians of single steps, each
``diag(slope) @ W`` in a SimpleRNN. The slopes differ from step to step and do not commute with
``W``, so its norm is no power of anything in general; what holds is the bound
``(max slope * largest singular value of W) ** k``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from seqsuite.diagnostics.plots import plot_state_jacobian
from seqsuite.diagnostics.power_iteration import estimate
from seqsuite.diagnostics.recording import LoopCall, recording
from seqsuite.diagnostics.single_steps import LastSteps

if TYPE_CHECKING:
    from tensorflow import Tensor


Tensor = Any

MAX_EXACT_WIDTH = 512
"""Numbers in all states of a row up to which the whole Jacobian is computed."""


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
        """Return the largest singular value over each lag: ``(lags,)``, rows' geometric mean."""
        largest = np.maximum(self.singular_values[state][:, :, 0], np.finfo(np.float64).tiny)
        return np.exp(np.mean(np.log(largest), axis=0, where=np.isfinite(largest)))

    def plot(self, path: str | Path, name: str = "") -> Path:
        """Draw the singular values over the lags, a layer's name in the title; return ``path``."""
        return plot_state_jacobian(self, path, name)


def state_jacobian(
    layer: keras.layers.RNN,
    x: Tensor,
    lag: int,
    mask: Tensor | None = None,
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
        Pascanu et al., "On the difficulty of training recurrent neural networks", ICML 2013,
        https://arxiv.org/abs/1211.5063
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
    steps = LastSteps(call)
    if lag < 1 or steps.counts.max(initial=0) < lag:
        raise ValueError(
            "Argument `lag` must be at least 1 and at most the steps of the longest row, "
            f"{steps.counts.max(initial=0)}. Received: lag={lag}"
        )
    if exact is None:
        exact = sum(steps.sizes) <= MAX_EXACT_WIDTH
    default = range(1, lag + 1) if exact else _spread(lag)
    chosen = np.array(sorted({k for k in (default if lags is None else lags) if 1 <= k <= lag}))
    values = (_exact if exact else estimate)(steps, chosen, min(num_values, min(steps.sizes)))
    found = {name: values[index] for index, name in enumerate(steps.names)}
    return StateJacobian(chosen, found, bool(exact))


def _spread(lag: int) -> list[int]:
    return np.unique(np.round(np.geomspace(1, lag, 10)).astype(int)).tolist()


def _exact(steps: LastSteps, lags: np.ndarray, count: int) -> np.ndarray:
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
            for index, (low, high) in enumerate(pairwise(edges)):
                found = np.linalg.svd(product[long, low:high, low:high], compute_uv=False)
                values[index, long, place] = found[:, :count]
    return values


def layer_inputs(model: keras.Model, x: Tensor) -> dict[str, LoopCall]:
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
