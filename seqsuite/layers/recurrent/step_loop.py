"""Unroll of a cell in a loop in the graph, for steps that depend on earlier outputs.

Written in TensorFlow, since ``keras.ops.scan`` requires outputs shaped like its states and passes
these through arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

Tensor = Any
Tensors = dict[str, Tensor]
# From the states and one step of the sequences to the outputs and the next states.
Body = Callable[[list[Tensor], Tensors], tuple[Tensors, list[Tensor]]]


def run_steps(
    body: Body,
    states: list[Tensor],
    sequences: Mapping[str, Tensor],
    output_sizes: Mapping[str, int | None],
) -> tuple[Tensors, list[Tensor]]:
    """Run a step function over all steps.

    Args:
        body: Called with the states and one step of every sequence, each ``(batch, ...)``. It
            returns the outputs that `output_sizes` names, each ``(batch, size)`` and of the states'
            dtype, and the next states.
        states: The states before the first step, each ``(batch, ...)``; at least one.
        sequences: Name -> ``(batch, time, ...)``, at least one, of at least one step.
        output_sizes: Name -> width, ``None`` where it is dynamic.

    Returns:
        The outputs, each ``(batch, time, size)``, and the states after the last step.

    Example:
        >>> def body(states, step):
        ...     total = states[0] + step["x"]
        ...     return {"total": total}, [total]
        >>> x = tf.constant([[[1.0], [2.0], [3.0]]])
        >>> outputs, _ = run_steps(body, [tf.zeros((1, 1))], {"x": x}, {"total": 1})
        >>> outputs["total"].numpy().ravel().tolist()
        [1.0, 3.0, 6.0]
    """
    first = next(iter(sequences.values()))
    num_steps, static_shape = tf.shape(first)[1], first.shape[:2]
    arrays = {name: _unstacked(sequence) for name, sequence in sequences.items()}
    results = {
        name: tf.TensorArray(states[0].dtype, num_steps, element_shape=(static_shape[0], size))
        for name, size in output_sizes.items()
    }

    def one_step(step, states, results):
        slices = {name: array.read(step) for name, array in arrays.items()}
        outputs, following = body(states, slices)
        results = {name: array.write(step, outputs[name]) for name, array in results.items()}
        return step + 1, same_shapes(following, states), results

    _, states, results = tf.while_loop(
        lambda step, *_: step < num_steps, one_step, (tf.constant(0), list(states), results)
    )
    outputs = {name: _swapped(array.stack()) for name, array in results.items()}
    for output in outputs.values():
        output.set_shape((*static_shape, *output.shape[2:]))
    return outputs, list(states)


def same_shapes(following: list[Tensor], states: list[Tensor]) -> list[Tensor]:
    """Return the next states with the static shapes of the previous ones, as a loop demands.

    Args:
        following: The next states.
        states: As many states before.

    Returns:
        The next states.

    Example:
        >>> same_shapes([tf.ones((1, 2))], [tf.zeros((1, 2))])[0].numpy().tolist()
        [[1.0, 1.0]]
    """
    pairs = zip(following, states, strict=True)
    return [tf.ensure_shape(new, old.shape) for new, old in pairs]


def _unstacked(sequence: Tensor) -> tf.TensorArray:
    by_step = _swapped(sequence)
    size, element_shape = tf.shape(by_step)[0], by_step.shape[1:]
    return tf.TensorArray(by_step.dtype, size, element_shape=element_shape).unstack(by_step)


def _swapped(sequence: Tensor) -> Tensor:
    """Swap batch and time."""
    return tf.transpose(sequence, (1, 0, *range(2, len(sequence.shape))))
