"""One stock Keras recurrent layer in one direction, set up for explicit masks and states."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import Any

import keras
from keras import ops

from seqsuite.layers.recurrent.cpu_path import fits_cpu_path, run_cpu_path
from seqsuite.layers.recurrent.settings import RecurrentInitialization, RecurrentRegularization
from seqsuite.layers.recurrent.zoneout import ZoneoutCell

Tensor = Any

NUM_STATES = {"simple_rnn": 1, "lstm": 2, "gru": 1}


@keras.saving.register_keras_serializable(package="seqsuite")
class GateIdentity(keras.initializers.Initializer):
    """The identity matrix, once for every gate of a recurrent kernel.

    Args:
        scale: Factor on the identity.

    Example:
        >>> GateIdentity(0.5)((1, 2)).numpy().tolist()
        [[0.5, 0.5]]
    """

    def __init__(self, scale: float = 1.0):
        self.scale = scale

    def __call__(self, shape, dtype=None):
        """Return identity blocks of the shape ``(units, units * gates)``."""
        units, width = shape
        return self.scale * ops.tile(ops.eye(units, dtype=dtype), (1, width // units))

    def get_config(self):
        """Return the constructor arguments."""
        return {"scale": self.scale}


@keras.saving.register_keras_serializable(package="seqsuite")
class ForgetBias(keras.initializers.Initializer):
    """Zeros but for the forget gate of an LSTM bias.

    Args:
        value: What the forget gate starts at.

    Example:
        >>> ForgetBias(1.0)((4,)).numpy().tolist()
        [0.0, 1.0, 0.0, 0.0]
    """

    def __init__(self, value: float = 1.0):
        self.value = value

    def __call__(self, shape, dtype=None):
        """Return a bias of the shape ``(units * 4,)``, gates in the order i, f, c, o."""
        units = shape[0] // 4
        gates = [0.0, self.value, 0.0, 0.0]
        return ops.concatenate([ops.full((units,), gate, dtype=dtype) for gate in gates])

    def get_config(self):
        """Return the constructor arguments."""
        return {"value": self.value}


@keras.saving.register_keras_serializable(package="seqsuite")
class ChronoBias(keras.initializers.Initializer):
    """Biases from which the units of an LSTM or a GRU remember for spread-out times.

    The gate that keeps a unit's state starts at ``log(u)``, with u uniform between 1 and
    ``longest_delay - 1``, so that the unit forgets by ``1 / e`` in about u steps. An LSTM's input
    gate starts at the negative of it, and all else at 0.

    Args:
        cell: ``"lstm"`` or ``"gru"``, which has such a bias.
        longest_delay: Steps that the longest memories last, at least 3.
        seed: Seed of the draw; ``None`` takes it from Keras' global seed.

    Example:
        >>> bias = ChronoBias("lstm", 10)((8,)).numpy()  # an LSTM of two units: gates i, f, c, o
        >>> bool((bias[:2] == -bias[2:4]).all()), bias[4:].tolist()
        (True, [0.0, 0.0, 0.0, 0.0])

    Reference:
        Tallec and Ollivier (2018), https://arxiv.org/abs/1804.11188
    """

    def __init__(self, cell: str, longest_delay: int, seed: int | None = None):
        self.cell = cell
        self.longest_delay = longest_delay
        self.seed = seed
        self._uniform = keras.initializers.RandomUniform(1.0, longest_delay - 1.0, seed=seed)

    def __call__(self, shape, dtype=None):
        """Return ``(units * 4,)`` for an LSTM; for a GRU ``(units * 3,)``, or two rows of that."""
        units = shape[-1] // (4 if self.cell == "lstm" else 3)
        keep = ops.log(self._uniform((units,), dtype=dtype))
        zeros = ops.zeros_like(keep)
        if self.cell == "lstm":
            return ops.concatenate([-keep, keep, zeros, zeros])
        # Keras' update gate is the share that is kept.
        bias = ops.concatenate([keep, zeros, zeros])
        return bias if len(shape) == 1 else ops.stack([bias, ops.zeros_like(bias)])

    def get_config(self):
        """Return the constructor arguments."""
        return {"cell": self.cell, "longest_delay": self.longest_delay, "seed": self.seed}


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
