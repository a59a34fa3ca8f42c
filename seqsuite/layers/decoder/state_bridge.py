"""From the states in which an encoder ends to those in which a decoder begins."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.nested import Nested
from seqsuite.layers.recurrent.cells import NUM_STATES

Tensor = Any

BRIDGES = ("copy", "dense", "zero")


@keras.saving.register_keras_serializable(package="seqsuite")
class StateBridge(keras.layers.Layer):
    """Turn final states of a `RecurrentStack` into initial states of another one.

    The two directions of an encoder are concatenated, ``h`` with ``h`` and ``c`` with ``c``. Levels
    are matched from the top: a decoder of fewer levels takes the upper ones, further levels of a
    decoder take the top one again. Where only the decoder is an LSTM its ``c`` comes from the
    encoder's ``h``; where only the encoder is one, its ``c`` is left out.

    Args:
        units: Width of the decoder's states.
        cell: The decoder's ``"simple_rnn"``, ``"lstm"`` or ``"gru"``.
        num_layers: Depth of the decoder.
        mode: ``"copy"``: as they are, for states of the same width; ``"dense"``: through a layer
            for each state of the decoder; ``"zero"``: zeros, whatever the encoder says.
        encoder_cell: The encoder's cell; ``None`` when it is the same.
        bidirectional: Whether the encoder reads in both directions.
        activation: Of the dense layers.
        **kwargs: Keras layer arguments.

    Call arguments:
        states: List of ``(batch, encoder units)``, in the order in which the encoder's stack
            returns them. For a bridge from anything else, such as a mean over the memory, give that
            one tensor with ``encoder_cell="gru"``.

    Returns:
        List of ``(batch, units)``, in the order of the `initial_state` of the decoder's stack.

    Raises:
        ValueError: For an unknown name, a wrong number of states, or a copy between unequal widths.

    Example:
        >>> from seqsuite.layers import RecurrentStack
        >>> encoder = RecurrentStack(3, cell="gru", bidirectional=True, return_state=True)
        >>> memory, *final = encoder(keras.random.normal((2, 5, 4)))
        >>> bridge = StateBridge(8, encoder_cell="gru", bidirectional=True)
        >>> [tuple(state.shape) for state in bridge(final)]
        [(2, 8), (2, 8)]

    Reference:
        Dense from the backward state: Bahdanau, Cho and Bengio (2015),
        https://arxiv.org/abs/1409.0473
    """

    def __init__(
        self,
        units: int,
        cell: str = "lstm",
        num_layers: int = 1,
        mode: str = "dense",
        encoder_cell: str | None = None,
        bidirectional: bool = False,
        activation: Any = "tanh",
        **kwargs,
    ):
        super().__init__(**kwargs)
        for name, value, choices in (
            ("cell", cell, tuple(NUM_STATES)),
            ("mode", mode, BRIDGES),
            ("encoder_cell", encoder_cell, (None, *NUM_STATES)),
        ):
            if value not in choices:
                raise ValueError(
                    f"Argument `{name}` must be one of {choices}. Received: {name}={value!r}"
                )
        for name, number in (("units", units), ("num_layers", num_layers)):
            if not isinstance(number, int) or number < 1:
                raise ValueError(
                    f"Argument `{name}` must be a positive integer. Received: {name}={number!r}"
                )
        self.units = units
        self.cell = cell
        self.num_layers = num_layers
        self.mode = mode
        self.encoder_cell = encoder_cell
        self.bidirectional = bidirectional
        self.activation = keras.activations.get(activation)
        self._dense: list[keras.layers.Layer] = []
        if mode == "dense":
            kinds, policy = ("h", "c")[: NUM_STATES[cell]], self.dtype_policy
            self._dense = [
                keras.layers.Dense(units, activation, name=f"{kind}_{level}", dtype=policy)
                for level in range(num_layers)
                for kind in kinds
            ]

    def build(self, states_shape):
        """Create the weights of the dense layers, and check that a copy fits."""
        shapes = [] if self.mode == "zero" else _as_list(states_shape, tuple)
        for index, shape in enumerate(self._sources(shapes, _join_shapes) if shapes else []):
            if self.mode == "dense":
                self._dense[index].build(shape)
            elif shape[-1] != self.units:
                both = " of both directions together" if self.bidirectional else ""
                raise ValueError(
                    "Argument `mode` must be 'dense' unless the encoder's states are as wide as "
                    f"the decoder's. Received: mode='copy', {shape[-1]} units{both}, and "
                    f"{self.units} units"
                )
        self.built = True

    def call(self, states: Nested) -> list[Tensor]:
        """Bridge the states."""
        states = _as_list(states, object)
        if self.mode == "zero":
            zeros = ops.zeros((ops.shape(states[0])[0], self.units), dtype=self.compute_dtype)
            return [zeros for _ in range(self.num_layers * NUM_STATES[self.cell])]
        sources = self._sources(states, lambda parts: ops.concatenate(parts, axis=-1))
        if self.mode == "copy":
            return [ops.copy(source) for source in sources]
        return [dense(source) for dense, source in zip(self._dense, sources, strict=True)]

    def _sources(self, states: list, join: Any) -> list:
        """Return for each state of the decoder what it comes from."""
        kinds = NUM_STATES[self.encoder_cell or self.cell]
        directions = 2 if self.bidirectional else 1
        per_level = kinds * directions
        if not states or len(states) % per_level:
            raise ValueError(
                f"Argument `states` must have {per_level} tensors for each level of the encoder. "
                f"Received: {len(states)} tensors"
            )
        depth = len(states) // per_level
        first = max(depth - self.num_layers, 0)
        found = []
        for level in range(self.num_layers):
            start = min(first + level, depth - 1) * per_level
            for kind in range(NUM_STATES[self.cell]):
                own = states[start + min(kind, kinds - 1) : start + per_level : kinds]
                found.append(join(own))
        return found

    def compute_output_shape(self, states_shape):
        """Return the shapes of the decoder's states."""
        batch = _as_list(states_shape, tuple)[0][0]
        return [(batch, self.units)] * (self.num_layers * NUM_STATES[self.cell])

    def get_config(self):
        """Return the constructor arguments."""
        config = {
            "units": self.units,
            "cell": self.cell,
            "num_layers": self.num_layers,
            "mode": self.mode,
            "encoder_cell": self.encoder_cell,
            "bidirectional": self.bidirectional,
            "activation": keras.activations.serialize(self.activation),
        }
        return {**super().get_config(), **config}


def _as_list(states: Nested, kind: type) -> list:
    """Return a list of states or shapes, of which one alone may be given without a list."""
    if kind is tuple and states and not isinstance(states[0], (list, tuple)):
        return [tuple(states)]
    return list(states) if isinstance(states, (list, tuple)) else [states]


def _join_shapes(shapes: list) -> tuple:
    return (*shapes[0][:-1], sum(shape[-1] for shape in shapes))
