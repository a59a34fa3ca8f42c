"""Recurrent cells: SimpleRNN, LSTM and GRU, their Keras layers, and zoneout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from seqsuite.layers.recurrent.initializers import ChronoBias, ForgetBias, GateIdentity
from seqsuite.layers.recurrent.settings import RecurrentInitialization

Tensor = Any

NUM_STATES = {"simple_rnn": 1, "lstm": 2, "gru": 1}


@dataclass
class Cell:
    """One step of a Keras cell with its standard activations, on tensors in place of its weights.

    Args:
        keras_cell: A SimpleRNN, LSTM or GRU cell.
        kernel: In the shape of the cell's.
        recurrent_kernel: In the shape of the cell's.
        bias: In the shape of the cell's.

    Call arguments:
        inputs: Inputs times kernel, ``(batch, gates * units)``.
        states: ``(batch, units)`` each.

    Returns:
        The next states, the output first.
    """

    keras_cell: keras.layers.Layer
    kernel: Tensor
    recurrent_kernel: Tensor
    bias: Tensor

    @property
    def units(self) -> int:
        """Width of the state."""
        return self.keras_cell.units

    def __call__(self, inputs: Tensor, states: list[Tensor]) -> list[Tensor]:
        """Run one step."""
        raise NotImplementedError


class SimpleRNNCell(Cell):
    """A SimpleRNN."""

    def __call__(self, inputs: Tensor, states: list[Tensor]) -> list[Tensor]:
        """Run one step."""
        recurrent = ops.matmul(states[0], self.recurrent_kernel)
        return [self.keras_cell.activation(inputs + recurrent + self.bias)]


class LSTMCell(Cell):
    """An LSTM; gates in the order i, f, c, o."""

    def __call__(self, inputs: Tensor, states: list[Tensor]) -> list[Tensor]:
        """Run one step."""
        recurrent = ops.matmul(states[0], self.recurrent_kernel)
        return self.update(inputs + recurrent + self.bias, states[1])

    def update(self, gates: Tensor, memory: Tensor) -> list[Tensor]:
        """Return the output and the memory cell after a step, from the gates' pre-activations."""
        i, f, g, o = ops.split(gates, 4, axis=-1)
        memory = ops.sigmoid(f) * memory + ops.sigmoid(i) * ops.tanh(g)
        return [ops.sigmoid(o) * ops.tanh(memory), memory]


class GRUCell(Cell):
    """A GRU; gates in the order z, r, h."""

    def __call__(self, inputs: Tensor, states: list[Tensor]) -> list[Tensor]:
        """Run one step."""
        (hidden,), edge, kernel = states, 2 * self.units, self.recurrent_kernel
        reset_after = self.keras_cell.reset_after
        if reset_after:
            inputs = inputs + self.bias[0]
            recurrent = ops.matmul(hidden, kernel) + self.bias[1]
        else:
            inputs = inputs + self.bias
            recurrent = ops.matmul(hidden, kernel[:, :edge])
        z, r = ops.split(ops.sigmoid(inputs[:, :edge] + recurrent[:, :edge]), 2, axis=-1)
        reset = r * recurrent[:, edge:] if reset_after else ops.matmul(r * hidden, kernel[:, edge:])
        return [z * hidden + (1 - z) * ops.tanh(inputs[:, edge:] + reset)]


def make_cell(keras_cell: keras.layers.Layer, *weights: Tensor) -> Cell:
    """Return the `Cell` of a Keras cell on a kernel, a recurrent kernel and a bias.

    Example:
        >>> cell = make_cell(keras.layers.SimpleRNNCell(2), ops.eye(2), ops.eye(2), ops.zeros(2))
        >>> cell(ops.zeros((1, 2)), [ops.zeros((1, 2))])[0].numpy().tolist()
        [[0.0, 0.0]]
    """
    kinds = {
        keras.layers.SimpleRNNCell: SimpleRNNCell,
        keras.layers.LSTMCell: LSTMCell,
        keras.layers.GRUCell: GRUCell,
    }
    return kinds[type(keras_cell)](keras_cell, *weights)


def keras_layer(
    cell: str,
    units: int,
    reset_after: bool,
    initialization: RecurrentInitialization,
    **kwargs,
) -> keras.layers.Layer:
    """Make the Keras layer of a cell.

    Args:
        cell: ``"simple_rnn"``, ``"lstm"`` or ``"gru"``.
        units: Width of the state.
        reset_after: Whether a GRU resets the state after the matrix product.
        initialization: Initial weights.
        **kwargs: Keras layer arguments.

    Returns:
        An unbuilt layer that returns ``(outputs, *states)``.
    """
    scale = initialization.scale
    recurrent_initializer = {
        "orthogonal": lambda: keras.initializers.Orthogonal(gain=scale),
        "glorot": keras.initializers.GlorotUniform,
        "identity": lambda: GateIdentity(scale),
    }[initialization.recurrent]()
    kwargs = {
        "return_sequences": True,
        "return_state": True,
        # The default repeats the last output at masked steps on CPU but not with cuDNN.
        "zero_output_for_mask": True,
        "recurrent_initializer": recurrent_initializer,
        **kwargs,
    }
    if cell == "simple_rnn":
        irnn = initialization.recurrent == "identity"
        return keras.layers.SimpleRNN(units, activation="relu" if irnn else "tanh", **kwargs)
    longest = initialization.longest_delay
    if cell == "gru":
        bias = ChronoBias(cell, longest) if longest else "zeros"
        return keras.layers.GRU(units, reset_after=reset_after, bias_initializer=bias, **kwargs)
    bias = ChronoBias(cell, longest) if longest else ForgetBias(initialization.forget_bias)
    return keras.layers.LSTM(units, unit_forget_bias=False, bias_initializer=bias, **kwargs)


class ZoneoutCell(keras.layers.Layer):
    """A Keras cell with zoneout: in training each unit of a state may keep its previous value.

    Random draws inside a loop would be made step by step and put an assignment into it, so the
    masks come in with the inputs: `draw_masks` draws them for the whole sequence at once and
    appends them to the features. Outside training each unit takes the expected value.

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
        masks = None
        if training:
            width = self.units * len(self.rates)
            inputs, masks = inputs[:, :-width], inputs[:, -width:]
        _, new_states = self.cell(inputs, states)
        new_states = self.mix(states, new_states, masks)
        return new_states[0], new_states

    def mix(
        self, states: list[Tensor], new_states: list[Tensor], masks: Tensor | None
    ) -> list[Tensor]:
        """Keep units of the previous states: by one step of the masks, or their expected values."""
        pairs = zip(states, new_states, strict=True)
        if masks is not None:
            split = ops.split(masks, len(self.rates), axis=-1)
            return [ops.where(m > 0, *pair) for m, pair in zip(split, pairs, strict=True)]
        return [
            rate * old + (1 - rate) * new if rate else new
            for rate, (old, new) in zip(self.rates, pairs, strict=True)
        ]

    def draw_masks(self, sequence: Tensor, seed: keras.random.SeedGenerator) -> Tensor:
        """Draw the masks of a whole sequence and append them to its features.

        Args:
            sequence: ``(batch, time, features)``.
            seed: Generator of the draws.

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
