"""A stack of recurrent layers with explicit lengths and states."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from seqsuite.layers.contracts import check_shape, freeze_parts
from seqsuite.layers.masking import (
    at_least_one_step,
    real_lengths,
    sequence_mask,
    zero_padding,
)
from seqsuite.layers.recurrent.cells import NUM_STATES
from seqsuite.layers.recurrent.settings import (
    RecurrentInitialization,
    RecurrentRegularization,
    as_settings,
    check_choice,
    check_positive,
)
from seqsuite.layers.recurrent.stack_layer import CONNECTIONS, RecurrentDirection, StackLayer

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class RecurrentStack(keras.layers.Layer):
    """SimpleRNN, LSTM or GRU layers: one or many, in one direction or both.

    Padded steps give zeros and do not touch the states; a row of length 0, or a batch with no steps
    at all, gives zeros and returns its initial state. Outside training there is no random op and
    no variable assignment in the graph.

    Args:
        units: Width of the state of each direction.
        cell: ``"simple_rnn"``, ``"lstm"`` or ``"gru"``.
        num_layers: Depth.
        bidirectional: Read each layer's inputs in both directions; outputs are
            ``[forward, backward]`` along the features, so ``2 * units`` wide. With one layer the
            forward half at step t has seen only steps up to t, the backward half only from t on.
        connection: How a layer's inputs and outputs are joined: ``"none"``, ``"residual"`` (sum)
            or ``"highway"`` (a learned gate between the two). Inputs of another width are
            projected without bias.
        layer_norm: Normalise each layer's outputs, each direction on its own.
        reset_after: Whether a GRU resets the state after the matrix product (cuDNN's and Keras'
            default) or before it (the original).
        initialization: A `RecurrentInitialization`, a dict with some of its fields, or ``None``.
        regularization: A `RecurrentRegularization`, a dict with some of its fields, or ``None``.
        return_state: Also return the final states.
        **kwargs: Keras layer arguments.

    Call arguments:
        inputs: ``(batch, time, features)``, right-padded.
        lengths: Integer ``(batch,)``; ``None`` when every step is real.
        initial_state: List of ``(batch, units)``: for each layer, forward then backward, ``h`` (and
            ``c`` for an LSTM). ``None`` starts at zeros, or at the learned state.
        training: Whether to apply dropout, weight drop and zoneout.

    Returns:
        ``(batch, time, units)`` or ``(batch, time, 2 * units)``; with `return_state` a tuple of
        that and the final states, in the order of `initial_state`.

    Raises:
        ValueError: For an unknown name, a number out of range, a wrong number of states, or lengths
            or states of another batch size.

    Masking:
        By `lengths` only; a mask that Keras attached to the inputs is not read.

    Example:
        >>> stack = RecurrentStack(8, cell="gru", bidirectional=True, return_state=True)
        >>> inputs = keras.random.normal((2, 5, 3))
        >>> outputs, forward, backward = stack(inputs, lengths=keras.ops.array([5, 2]))
        >>> tuple(outputs.shape), tuple(forward.shape)
        ((2, 5, 16), (2, 8))

    Reference:
        LSTM: Hochreiter and Schmidhuber (1997), https://doi.org/10.1162/neco.1997.9.8.1735;
        GRU: Cho et al. (2014), https://arxiv.org/abs/1406.1078;
        highway: Srivastava et al. (2015), https://arxiv.org/abs/1505.00387
    """

    def __init__(
        self,
        units: int,
        cell: str = "lstm",
        num_layers: int = 1,
        bidirectional: bool = False,
        connection: str = "none",
        layer_norm: bool = False,
        reset_after: bool = True,
        initialization: RecurrentInitialization | Mapping[str, Any] | None = None,
        regularization: RecurrentRegularization | Mapping[str, Any] | None = None,
        return_state: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_positive(units=units, num_layers=num_layers)
        check_choice("cell", cell, tuple(NUM_STATES))
        check_choice("connection", connection, CONNECTIONS)
        self.units = units
        self.cell = cell
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.connection = connection
        self.layer_norm = layer_norm
        self.reset_after = reset_after
        self.initialization = as_settings(RecurrentInitialization, initialization, "initialization")
        self.regularization = as_settings(RecurrentRegularization, regularization, "regularization")
        if cell == "simple_rnn" and self.initialization.longest_delay:
            raise ValueError(
                "Argument `initialization` must have `longest_delay` 0 for a simple_rnn, which has "
                f"no gates. Received: longest_delay={self.initialization.longest_delay}"
            )
        self.return_state = return_state
        # The attribute's name is in the paths of saved weights.
        self._levels = [
            StackLayer(self, index, name=f"level_{index}", dtype=self.dtype_policy)
            for index in range(num_layers)
        ]
        self._use_cudnn: bool | str = "auto"

    @property
    def use_cudnn(self) -> bool | str:
        """Whether the inner layers may use cuDNN: ``"auto"``, ``True`` or ``False``.

        Read whenever the layer is called or traced, and not saved. Set it to ``False`` before
        tracing a graph that must load on a machine without a GPU.
        """
        return self._use_cudnn

    @use_cudnn.setter
    def use_cudnn(self, value: bool | str) -> None:
        if value not in ("auto", True, False):
            raise ValueError(
                f"Argument `use_cudnn` must be 'auto', True or False. Received: use_cudnn={value!r}"
            )
        self._use_cudnn = value
        for direction in self._directions():
            if hasattr(direction.layer, "use_cudnn"):
                direction.layer.use_cudnn = value

    @property
    def num_states(self) -> int:
        """Number of state tensors."""
        return self.num_layers * self._states_per_layer

    @property
    def output_size(self) -> int:
        """Width of the outputs."""
        return self.units * (2 if self.bidirectional else 1)

    @property
    def _states_per_layer(self) -> int:
        return NUM_STATES[self.cell] * (2 if self.bidirectional else 1)

    # A method: Keras' saving walks properties, and would store the directions under this name.
    def _directions(self) -> list[RecurrentDirection]:
        return [direction for layer in self._levels for direction in layer.directions]

    def get_initial_state(self, inputs: Tensor) -> list[Tensor]:
        """Return the default initial states.

        Args:
            inputs: ``(batch, time, features)``; only the batch size is used.

        Returns:
            `num_states` tensors ``(batch, units)``, in the order of `initial_state`.
        """
        initial = [direction.get_initial_state(inputs) for direction in self._directions()]
        return [state for states in initial for state in states]

    def build(self, inputs_shape, lengths_shape=None, initial_state_shape=None):
        """Create the weights of all layers."""
        for layer in self._levels:
            layer.build(inputs_shape)
            inputs_shape = (*inputs_shape[:2], self.output_size)
        freeze_parts(self)
        self.built = True

    def call(
        self,
        inputs: Tensor,
        lengths: Tensor | None = None,
        initial_state: list[Tensor] | None = None,
        training: bool | None = None,
    ) -> Any:
        """Run the stack over `inputs`."""
        initial = self._checked_state(initial_state, inputs)
        if lengths is not None:
            lengths = real_lengths(lengths, inputs)
        if inputs.shape[0] == 0:
            return self._call_without_rows(inputs, initial, training)
        num_steps = ops.shape(inputs)[1]
        step_mask = real_mask = None
        # Either way a new tensor, without a mask that Keras attached and inner layers would obey.
        if lengths is None:
            outputs = ops.copy(inputs)
        else:
            real_mask = sequence_mask(lengths, num_steps)
            # NaN in padding would not reach the outputs but the gradients of the weights.
            outputs = zero_padding(inputs, real_mask)
        outputs = at_least_one_step(outputs)
        if lengths is not None:
            # cuDNN refuses rows without steps: they run one step, and its effect is undone below.
            step_mask = sequence_mask(ops.maximum(lengths, 1), ops.shape(outputs)[1])
        final = []
        count = self._states_per_layer
        for index, layer in enumerate(self._levels):
            own = initial[index * count : (index + 1) * count]
            outputs, states = layer(outputs, step_mask=step_mask, states=own, training=training)
            final.extend(states)
        if inputs.shape[1] is None or inputs.shape[1] == 0:
            outputs = outputs[:, :num_steps]
        if real_mask is not None:
            outputs = zero_padding(outputs, real_mask)
        if not self.return_state:
            return outputs
        return (outputs, *self._undo_empty(final, initial, lengths, num_steps))

    def _call_without_rows(self, inputs, initial, training) -> Any:
        """Run one row of zeros and drop it: Keras' LSTM raises on a static batch of 0 rows."""
        row = ops.pad(inputs, ((0, 1), (0, 0), (0, 0)))
        states = [ops.pad(state, ((0, 1), (0, 0))) for state in initial]
        results = self.call(row, None, states, training)
        return keras.tree.map_structure(lambda result: result[:0], results)

    def _checked_state(self, initial_state, inputs) -> list[Tensor]:
        if initial_state is None:
            return self.get_initial_state(inputs)
        if not isinstance(initial_state, (list, tuple)):
            initial_state = [initial_state]
        if len(initial_state) != self.num_states:
            raise ValueError(
                f"Argument `initial_state` must have {self.num_states} tensors. "
                f"Received: {len(initial_state)} tensors"
            )
        for state in initial_state:
            check_shape("initial_state", state, (inputs.shape[0], self.units))
        return [ops.cast(state, self.compute_dtype) for state in initial_state]

    def _undo_empty(self, final, initial, lengths, num_steps) -> list[Tensor]:
        if lengths is None and isinstance(num_steps, int) and num_steps > 0:
            return final
        real = num_steps > 0 if lengths is None else lengths[:, None] > 0
        return [ops.where(real, new, old) for new, old in zip(final, initial, strict=True)]

    def compute_output_shape(self, inputs_shape, lengths_shape=None, initial_state_shape=None):
        """Return the shape of the outputs, and with `return_state` those of the states."""
        outputs = (*inputs_shape[:2], self.output_size)
        if not self.return_state:
            return outputs
        return (outputs, *[(inputs_shape[0], self.units)] * self.num_states)

    def get_config(self):
        """Return the constructor arguments."""
        config = {
            "units": self.units,
            "cell": self.cell,
            "num_layers": self.num_layers,
            "bidirectional": self.bidirectional,
            "connection": self.connection,
            "layer_norm": self.layer_norm,
            "reset_after": self.reset_after,
            "initialization": dataclasses.asdict(self.initialization),
            "regularization": dataclasses.asdict(self.regularization),
            "return_state": self.return_state,
        }
        return {**super().get_config(), **config}
