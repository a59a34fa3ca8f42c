"""The single steps of a recorded run, as functions that can be differentiated one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from seqsuite.diagnostics.recording import LoopCall

Tensor = Any


class LastSteps:
    """Single steps of a recorded run, counted back from each row's last real one.

    Args:
        call: The run, recorded in eager mode.

    Attributes:
        counts: int ``(rows,)``: real steps of each row.
        names: What its states are called.
        sizes: How many numbers each state has.
    """

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
