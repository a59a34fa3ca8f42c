"""What the gates of a recurrent layer do on real data: how open they are, and how stuck.

A gate is a sigmoid. Near 0 or 1 it hardly moves, and no gradient gets through to what sets it; a
forget gate near 1 is what keeps a memory. What is squashed by tanh (the candidate of an LSTM or
GRU, the state of a SimpleRNN) is stuck near -1 and 1 in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from seqsuite.diagnostics.plots import plot_gate_statistics
from seqsuite.diagnostics.recording import LoopCall

Tensor = Any

NUM_BINS = 100
LOW, HIGH = 0.05, 0.95
"""Where a gate counts as saturated: beyond, its slope is under a fifth of the largest."""
TANH_LOW, TANH_HIGH = 2 * LOW - 1, 2 * HIGH - 1
"""The same for tanh, as ``tanh(a / 2) = 2 sigmoid(a) - 1``."""
KEEP_GATES = {"lstm": "forget", "gru": "update"}
"""The gate that says how much of a unit's memory is kept. Keras' GRU keeps with ``z``:
``h = z * h + (1 - z) * candidate``, where the literature often swaps ``z`` and ``1 - z``."""


def stock_cell(layer: keras.layers.RNN) -> keras.layers.Layer | None:
    """Return the SimpleRNN, LSTM or GRU cell of a layer, looking into wrappers; None: another."""
    cell = layer.cell
    while not isinstance(
        cell, (keras.layers.SimpleRNNCell, keras.layers.LSTMCell, keras.layers.GRUCell)
    ):
        cell = getattr(cell, "cell", None)
        if cell is None:
            return None
    return cell


def kind_of(layer: keras.layers.RNN) -> str:
    """Return ``"simple_rnn"``, ``"lstm"``, ``"gru"``, or ``"other"``.

    Example:
        >>> kind_of(keras.layers.RNN(keras.layers.LSTMCell(3)))
        'lstm'
    """
    kinds = {
        keras.layers.SimpleRNNCell: "simple_rnn",
        keras.layers.LSTMCell: "lstm",
        keras.layers.GRUCell: "gru",
    }
    cell = stock_cell(layer)
    return next((name for kind, name in kinds.items() if isinstance(cell, kind)), "other")


def gate_values(call: LoopCall) -> dict[str, Tensor]:
    """Compute the gates of every step of a recorded run.

    Args:
        call: A recorded run.

    Returns:
        Gate -> ``(time, batch, units)``. LSTM: input, forget, output, candidate; GRU: update,
        reset, candidate; SimpleRNN: state. Nothing for other cells.
    """
    cell, kind = stock_cell(call.layer), kind_of(call.layer)
    if cell is None:
        return {}
    if kind == "simple_rnn":
        return {"state": call.outputs}
    width = cell.kernel.shape[0]
    hidden = tf.concat([call.initial[0][None], call.states[0][:-1]], axis=0)
    projected = ops.matmul(call.inputs[..., :width], ops.cast(cell.kernel, hidden.dtype))
    recurrent_kernel = ops.cast(cell.recurrent_kernel, hidden.dtype)
    bias = ops.cast(cell.bias, hidden.dtype) if cell.use_bias else None
    if kind == "gru":
        return _gru_gates(cell, projected, hidden, recurrent_kernel, bias)
    summed = projected + ops.matmul(hidden, recurrent_kernel)
    i, f, g, o = ops.split(summed if bias is None else summed + bias, 4, axis=-1)
    squash = cell.recurrent_activation
    return {
        "input": squash(i),
        "forget": squash(f),
        "output": squash(o),
        "candidate": cell.activation(g),
    }


def _gru_gates(cell, projected, hidden, recurrent_kernel, bias) -> dict[str, Tensor]:
    edge = 2 * cell.units
    input_bias = recurrent_bias = None
    if bias is not None and cell.reset_after:
        input_bias, recurrent_bias = bias[0], bias[1]
    elif bias is not None:
        input_bias = bias
    if input_bias is not None:
        projected = projected + input_bias
    recurrent = ops.matmul(
        hidden, recurrent_kernel if cell.reset_after else recurrent_kernel[:, :edge]
    )
    if recurrent_bias is not None:
        recurrent = recurrent + recurrent_bias
    gates = cell.recurrent_activation(projected[..., :edge] + recurrent[..., :edge])
    z, r = ops.split(gates, 2, axis=-1)
    if cell.reset_after:
        candidate = r * recurrent[..., edge:]
    else:
        candidate = ops.matmul(r * hidden, recurrent_kernel[:, edge:])
    return {
        "update": z,
        "reset": r,
        "candidate": cell.activation(projected[..., edge:] + candidate),
    }


def summarize(call: LoopCall) -> dict[str, dict[str, Tensor]]:
    """Reduce the gates of a run to counts, inside a graph where need be.

    Returns:
        Gate -> ``counts`` ``(NUM_BINS,)`` over the gate's range and ``unit_means`` ``(units,)``,
        over the real steps of all rows.
    """
    summary = {}
    for name, values in gate_values(call).items():
        real = tf.cast(tf.boolean_mask(values, call.mask), tf.float32)
        low = 0.0 if is_sigmoid(name) else -1.0
        summary[name] = {
            # A gate of a fit that has diverged has no place among the bins.
            "counts": tf.histogram_fixed_width(
                tf.boolean_mask(real, tf.math.is_finite(real)), [low, 1.0], NUM_BINS
            ),
            "unit_means": tf.reduce_mean(real, axis=0),
        }
    return summary


def is_sigmoid(gate: str) -> bool:
    """Whether a gate lies in [0, 1]; the others lie in [-1, 1]."""
    return gate not in ("candidate", "state")


@dataclass(frozen=True)
class Gate:
    """The values of one gate over all real steps, rows and units.

    Args:
        name: ``"forget"``, ...
        counts: int ``(NUM_BINS,)``: a histogram over the gate's range.
        unit_means: float ``(units,)``: the mean of each unit.
        keeps: Whether it says how much of the memory is kept.
    """

    name: str
    counts: np.ndarray
    unit_means: np.ndarray
    keeps: bool = False

    @property
    def edges(self) -> np.ndarray:
        """The bounds of the histogram's bins, ``(NUM_BINS + 1,)``."""
        return np.linspace(0.0 if is_sigmoid(self.name) else -1.0, 1.0, NUM_BINS + 1)

    @property
    def mean(self) -> float:
        """The mean of all values."""
        return float(self.unit_means.mean())

    def quantile(self, share: float) -> float:
        """Return a quantile, exact to the width of a bin."""
        total = np.concatenate([[0], np.cumsum(self.counts)]) / max(1, self.counts.sum())
        return float(np.interp(share, total, self.edges))

    @property
    def share_low(self) -> float:
        """Share of values below `LOW` (`TANH_LOW`)."""
        return float(self.counts[: round(LOW * NUM_BINS)].sum() / max(1, self.counts.sum()))

    @property
    def share_high(self) -> float:
        """Share of values above `HIGH` (`TANH_HIGH`)."""
        return float(self.counts[round(HIGH * NUM_BINS) :].sum() / max(1, self.counts.sum()))

    @property
    def share_saturated(self) -> float:
        """Share of values at either end."""
        return self.share_low + self.share_high

    def memory_steps(self) -> np.ndarray:
        """Return each unit's mean memory time in steps, ``1 / (1 - mean gate)``, ``(units,)``.

        What is kept of a memory after that many steps is about ``1 / e``. A gate that is 1 in
        float32 counts as 2^24 steps.
        """
        return 1.0 / np.maximum(1.0 - self.unit_means.astype(np.float64), 2.0**-24)


