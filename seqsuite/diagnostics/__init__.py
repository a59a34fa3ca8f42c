"""Training dynamics of recurrent layers in any Keras model, measured on the user's own batch.

Nothing else of seqsuite is needed: the models may be stock Keras.

Example:
    >>> import keras
    >>> import numpy as np
    >>> from seqsuite.diagnostics import diagnose, gate_statistics, gradient_flow
    >>> keras.utils.set_random_seed(0)
    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((60, 3)),
    ...         keras.layers.LSTM(16, return_sequences=True),
    ...         keras.layers.LSTM(16),
    ...         keras.layers.Dense(1),
    ...     ]
    ... )
    >>> model.compile("adam", "mse")
    >>> x = np.random.default_rng(0).normal(size=(8, 60, 3)).astype("float32")
    >>> flow = gradient_flow(model, x, np.zeros((8, 1), "float32"))
    >>> sorted(flow.reach(0.01))  # steps back until 1 % of the gradient is left
    ['lstm', 'lstm_1']
    >>> gates = gate_statistics(model, x)
    >>> [finding.kind for finding in diagnose(flow, gates)]
    ['healthy']

Names are looked up when they are first used, so that the command's ``--help`` answers at once.
"""

from __future__ import annotations

from typing import Any

from seqsuite import lazy_attribute

_HOMES = {
    "Finding": "findings",
    "Gate": "gates",
    "GateStatistics": "gates",
    "GradientFlow": "flow",
    "LayerFlow": "flow",
    "Measurement": "probe",
    "PROBE_ROWS": "records",
    "Probe": "probe",
    "DiagnosticsRecorder": "records",
    "RecurrentDiagnostics": "callback",
    "StateJacobian": "jacobian",
    "diagnose": "findings",
    "gate_statistics": "probe",
    "gradient_flow": "probe",
    "jacobian_of_call": "jacobian",
    "layer_inputs": "jacobian",
    "recurrent_layers": "recording",
    "recurrent_spectrum": "spectrum",
    "state_jacobian": "jacobian",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    return lazy_attribute(__name__, _HOMES, name)
