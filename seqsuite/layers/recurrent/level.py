"""One level of a recurrent stack: dropout, one or two directions, normalisation, connection."""

from __future__ import annotations

import keras
from keras import ops

from seqsuite.layers.recurrent.direction import RecurrentDirection, stock_layer
from seqsuite.layers.recurrent.settings import RecurrentInitialization, RecurrentRegularization

CONNECTIONS = ("none", "residual", "highway")


class RecurrentLevel(keras.layers.Layer):
    """A level of `RecurrentStack`, which documents the arguments.

    Args:
        cell: Name of the cell.
        units: Width per direction.
        bidirectional: Whether there is a backward direction.
        connection: How inputs and outputs are joined.
        layer_norm: Normalise each direction's outputs.
        reset_after: Which GRU.
        initialization: Where the weights start.
        regularization: What is dropped.
        index: Place in the stack, for the seeds.
        **kwargs: Keras layer arguments.
    """

    def __init__(
        self,
        cell: str,
        units: int,
        bidirectional: bool,
        connection: str,
        layer_norm: bool,
        reset_after: bool,
        initialization: RecurrentInitialization,
        regularization: RecurrentRegularization,
        index: int,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.connection = connection
        self.width = units * (2 if bidirectional else 1)
        policy = self.dtype_policy
        self.directions = []
        self.norms = []
        for number, name in enumerate(("forward", "backward")[: 1 + bidirectional]):
            layer = stock_layer(
                cell,
                units,
                reset_after,
                initialization,
                go_backwards=name == "backward",
                name=name,
                dtype=policy,
            )
            self.directions.append(
                RecurrentDirection(
                    layer,
                    regularization,
                    seed_offset=10 * index + number + 1,
                    learnable_state=initialization.learnable_state,
                    name=name,
                    dtype=policy,
                )
            )
            # One norm per direction: a joint one would let each direction see the other's steps.
            if layer_norm:
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
        if connection == "highway":
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

    def call(self, inputs, step_mask=None, states=None, training=False):
        """Return the outputs and the final states, forward direction first."""
        dropped = inputs if self.dropout is None else self.dropout(inputs, training=training)
        outputs, finals = [], []
        for index, direction in enumerate(self.directions):
            count = direction.num_states
            own = None if states is None else states[index * count : (index + 1) * count]
            output, final = direction(dropped, step_mask=step_mask, states=own, training=training)
            outputs.append(self.norms[index](output) if self.norms else output)
            finals.extend(final)
        joined = ops.concatenate(outputs, axis=-1) if len(outputs) > 1 else outputs[0]
        return self._connect(inputs, joined), finals

    def _connect(self, inputs, outputs):
        if self.connection == "none":
            return outputs
        carried = inputs if self.projection is None else self.projection(inputs)
        if self.gate is None:
            return carried + outputs
        return carried + self.gate(inputs) * (outputs - carried)
