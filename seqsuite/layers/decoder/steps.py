"""The single steps of a `DecoderCell`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras import ops

from seqsuite.layers.recurrent.stack_cell import StackCell
from seqsuite.layers.recurrent.step_loop import Tensors

if TYPE_CHECKING:
    import tensorflow as tf
    from tensorflow import Tensor

    from seqsuite.layers.decoder.cell import DecoderCell

Tensor = Any


class DecoderSteps:
    """The single steps of a cell, and what is drawn and computed before them, for one call.

    Args:
        cell: A built cell.
        memory: From the cell's `prepare_memory`.
        batch: Number of rows.
        num_steps: Number of steps, for the masks.
        training: Whether to drop anything.
        embedded: ``(batch, time, size)``, where the tokens of all steps are known beforehand; they
            are then projected in one product.

    Attributes:
        sequences: What `step` needs of every step, each ``(batch, time, ...)``.

    Example:
        >>> from seqsuite.layers import DecoderCell, RecurrentStack, SymbolEmbedding
        >>> cell = DecoderCell(SymbolEmbedding(9, 4), RecurrentStack(3, return_state=True))
        >>> cell.build((None,))
        >>> states = cell.get_initial_state(ops.ones((2,)))
        >>> features, states, _ = DecoderSteps(cell, None, 2, 1).step(ops.ones((2, 4)), states, {})
        >>> tuple(features.shape), len(states)
        ((2, 3), 2)
    """

    def __init__(
        self,
        cell: DecoderCell,
        memory: Tensors | None,
        batch: int | tf.Tensor,
        num_steps: int | tf.Tensor,
        training: bool = False,
        embedded: Tensor | None = None,
    ):
        self._cell = cell
        self._memory = memory or {}
        self._recurrent = StackCell(cell.recurrent, batch, num_steps, training, embedded)
        self.sequences = self._recurrent.sequences

    def step(
        self, embedded: Tensor | None, states: list[Tensor], slices: Tensors
    ) -> tuple[Tensor, list[Tensor], Tensor | None]:
        """Run one step.

        Args:
            embedded: ``(batch, size)``, or ``None`` when it was known beforehand.
            states: The cell's states.
            slices: One step of each of `sequences`.

        Returns:
            The features ``(batch, output_units)``, the next states, and the attention weights.
        """
        cell, count = self._cell, self._cell.recurrent.num_states
        inputs = [] if embedded is None else [embedded]
        if cell.input_feeding:
            inputs.append(states[count])
        joined = inputs[0] if len(inputs) == 1 else ops.concatenate(inputs, axis=-1)
        output, following = self._recurrent(joined, states[:count], slices)
        context, weights = None, None
        if cell.attention is not None:
            previous = states[-1] if cell.attention.has_state else None
            context, weights = cell.attention.attend(output, self._memory, previous)
        features = cell.combine(output, context)
        if cell.input_feeding:
            following.append(features)
        if cell.attention is not None and cell.attention.has_state:
            following.append(weights)
        return features, following, weights
