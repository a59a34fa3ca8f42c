"""Watching recurrent layers inside any Keras model: their states, and a handle on every step.

While `recording` is active, each recurrent layer's own loop is replaced by one that keeps the state
of every step and adds to it zeros, `epsilons`, that a gradient tape can differentiate for. All else
in the layer (masks, initial states, direction, what it returns) stays Keras', and so does the cell,
which is called as it is: custom activations and wrapped cells are computed by their own code.

Time here is the loop's: a layer that goes backwards has its last step at the first of its inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import keras
import tensorflow as tf

Tensor = Any


@dataclass(frozen=True)
class LoopCall:
    """One run of a recurrent layer over a sequence, time-major, in the order of the loop.

    Args:
        layer: The Keras layer.
        name: What the layer is called in reports.
        inputs: ``(time, batch, features)``.
        initial: The states before the first step, as the cell nests them.
        mask: bool ``(time, batch)``, true where the step is real.
        outputs: ``(time, batch, units)``: the hidden states, carried on over steps of padding.
        states: The states after every step, nested as `initial`, with time in front.
        epsilons: Zeros that were added at every step: to the hidden states ``(time, batch, units)``
            first, then to every other state, as the memory of an LSTM.
    """

    layer: keras.layers.Layer
    name: str
    inputs: Tensor
    initial: Any
    mask: Tensor
    outputs: Tensor
    states: Any
    epsilons: tuple[Tensor, ...]

    def longest_rows(self, count: int) -> LoopCall:
        """Return the run of its `count` longest rows alone."""
        lengths = tf.reduce_sum(tf.cast(self.mask, "int32"), axis=0)
        rows = tf.argsort(lengths, direction="DESCENDING", stable=True)[:count]
        return replace(
            self,
            inputs=tf.gather(self.inputs, rows, axis=1),
            initial=tf.nest.map_structure(lambda state: tf.gather(state, rows), self.initial),
            mask=tf.gather(self.mask, rows, axis=1),
            outputs=tf.gather(self.outputs, rows, axis=1),
            states=tf.nest.map_structure(lambda state: tf.gather(state, rows, axis=1), self.states),
            epsilons=tuple(tf.gather(epsilon, rows, axis=1) for epsilon in self.epsilons),
        )


def recurrent_layers(model: keras.layers.Layer) -> dict[str, keras.layers.RNN]:
    """Find the recurrent layers of a model, however deep they are nested.

    Args:
        model: A built model, or a layer.

    Returns:
        Name -> layer, for SimpleRNN, LSTM, GRU and RNN with any cell. Names are those of the layers
        and of as many layers around them as it takes to tell them apart.

    Example:
        >>> inputs = keras.Input((None, 2))
        >>> hidden = keras.layers.Bidirectional(keras.layers.LSTM(3, name="lstm"))(inputs)
        >>> list(recurrent_layers(keras.Model(inputs, hidden)))
        ['forward_lstm', 'backward_lstm']
    """
    layers = list({id(layer): layer for layer in _walk(model)}.values())
    paths = [(layer.path or layer.name).split("/") for layer in layers]
    # A direction of this package's levels and the Keras layer in it have one name.
    paths = [[p for i, p in enumerate(path) if path[i - 1 : i] != [p]] for path in paths]
    names = _shortest_names(paths)
    return dict(zip(names, layers, strict=True))


def _walk(layer: keras.layers.Layer) -> Iterator[keras.layers.RNN]:
    if isinstance(layer, keras.layers.RNN):
        yield layer
        return
    for child in layer._flatten_layers(include_self=False, recursive=False):
        yield from _walk(child)


def _shortest_names(paths: list[list[str]]) -> list[str]:
    """Return the shortest ends of paths that differ from each other, numbered where none do."""
    for size in range(1, max(map(len, paths), default=1) + 1):
        names = ["/".join(path[-size:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    names = ["/".join(path) for path in paths]
    return [f"{name}_{names[:index].count(name)}" for index, name in enumerate(names)]


@contextmanager
def recording(
    model: keras.layers.Layer,
    end_only: Tensor = False,
    watch: Callable[[Tensor], None] | None = None,
) -> Iterator[list[LoopCall]]:
    """Keep what the recurrent layers of a model do while this is active.

    Args:
        model: A built model, or a recurrent layer.
        end_only: bool scalar: block the gradient into all outputs but each row's last, so that it
            reaches earlier steps through the layer's own recurrence alone.
        watch: Given every `LoopCall.epsilons` before they are used: a gradient tape's ``watch``.

    Yields:
        A list to which every run of a layer is added. Calls in a graph of their own, such as the
        body of a loop around the layer, are left out: nothing in them can be seen from outside.

    Example:
        >>> layer = keras.layers.GRU(3)
        >>> with recording(layer) as calls:
        ...     last = layer(tf.ones((2, 5, 1)))
        >>> tuple(calls[0].outputs.shape), bool(tf.reduce_all(calls[0].outputs[-1] == last))
        ((5, 2, 3), True)
    """
    calls: list[LoopCall] = []
    layers = recurrent_layers(model)
    graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
    for name, layer in layers.items():
        # Past Keras' attribute tracking, which refuses changes to a built layer.
        vars(layer)["inner_loop"] = _recorded_loop(layer, name, calls, graph, end_only, watch)
    try:
        yield calls
    finally:
        for layer in layers.values():
            vars(layer).pop("inner_loop", None)


def _recorded_loop(layer, name: str, calls: list[LoopCall], graph: Any, end_only: Tensor, watch):
    def inner_loop(sequences, initial_state, mask, training=False):
        if isinstance(mask, (list, tuple)):
            mask = mask[0]
        if not isinstance(initial_state, (list, tuple)):
            initial_state = [initial_state]
        inputs = tf.transpose(sequences, (1, 0, 2))
        real = tf.ones(tf.shape(inputs)[:2], "bool") if mask is None else tf.transpose(mask)
        real = tf.cast(real, "bool")
        if layer.go_backwards:
            inputs, real = inputs[::-1], real[::-1]
        call = _run_loop(layer, name, inputs, list(initial_state), real, watch)
        if graph is None or tf.compat.v1.get_default_graph() is graph:
            count = sum(other.layer is layer for other in calls)
            calls.append(replace(call, name=f"{name} (call {count + 1})") if count else call)
        outputs = _blocked(call.outputs, real, end_only)
        if mask is not None and layer.zero_output_for_mask:
            outputs = tf.where(real[:, :, None], outputs, tf.zeros((), outputs.dtype))
        final = tf.nest.map_structure(lambda state: state[-1], call.states)
        return outputs[-1], tf.transpose(outputs, (1, 0, 2)), final

    return inner_loop


def _run_loop(layer, name: str, inputs: Tensor, initial: list, real: Tensor, watch) -> LoopCall:
    cell = layer.cell
    keywords = {"training": False} if cell._call_has_training_arg else {}
    # A cell may have a `state_size` alone; its output then has the width of its first state.
    output_size = getattr(cell, "output_size", None) or tf.nest.flatten(cell.state_size)[0]
    widths = [output_size, *(state.shape[-1] for state in tf.nest.flatten(initial))]
    epsilons = tuple(_zeros(inputs, width, cell.compute_dtype) for width in widths)
    if watch is not None:
        watch(epsilons)

    def step(before, current):
        inputs, (to_output, *to_states), real = current
        output, new = cell(inputs, before[1], **keywords)
        moved = output + to_output
        # Of all states the cell's output is the one that has to move with it.
        flat = [
            moved if state is output else state + epsilon
            for state, epsilon in zip(tf.nest.flatten(list(new)), to_states, strict=True)
        ]
        after = moved, tf.nest.pack_sequence_as(before[1], flat)
        return tf.nest.map_structure(
            lambda fresh, old: tf.where(real[:, None], fresh, old), after, before
        )

    first = tf.zeros_like(epsilons[0][0]), initial
    outputs, states = tf.scan(step, (inputs, epsilons, real), first)
    return LoopCall(layer, name, inputs, initial, real, outputs, states, epsilons)


def _zeros(inputs: Tensor, width: int, dtype: str) -> Tensor:
    """Return zeros ``(time, batch, width)`` for inputs ``(time, batch, features)``."""
    shape = tf.concat([tf.shape(inputs)[:2], [width]], axis=0)
    return tf.ensure_shape(tf.zeros(shape, dtype), (*inputs.shape[:2], width))


def _blocked(outputs: Tensor, real: Tensor, end_only: Tensor) -> Tensor:
    """Let gradients into a row's last real output, and what repeats it, or into all."""
    steps = tf.range(tf.shape(real)[0])[:, None]
    last = tf.reduce_max(tf.where(real, steps, 0), axis=0)
    let_in = (steps >= last) | ~tf.convert_to_tensor(end_only)
    return tf.where(let_in[:, :, None], outputs, tf.stop_gradient(outputs))
