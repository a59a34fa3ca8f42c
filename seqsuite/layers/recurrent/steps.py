"""A `RecurrentStack` one step at a time, for decoders whose inputs depend on what they put out.

The layers of the stack run whole sequences; called for every step of a loop they would start a loop
of their own each time and draw their dropout masks anew. Here everything random is drawn before the
loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from seqsuite.layers.recurrent.stack import RecurrentStack
from seqsuite.layers.recurrent.step_loop import Tensors

if TYPE_CHECKING:
    import tensorflow as tf
    from tensorflow import Tensor


Tensor = Any


class RecurrentSteps:
    """The weights, masks and single steps of a stack, for one call.

    Args:
        stack: A built stack of one direction.
        batch: Number of rows.
        num_steps: Number of steps, for the masks.
        training: Whether to drop anything.
        known_inputs: ``(batch, time, features)``: the first features of the inputs of all steps,
            where they are known beforehand. They are projected here, in one product, and `step`
            then takes the other features only.

    Attributes:
        sequences: What `step` needs of every step, each ``(batch, time, ...)``.

    Example:
        >>> stack = RecurrentStack(4, cell="gru", return_state=True)
        >>> stack.build((None, None, 3))
        >>> steps = RecurrentSteps(stack, 2, 1)
        >>> output, states = steps.step(ops.ones((2, 3)), [ops.zeros((2, 4))], {})
        >>> expected = stack(ops.ones((2, 1, 3)))[0][:, 0]
        >>> bool(ops.max(ops.abs(output - expected)) < 1e-6)
        True
    """

    def __init__(
        self,
        stack: RecurrentStack,
        batch: int | tf.Tensor,
        num_steps: int | tf.Tensor,
        training: bool = False,
        known_inputs: Tensor | None = None,
    ):
        self.sequences: Tensors = {}
        self._training = bool(training)
        self._levels = stack._levels
        self._num_states = stack.num_states // stack.num_layers
        self._masks: Tensors = {}  # the same at all steps
        self._weights = [self._cast_weights(level, stack) for level in self._levels]
        if self._training:
            for index, level in enumerate(self._levels):
                width = self._weights[index][0].shape[0]
                self._draw(index, level, (batch, num_steps, width), stack.compute_dtype)
        if known_inputs is not None:
            self._project(known_inputs)

    def _cast_weights(self, level: Any, stack: RecurrentStack) -> list[Tensor]:
        direction = level.directions[0]
        cell = direction.cell
        kernel, recurrent_kernel, bias = (
            ops.cast(weight, stack.compute_dtype)
            for weight in (cell.kernel, cell.recurrent_kernel, cell.bias)
        )
        if self._training and direction.weight_drop:
            recurrent_kernel = keras.random.dropout(
                recurrent_kernel, direction.weight_drop, seed=direction.seed_generator
            )
        return [kernel, recurrent_kernel, bias]

    def _draw(self, index: int, level: Any, shape: tuple, dtype: str) -> None:
        """Draw the masks of one level."""
        direction = level.directions[0]
        if level.dropout is not None:
            batch, num_steps, width = shape
            variational = level.dropout.noise_shape is not None
            ones = ops.ones((batch, 1 if variational else num_steps, width), dtype=dtype)
            mask = level.dropout(ones, training=True)
            if variational:
                self._masks[f"dropout_{index}"] = mask[:, 0]
            else:
                self.sequences[f"dropout_{index}"] = mask
        if direction.zoneout:
            nothing = ops.zeros((*shape[:2], 0), dtype=dtype)
            masks = direction.layer.cell.draw_masks(nothing, direction.seed_generator)
            self.sequences[f"zoneout_{index}"] = masks

    def _project(self, known: Tensor) -> None:
        """Take the share of the known features out of the first level's product."""
        width = known.shape[2]
        if self._levels[0].connection != "none":
            self.sequences["known"] = known
        for place, time in ((self.sequences, True), (self._masks, False)):
            mask = place.get("dropout_0")
            if mask is not None:
                own, place["dropout_0"] = mask[..., :width], mask[..., width:]
                known = known * (own if time else own[:, None])
        kernel = self._weights[0][0]
        self._weights[0][0] = kernel[width:]
        self.sequences["projected"] = ops.matmul(known, kernel[:width])

    def step(
        self, inputs: Tensor, states: list[Tensor], slices: Tensors
    ) -> tuple[Tensor, list[Tensor]]:
        """Run one step through all levels.

        Args:
            inputs: ``(batch, features)``, without those that were known.
            states: As the stack's.
            slices: One step of each of `sequences`.

        Returns:
            The output ``(batch, units)`` and the next states.
        """
        following: list[Tensor] = []
        for index, level in enumerate(self._levels):
            own = states[index * self._num_states : (index + 1) * self._num_states]
            mask = slices.get(f"dropout_{index}", self._masks.get(f"dropout_{index}"))
            dropped = inputs if mask is None else inputs * mask
            projected = ops.matmul(dropped, self._weights[index][0])
            if index == 0 and "projected" in slices:
                projected = projected + slices["projected"]
                if "known" in slices:
                    inputs = ops.concatenate([slices["known"], inputs], axis=-1)
            direction, (_, recurrent_kernel, bias) = level.directions[0], self._weights[index]
            new = next_states(direction.cell, projected, own, recurrent_kernel, bias)
            if direction.zoneout:
                masks = slices.get(f"zoneout_{index}")
                new = _zoneout(direction.layer.cell.rates, own, new, masks)
            following += new
            output = level.norms[0](new[0]) if level.norms else new[0]
            inputs = level._connect(inputs, output)
        return inputs, following


