"""Zoneout: units that keep their previous value instead of taking the new one."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

Tensor = Any


class ZoneoutCell(keras.layers.Layer):
    """Wrap a Keras cell so that in training each unit of its states is sometimes not updated.

    Random draws inside a loop would be made step by step and put an assignment into it, so the
    masks come in with the inputs: `zoneout_masks` draws them for the whole sequence at once and
    they are concatenated to the features. Outside training each unit takes the expected value.

    Args:
        cell: A SimpleRNN, LSTM or GRU cell.
        rates: One rate per state of the cell.
        **kwargs: Keras layer arguments.

    Reference:
        Krueger et al. (2017), https://arxiv.org/abs/1606.01305
    """

    def __init__(self, cell: keras.layers.Layer, rates: tuple[float, ...], **kwargs):
        super().__init__(**kwargs)
        self.cell = cell
        self.rates = rates
        self.units = cell.units
        self.state_size = [cell.units] * len(rates)
        self.output_size = cell.units

    def build(self, input_shape):
        """Build the wrapped cell."""
        self.cell.build(input_shape)
        self.built = True

    def call(self, inputs: Tensor, states: list[Tensor], training: bool = False):
        """Run one step; in training the last features of `inputs` are the masks."""
        width = self.units * len(self.rates)
        masks = None
        if training:
            inputs, masks = inputs[:, :-width], inputs[:, -width:]
        _, new_states = self.cell(inputs, states)
        mixed = []
        for index, (rate, old, new) in enumerate(zip(self.rates, states, new_states, strict=True)):
            if masks is not None:
                mask = masks[:, index * self.units : (index + 1) * self.units]
                mixed.append(ops.where(mask > 0, old, new))
            else:
                mixed.append(rate * old + (1 - rate) * new if rate else new)
        return mixed[0], mixed

    def draw_masks(self, sequence: Tensor, seed: keras.random.SeedGenerator) -> Tensor:
        """Draw the masks of a whole sequence and append them to its features.

        Args:
            sequence: ``(batch, time, features)``.
            seed: Where the draws come from.

        Returns:
            ``(batch, time, features + units * number of states)``.
        """
        batch, steps, _ = ops.shape(sequence)
        masks = [
            ops.cast(
                keras.random.uniform((batch, steps, self.units), seed=seed) < rate, sequence.dtype
            )
            for rate in self.rates
        ]
        return ops.concatenate([sequence, *masks], axis=-1)
