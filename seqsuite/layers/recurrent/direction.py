"""One stock Keras recurrent layer in one direction, set up for explicit masks and states."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import Any

import keras
from keras import ops

from seqsuite.layers.recurrent.cpu_path import fits_cpu_path, run_cpu_path
from seqsuite.layers.recurrent.initializers import ChronoBias, ForgetBias, GateIdentity
from seqsuite.layers.recurrent.settings import RecurrentInitialization, RecurrentRegularization
from seqsuite.layers.recurrent.zoneout import ZoneoutCell

Tensor = Any

NUM_STATES = {"simple_rnn": 1, "lstm": 2, "gru": 1}


def stock_layer(
    cell: str,
    units: int,
    reset_after: bool,
    initialization: RecurrentInitialization,
    **kwargs,
) -> keras.layers.Layer:
    """Make the stock Keras layer for a cell name.

    Args:
        cell: ``"simple_rnn"``, ``"lstm"`` or ``"gru"``.
        units: Width of the state.
        reset_after: Which GRU.
        initialization: Where the weights start.
        **kwargs: For the Keras layer.

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


@contextmanager
def replaced_recurrent_kernel(cell: keras.layers.Layer, kernel: Tensor):
    """Let a cell's recurrent kernel be a tensor for the duration of a call.

    Written to the instance dictionary, past Keras' and TensorFlow's attribute tracking, which
    would take the variable out of the checkpoint.

    Args:
        cell: A built Keras cell.
        kernel: A tensor in the shape of its recurrent kernel.

    Yields:
        Nothing.
    """
    variable = vars(cell)["recurrent_kernel"]
    vars(cell)["recurrent_kernel"] = kernel
    try:
        yield
    finally:
        vars(cell)["recurrent_kernel"] = variable


class RecurrentDirection(keras.layers.Layer):
    """A stock recurrent layer, with weight drop, zoneout and a learnable initial state.

    Args:
        layer: From `stock_layer`; its cell is taken over when there is zoneout.
        regularization: What to drop.
        seed_offset: Keeps the masks of several directions of one seed apart.
        learnable_state: Learn the initial state.
        **kwargs: Keras layer arguments.
    """

    def __init__(
        self,
        layer: keras.layers.Layer,
        regularization: RecurrentRegularization,
        seed_offset: int = 0,
        learnable_state: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.cell = layer.cell
        self.weight_drop = regularization.weight_drop
        self.num_states = len(layer.state_size)
        self.learnable_state = learnable_state
        rates = (regularization.zoneout, regularization.zoneout_cell)[: self.num_states]
        self.zoneout = any(rates)
        self.go_backwards = layer.go_backwards
        if self.zoneout:
            layer = keras.layers.RNN(
                ZoneoutCell(layer.cell, rates, dtype=self.dtype_policy),
                return_sequences=True,
                return_state=True,
                zero_output_for_mask=True,
                go_backwards=layer.go_backwards,
                dtype=self.dtype_policy,
            )
        self.layer = layer
        if self.weight_drop or self.zoneout:
            self.seed_generator = keras.random.SeedGenerator(regularization.seed_for(seed_offset))

    def build(self, inputs_shape):
        """Create the weights of the cell and of the initial state."""
        self.layer.build(inputs_shape)
        # What `Layer.__call__` would do; without it the first call would build again, with the
        # zoneout masks in the inputs' width.
        self.layer.built = True
        if self.learnable_state:
            self.initial_state = [
                self.add_weight(
                    shape=(self.cell.units,), initializer="zeros", name=f"state_{index}"
                )
                for index in range(self.num_states)
            ]
        self.built = True

    def starting_state(self, inputs: Tensor) -> list[Tensor]:
        """Return the states before the first step, each ``(batch, units)``."""
        shape = (ops.shape(inputs)[0], self.cell.units)
        if not self.learnable_state:
            return [ops.zeros(shape, dtype=self.compute_dtype) for _ in range(self.num_states)]
        return [
            ops.broadcast_to(ops.cast(state, self.compute_dtype), shape)
            for state in self.initial_state
        ]

    def call(self, inputs, step_mask=None, states=None, training=False):
        """Run over time; return the outputs in the order of the inputs, and the final states."""
        if states is None:
            states = self.starting_state(inputs)
        if self.zoneout and training:
            inputs = self.layer.cell.draw_masks(inputs, self.seed_generator)
        arguments = {"initial_state": list(states), "mask": step_mask, "training": training}
        kernel = None
        if self.weight_drop and training:
            kernel = ops.cast(self.cell.recurrent_kernel, self.compute_dtype)
            kernel = keras.random.dropout(kernel, self.weight_drop, seed=self.seed_generator)
        if training and fits_cpu_path(self.layer):
            return run_cpu_path(self.layer, inputs, states, step_mask, kernel)
        replaced = nullcontext() if kernel is None else replaced_recurrent_kernel(self.cell, kernel)
        with replaced:
            outputs, *final = self.layer(inputs, **arguments)
        # Either way a new tensor, without the mask that Keras attached to the layer's outputs.
        outputs = ops.flip(outputs, axis=1) if self.go_backwards else ops.copy(outputs)
        return outputs, final
