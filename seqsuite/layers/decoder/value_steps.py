"""A `ValueDecoder` in turn: each step is fed what the ones before put out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from seqsuite import distributions
from seqsuite.layers.recurrent.stack_cell import StackCell
from seqsuite.layers.recurrent.step_loop import Tensors, run_steps

if TYPE_CHECKING:
    import tensorflow as tf
    from tensorflow import Tensor

    from seqsuite.layers.decoder.value_decoder import ValueDecoder

Tensor = Any


def head_point(head: keras.layers.Layer, predictions: tf.Tensor) -> Tensor:
    """Return one value of each prediction of a head.

    Args:
        head: With a method `point`, or of outputs whose first number is the value.
        predictions: What it returned, ``(..., outputs)``, or a dict of ``(...)``.

    Returns:
        ``(...)``.

    Example:
        >>> head_point(keras.layers.Dense(1), ops.array([[3.0]])).numpy().tolist()
        [3.0]
    """
    if hasattr(head, "point"):
        return head.point(predictions)
    return predictions[..., 0]


def mask_values(values: Tensor, observed: Tensor | None, dtype: str) -> tuple[Tensor, Tensor]:
    """Tell the values that exist from those that do not.

    Args:
        values: Of any shape; NaN and infinite ones do not exist.
        observed: bool or float, of the same shape: which others do; ``None``: all.
        dtype: Of what is returned.

    Returns:
        The values, 0 where they do not exist; and 1 where they do, else 0.

    Example:
        >>> values, mask = mask_values(ops.array([3.0, float("nan")]), None, "float32")
        >>> values.numpy().tolist(), mask.numpy().tolist()
        ([3.0, 0.0], [1.0, 0.0])
    """
    values = ops.cast(values, dtype)
    exists = ops.isfinite(values)
    if observed is not None:
        exists = ops.logical_and(exists, ops.cast(observed, "bool"))
    return ops.where(exists, values, ops.zeros((), dtype)), ops.cast(exists, dtype)


def run_values(
    decoder: ValueDecoder,
    values: Tensor,
    mask: Tensor,
    coins: Tensor,
    states: list[Tensor],
    covariates: Tensor | None = None,
    noise: Tensor | None = None,
    scale: Tensor | None = None,
    num_steps: int | tf.Tensor = None,
) -> Tensors:
    """Run a decoder in turn. Nothing is dropped in it.

    Args:
        decoder: A built one.
        values: ``(batch, time)``, of the decoder's compute dtype: what is fed where there is no
            coin.
        mask: ``(batch, time)``: 1 where these were observed, else 0.
        coins: Boolean ``(batch, time)``: where the decoder's own value is fed; not the first.
        states: Of the decoder's stack, before the first step.
        covariates: ``(batch, time, features)``.
        noise: Uniform numbers ``(batch or 1, time, num_paths, 2)`` to draw with; ``None`` takes the
            head's point.
        scale: ``(batch, 1)``, for counts.
        num_steps: Scalar, how many steps to run of those given; ``None``: all.

    Returns:
        ``fed``, the values that were fed, and ``next``, those that were predicted after them:
        ``(batch, num_steps, num_paths)``, of one path without noise.

    Example:
        >>> from seqsuite.layers import RecurrentStack, ValueDecoder
        >>> stack = RecurrentStack(4, cell="gru", return_state=True)
        >>> decoder = ValueDecoder(stack, keras.layers.Dense(1))
        >>> decoder.build((None, None))
        >>> zeros, coins = ops.zeros((2, 3)), ops.zeros((2, 3), "bool")
        >>> found = run_values(decoder, zeros, zeros, coins, [ops.zeros((2, 4))])
        >>> {name: tuple(value.shape) for name, value in found.items()}
        {'fed': (2, 3, 1), 'next': (2, 3, 1)}
    """
    batch = ops.shape(values)[0]
    num_paths = 1 if noise is None else noise.shape[2]
    sequences = {"value": values[..., None], "mask": mask[..., None], "coin": coins[..., None]}
    known = None if covariates is None else ops.cast(covariates, values.dtype)
    stack_cell = StackCell(decoder.recurrent, batch, ops.shape(values)[1], known_inputs=known)
    sequences.update(stack_cell.sequences)
    if noise is not None:
        shape = (batch, *ops.shape(noise)[1:])
        sequences["noise"] = ops.broadcast_to(noise, shape)
    if num_steps is not None:
        sequences = {name: sequence[:, :num_steps] for name, sequence in sequences.items()}
    # All paths of a row are rows of their own. What is theirs in common is repeated at each step.
    spread = _Spread(num_paths)
    states = [spread(ops.cast(state, values.dtype)) for state in states]
    own = spread(ops.zeros_like(values[:, :1]))
    if scale is not None:
        scale = spread(scale)[:, 0]

    def body(states, slices):
        noise = slices.get("noise")
        slices = {name: spread(x) for name, x in slices.items() if name != "noise"}
        value = ops.where(slices["coin"], states[0], slices["value"])
        observed = ops.where(slices["coin"], ops.ones_like(value), slices["mask"])
        inputs = ops.concatenate([value, observed], axis=-1)
        features, following = stack_cell(inputs, states[1:], slices)
        if noise is not None:
            noise = ops.reshape(noise, (-1, 2))
        found = _next_value(decoder, features, noise, scale)
        outputs = {"fed": spread.gather(value), "next": spread.gather(found)}
        return outputs, [found, *following]

    sizes: dict[str, int | None] = {"fed": num_paths, "next": num_paths}
    return run_steps(body, [own, *states], sequences, sizes)[0]


def _next_value(
    decoder: ValueDecoder, features: Tensor, noise: Tensor | None, scale: Tensor | None
) -> Tensor:
    """Return what follows, ``(rows, 1)``."""
    predictions = decoder.head(features)
    if noise is None:
        return ops.cast(head_point(decoder.head, predictions), features.dtype)[:, None]
    distribution = decoder.head.distribution
    counts = scale is not None and distribution == "negative_binomial"
    if counts:
        # Counts are whole numbers in their own units only.
        predictions = distributions.rescale(distribution, predictions, 0.0, scale)
    found = distributions.draw(distribution, predictions, noise)
    if counts:
        found = found / ops.cast(scale, found.dtype)
    return ops.cast(found, features.dtype)[:, None]


class _Spread:
    """Between a batch and all the paths of its rows, those of one row behind each other."""

    def __init__(self, num_paths: int):
        self._num_paths = num_paths

    def __call__(self, x: Tensor) -> Tensor:
        """Repeat each row for its paths."""
        return x if self._num_paths == 1 else ops.repeat(x, self._num_paths, axis=0)

    def gather(self, x: Tensor) -> Tensor:
        """Turn ``(batch * num_paths, 1)`` into ``(batch, num_paths)``."""
        return ops.reshape(x, (-1, self._num_paths))
