"""A layer of a recurrent stack: dropout, one or two directions, normalisation, connection."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from seqsuite.layers.recurrent.cells import Cell, ZoneoutCell, keras_layer, make_cell
from seqsuite.layers.recurrent.cpu_unroll import fits_cpu_unroll, unroll_on_cpu
from seqsuite.layers.recurrent.settings import RecurrentRegularization

if TYPE_CHECKING:
    from seqsuite.layers.recurrent.stack import RecurrentStack

Tensor = Any

CONNECTIONS = ("none", "residual", "highway")


@contextmanager
def _replaced_recurrent_kernel(cell: keras.layers.Layer, kernel: Tensor):
    """Replace the recurrent kernel of a built Keras cell by a tensor for the duration of a call.

    Written to the instance dictionary, past Keras' and TensorFlow's attribute tracking, which
    would take the variable out of the checkpoint.
    """
    variable = vars(cell)["recurrent_kernel"]
    vars(cell)["recurrent_kernel"] = kernel
    try:
        yield
    finally:
        vars(cell)["recurrent_kernel"] = variable


class RecurrentDirection(keras.layers.Layer):
    """A Keras recurrent layer with weight drop, zoneout and a learnable initial state.

    Args:
        layer: From `keras_layer`; with zoneout only its cell is used.
        regularization: Regularization in training.
        seed_offset: Added to the seed, so that directions draw different masks.
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

    def get_initial_state(self, inputs: Tensor) -> list[Tensor]:
        """Return the states before the first step, each ``(batch, units)``."""
        batch = ops.shape(inputs)[0]
        if not self.learnable_state:
            return self.cell.get_initial_state(batch)
        shape = (batch, self.cell.units)
        return [
            ops.broadcast_to(ops.cast(state, self.compute_dtype), shape)
            for state in self.initial_state
        ]

    def step_cell(self, training: bool) -> Cell:
        """Return the cell on its weights of the compute dtype, in training after weight drop."""
        kernel, recurrent_kernel, bias = (
            ops.cast(weight, self.compute_dtype)
            for weight in (self.cell.kernel, self.cell.recurrent_kernel, self.cell.bias)
        )
        if training and self.weight_drop:
            recurrent_kernel = keras.random.dropout(
                recurrent_kernel, self.weight_drop, seed=self.seed_generator
            )
        return make_cell(self.cell, kernel, recurrent_kernel, bias)

    def call(self, inputs, step_mask, states, training=False):
        """Run over time; return the outputs in the order of the inputs, and the final states."""
        if self.zoneout and training:
            inputs = self.layer.cell.draw_masks(inputs, self.seed_generator)
        if training and fits_cpu_unroll(self.layer):
            cell = self.step_cell(training)
            return unroll_on_cpu(cell, inputs, states, step_mask, self.go_backwards)
        replaced: Any = nullcontext()
        if training and self.weight_drop:
            replaced = _replaced_recurrent_kernel(
                self.cell, self.step_cell(training).recurrent_kernel
            )
        with replaced:
            outputs, *final = self.layer(
                inputs, initial_state=list(states), mask=step_mask, training=training
            )
        # Either way a new tensor, without the mask that Keras attached to the layer's outputs.
        outputs = ops.flip(outputs, axis=1) if self.go_backwards else ops.copy(outputs)
        return outputs, final


class StackLayer(keras.layers.Layer):
    """A layer of a `RecurrentStack`.

    Args:
        stack: The stack, whose arguments the layer has.
        index: Place in the stack, for the seeds.
        **kwargs: Keras layer arguments.
    """

    def __init__(self, stack: RecurrentStack, index: int, **kwargs):
        super().__init__(**kwargs)
        self.connection = stack.connection
        self.width = stack.output_size
        start, regularization = stack.initialization, stack.regularization
        policy = self.dtype_policy
        self.directions = []
        self.norms = []
        for number, name in enumerate(("forward", "backward")[: 1 + stack.bidirectional]):
            shared = {"name": name, "dtype": policy}
            layer = keras_layer(
                stack.cell,
                stack.units,
                stack.reset_after,
                start,
                go_backwards=number == 1,
                **shared,
            )
            offset = 10 * index + number + 1
            self.directions.append(
                RecurrentDirection(layer, regularization, offset, start.learnable_state, **shared)
            )
            # One norm per direction: a joint one would let each direction see the other's steps.
            if stack.layer_norm:
                self.norms.append(
                    keras.layers.LayerNormalization(name=f"{name}_norm", dtype=policy)
                )
        self.dropout: keras.layers.Layer | None = None
        if regularization.dropout:
            self.dropout = keras.layers.Dropout(
                regularization.dropout,
                noise_shape=(None, 1, None) if regularization.variational else None,
                seed=regularization.seed_for(10 * index),
                name="dropout",
                dtype=policy,
            )
        self.projection: keras.layers.Layer | None = None
        self.gate: keras.layers.Layer | None = None
        if self.connection == "highway":
            # Carries the input through at the start: Srivastava et al. (2015), section 2.2.
            self.gate = keras.layers.Dense(
                self.width,
                activation="sigmoid",
                bias_initializer=keras.initializers.Constant(-1.0),
                name="gate",
                dtype=policy,
            )

    def build(self, inputs_shape):
        """Create the weights."""
        for direction in self.directions:
            direction.build(inputs_shape)
        for norm in self.norms:
            norm.build((*inputs_shape[:-1], self.width // len(self.directions)))
        if self.dropout is not None:
            self.dropout.build(inputs_shape)
        if self.connection != "none" and inputs_shape[-1] != self.width:
            self.projection = keras.layers.Dense(
                self.width, use_bias=False, name="projection", dtype=self.dtype_policy
            )
            self.projection.build(inputs_shape)
        if self.gate is not None:
            self.gate.build(inputs_shape)
        self.built = True

    def call(self, inputs, step_mask, states, training=False):
        """Return the outputs and the final states, forward direction first."""
        dropped = inputs if self.dropout is None else self.dropout(inputs, training=training)
        outputs, finals = [], []
        for index, direction in enumerate(self.directions):
            count = direction.num_states
            own = states[index * count : (index + 1) * count]
            output, final = direction(dropped, step_mask=step_mask, states=own, training=training)
            outputs.append(self.norms[index](output) if self.norms else output)
            finals.extend(final)
        joined = ops.concatenate(outputs, axis=-1) if len(outputs) > 1 else outputs[0]
        return self.connect(inputs, joined), finals

    def connect(self, inputs: Tensor, outputs: Tensor) -> Tensor:
        """Join the inputs and the outputs of the layer."""
        if self.connection == "none":
            return outputs
        carried = inputs if self.projection is None else self.projection(inputs)
        if self.gate is None:
            return carried + outputs
        return carried + self.gate(inputs) * (outputs - carried)


# Keras puts the class names of listed layers into the paths of saved weights: this keeps old files.
StackLayer.__name__ = "RecurrentLevel"
