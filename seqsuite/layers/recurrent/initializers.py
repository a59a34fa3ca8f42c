"""Initializers of recurrent kernels and biases."""

from __future__ import annotations

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="seqsuite")
class GateIdentity(keras.initializers.Initializer):
    """One identity matrix per gate of a recurrent kernel.

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
    """LSTM bias of zeros, with another value for the forget gate.

    Args:
        value: Bias of the forget gate.

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
    """Chrono initialization of the biases of an LSTM or a GRU: memory times spread over a range.

    The gate that keeps a unit's state starts at ``log(u)``, with u uniform between 1 and
    ``longest_delay - 1``, so that the state decays by ``1 / e`` in about u steps. An LSTM's
    input gate starts at the negative of it, all other biases at 0.

    Args:
        cell: ``"lstm"`` or ``"gru"``.
        longest_delay: The longest memory time in steps, at least 3.
        seed: Random seed; ``None`` takes it from Keras' global seed.

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
        # Keras' update gate is the fraction that is kept.
        bias = ops.concatenate([keep, zeros, zeros])
        return bias if len(shape) == 1 else ops.stack([bias, ops.zeros_like(bias)])

    def get_config(self):
        """Return the constructor arguments."""
        return {"cell": self.cell, "longest_delay": self.longest_delay, "seed": self.seed}