@dataclass(frozen=True)
class GateStatistics:
    """The gates of all recurrent layers of a model.

    Args:
        layers: Layer -> gate -> its values.

    Example:
        See `gate_statistics`.
    """

    layers: dict[str, dict[str, Gate]]

    @classmethod
    def from_summaries(
        cls, summaries: Mapping[str, Any], keep: Mapping[str, str]
    ) -> GateStatistics:
        """Build from what `summarize` returned for each layer; `keep` names the keeping gates."""
        return cls(
            {
                layer: {
                    name: Gate(
                        name,
                        np.asarray(parts["counts"]),
                        np.asarray(parts["unit_means"]),
                        keep.get(layer) == name,
                    )
                    for name, parts in gates.items()
                }
                for layer, gates in summaries.items()
            }
        )

    def rows(self) -> list[dict[str, Any]]:
        """Return one flat record for each layer and gate, for tables and JSON."""
        return [
            _record(layer, gate) for layer, gates in self.layers.items() for gate in gates.values()
        ]

    def plot(self, path: str | Path) -> Path:
        """Draw a histogram of every gate and return ``path``."""
        return plot_gate_statistics(self, path)


def _record(layer: str, gate: Gate) -> dict[str, Any]:
    record: dict[str, Any] = {"layer": layer, "gate": gate.name, "mean": gate.mean}
    record |= {
        f"quantile_{round(100 * q)}": gate.quantile(q) for q in (0.05, 0.25, 0.5, 0.75, 0.95)
    }
    record |= {"share_low": gate.share_low, "share_high": gate.share_high}
    if gate.keeps:
        steps = gate.memory_steps()
        record |= {"memory_steps_mean": float(steps.mean())}
        record |= {"memory_steps_median": float(np.median(steps))}
    return record
