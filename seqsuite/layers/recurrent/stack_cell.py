"""A `RecurrentStack` as a cell, for decoders whose inputs depend on earlier outputs.

The layers of the stack run whole sequences; called for every step of a loop they would start a loop
of their own each time and draw their dropout masks anew. Here everything random is drawn before the
loop.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from seqsuite.layers.recurrent.stack import RecurrentStack
from seqsuite.layers.recurrent.stack_layer import StackLayer
from seqsuite.layers.recurrent.step_loop import Tensors

Tensor = Any


class StackCell:
    """The cell of a stack, on the weights and masks of one call.

    Args:
        stack: A built stack of one direction.
        batch: Number of rows.
        num_steps: Number of steps, for the masks.
        training: Whether to apply dropout, weight drop and zoneout.
        known_inputs: ``(batch, time, features)``: the first features of the inputs of all steps,
            where they do not depend on outputs. They are projected here, in one product; the cell
            is then called with the other features.

    Attributes:
        sequences: The `slices` of all steps, each ``(batch, time, ...)``.

    Call arguments:
        inputs: ``(batch, features)``, without the known ones.
        states: As the stack's.
        slices: One step of each of `sequences`.

    Returns:
        The output ``(batch, units)`` and the next states.

    Example:
        >>> stack = RecurrentStack(4, cell="gru", return_state=True)
        >>> stack.build((None, None, 3))
        >>> cell = StackCell(stack, 2, 1)
        >>> output, states = cell(ops.ones((2, 3)), [ops.zeros((2, 4))], {})
        >>> expected = stack(ops.ones((2, 1, 3)))[0][:, 0]
        >>> bool(ops.max(ops.abs(output - expected)) < 1e-6)
        True
    """

    def __init__(
        self,
        stack: RecurrentStack,
        batch: Any,
        num_steps: Any,
        training: bool = False,
        known_inputs: Tensor | None = None,
    ):
        self.sequences: Tensors = {}
        self._layers = stack._levels
        self._directions = [layer.directions[0] for layer in self._layers]
        self._cells = [direction.step_cell(training) for direction in self._directions]
        self._masks: Tensors = {}  # the same at all steps
        if training:
            for index, layer in enumerate(self._layers):
                width = self._cells[index].kernel.shape[0]
                ones = ops.ones((batch, num_steps, width), dtype=stack.compute_dtype)
                self._draw(index, layer, ones)
        if known_inputs is not None:
            self._project(known_inputs)

    def _draw(self, index: int, layer: StackLayer, ones: Tensor) -> None:
        """Draw the masks of one layer for inputs of the shape of `ones`."""
        if layer.dropout is not None:
            if layer.dropout.noise_shape is None:
                self.sequences[f"dropout_{index}"] = layer.dropout(ones, training=True)
            else:
                mask = layer.dropout(ones[:, :1], training=True)
                self._masks[f"dropout_{index}"] = mask[:, 0]
        direction = layer.directions[0]
        if direction.zoneout:
            masks = direction.layer.cell.draw_masks(ones[:, :, :0], direction.seed_generator)
            self.sequences[f"zoneout_{index}"] = masks

    def _project(self, known: Tensor) -> None:
        """Multiply the known features by their part of the first layer's kernel."""
        width = known.shape[2]
        if self._layers[0].connection != "none":
            self.sequences["known"] = known
        for masks, constant in ((self.sequences, False), (self._masks, True)):
            mask = masks.get("dropout_0")
            if mask is not None:
                own, masks["dropout_0"] = mask[..., :width], mask[..., width:]
                known = known * (own[:, None] if constant else own)
        cell = self._cells[0]
        self.sequences["projected"] = ops.matmul(known, cell.kernel[:width])
        cell.kernel = cell.kernel[width:]

    def __call__(
        self, inputs: Tensor, states: list[Tensor], slices: Tensors
    ) -> tuple[Tensor, list[Tensor]]:
        """Run one step through all layers."""
        following: list[Tensor] = []
        for index, layer in enumerate(self._layers):
            direction, cell = self._directions[index], self._cells[index]
            first = len(following)
            own = states[first : first + direction.num_states]
            mask = slices.get(f"dropout_{index}", self._masks.get(f"dropout_{index}"))
            projected = ops.matmul(inputs if mask is None else inputs * mask, cell.kernel)
            if index == 0 and "projected" in slices:
                projected = projected + slices["projected"]
                if "known" in slices:
                    inputs = ops.concatenate([slices["known"], inputs], axis=-1)
            new = cell(projected, own)
            if direction.zoneout:
                new = direction.layer.cell.mix(own, new, slices.get(f"zoneout_{index}"))
            following += new
            output = layer.norms[0](new[0]) if layer.norms else new[0]
            inputs = layer.connect(inputs, output)
        return inputs, following