def next_states(
    cell: keras.layers.Layer,
    projected: Tensor,
    states: list[Tensor],
    recurrent_kernel: Tensor,
    bias: Tensor,
) -> list[Tensor]:
    """Advance a Keras cell with its standard activations by one step, from projected inputs.

    Args:
        cell: A SimpleRNN, LSTM or GRU cell; of its weights none is read.
        projected: Inputs times kernel, ``(batch, gates * units)``.
        states: As the cell's.
        recurrent_kernel: In the shape of the cell's.
        bias: In the shape of the cell's.

    Returns:
        The next states.

    Example:
        >>> cell, zeros = keras.layers.SimpleRNNCell(2), ops.zeros((1, 2))
        >>> next_states(cell, zeros, [zeros], ops.eye(2), ops.zeros(2))[0].numpy().tolist()
        [[0.0, 0.0]]
    """
    hidden = states[0]
    if isinstance(cell, keras.layers.LSTMCell):
        gates = projected + ops.matmul(hidden, recurrent_kernel) + bias
        i, f, g, o = ops.split(gates, 4, axis=-1)
        memory = ops.sigmoid(f) * states[1] + ops.sigmoid(i) * ops.tanh(g)
        return [ops.sigmoid(o) * ops.tanh(memory), memory]
    if not isinstance(cell, keras.layers.GRUCell):
        return [cell.activation(projected + ops.matmul(hidden, recurrent_kernel) + bias)]
    edge = 2 * cell.units
    if cell.reset_after:
        projected = projected + bias[0]
        recurrent = ops.matmul(hidden, recurrent_kernel) + bias[1]
    else:
        projected = projected + bias
        recurrent = ops.matmul(hidden, recurrent_kernel[:, :edge])
    z, r = ops.split(ops.sigmoid(projected[:, :edge] + recurrent[:, :edge]), 2, axis=-1)
    if cell.reset_after:
        candidate = r * recurrent[:, edge:]
    else:
        candidate = ops.matmul(r * hidden, recurrent_kernel[:, edge:])
    return [z * hidden + (1 - z) * ops.tanh(projected[:, edge:] + candidate)]


def _zoneout(rates: Any, states: list, new: list, masks: Tensor | None) -> list[Tensor]:
    """Keep some units at their previous value; without masks, mix by expectation."""
    if masks is None:
        return [r * old + (1 - r) * n for r, old, n in zip(rates, states, new, strict=True)]
    split = ops.split(masks, len(rates), axis=-1)
    return [ops.where(m > 0, old, n) for m, old, n in zip(split, states, new, strict=True)]
