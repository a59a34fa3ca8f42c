"""Measurements over the course of training: rows of a csv file, TensorBoard scalars, warnings."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from seqsuite.data.writing import replaced
from seqsuite.diagnostics.findings import Finding, diagnose
from seqsuite.diagnostics.flow import LayerFlow
from seqsuite.diagnostics.gates import Gate
from seqsuite.diagnostics.probe import Measurement, Probe
from seqsuite.diagnostics.recording import recurrent_layers
from seqsuite.diagnostics.spectrum import recurrent_spectrum
from seqsuite.layers.nested import Nested

if TYPE_CHECKING:
    from tensorflow import Tensor


PROBE_ROWS = 8
"""Rows of the probe: enough for means, and cheap beside a batch of training."""


def print_finding(step: int, finding: Finding) -> None:
    """Say on standard error, in one line, what was found at a step."""
    print(f"diagnostics, step {step}: {finding.message}", file=sys.stderr, flush=True)


class DiagnosticsRecorder:
    """Measure a model on one fixed batch whenever it is asked to.

    Nothing in the model changes, so that a run with records ends as one without.

    Args:
        model: A built and compiled model with recurrent layers.
        x: Inputs of the probe.
        y: Targets of the probe.
        sample_weight: As in ``fit``.
        path: A csv file to write; records in it of later steps than the first one's are dropped,
            the others stay.
        log_dir: Folder for TensorBoard files; ``None``: none.
        on_finding: Called with the step and what was found, once for every kind of finding.

    Attributes:
        seconds: What all records took so far.
        findings: What was found so far, by kind.

    Example:
        >>> model = keras.Sequential([keras.Input((5, 2)), keras.layers.GRU(3)])
        >>> model.compile(loss="mse")
        >>> recorder = DiagnosticsRecorder(model, tf.ones((4, 5, 2)), tf.ones((4, 3)))
        >>> row = recorder.record(0)
        >>> [name.split("/")[1] for name in row if name.endswith(("reach", "memory_steps"))]
        ['reach', 'memory_steps']
    """

    def __init__(
        self,
        model: keras.Model,
        x: Tensor,
        y: Nested,
        sample_weight: Nested = None,
        path: str | Path | None = None,
        log_dir: str | Path | None = None,
        on_finding: Callable[[int, Finding], None] = print_finding,
    ):
        self.model = model
        self.seconds = 0.0
        self.findings: dict[str, Finding] = {}
        self._batch = (x, y, sample_weight)
        self._probe = Probe(model)
        self._path = None if path is None else Path(path)
        self._writer = None
        if log_dir is not None:
            self._writer = tf.summary.create_file_writer(str(log_dir))
        self._on_finding = on_finding
        self._rows: list[dict[str, Any]] | None = None

    def record(self, step: int) -> dict[str, float]:
        """Measure, write a row, warn of what is new, and return the row.

        The first record takes seconds longer than the others, as the pass is compiled.

        Args:
            step: Steps of training done so far.
        """
        started = time.monotonic()
        measured = self._probe(*self._batch)
        row = {"step": step, **summary(measured)}
        for name, layer in recurrent_layers(self.model).items():
            for gate, (radius, largest) in recurrent_spectrum(layer, quick=True).items():
                row[f"{name}/{gate}_spectral_radius"] = radius
                row[f"{name}/{gate}_largest_singular_value"] = largest
        rows = self._earlier(step)
        rows.append(row)
        losses = [float(earlier["loss"]) for earlier in rows]
        for finding in diagnose(measured.flow, measured.gates, losses):
            if finding.kind not in ("healthy", *self.findings):
                self.findings[finding.kind] = finding
                self._on_finding(step, finding)
        row["seconds"] = time.monotonic() - started
        self._write(rows)
        self.seconds += time.monotonic() - started
        return row

    def _earlier(self, step: int) -> list[dict[str, Any]]:
        """Return the rows so far; at first those that a run which is resumed has left."""
        if self._rows is None:
            self._rows = []
            if self._path is not None and self._path.is_file() and step > 0:
                with self._path.open(newline="", encoding="utf-8") as file:
                    left = [row for row in csv.DictReader(file) if int(row["step"]) < step]
                self._rows = [dict(row) for row in left]
        return self._rows

    def _write(self, rows: list[dict[str, Any]]) -> None:
        row = rows[-1]
        if self._path is not None:
            with (
                replaced(self._path) as partial,
                partial.open("w", newline="", encoding="utf-8") as file,
            ):
                writer = csv.DictWriter(file, list(row), restval="", extrasaction="ignore")
                writer.writeheader()
                writer.writerows(rows)
        if self._writer is not None:
            with self._writer.as_default():
                for name, value in row.items():
                    tf.summary.scalar(f"diagnostics/{name}", value, step=row["step"])
            self._writer.flush()


def summary(measured: Measurement) -> dict[str, float]:
    """Return a measurement as one flat row of numbers.

    Args:
        measured: What a probe found.

    Returns:
        ``loss``, and for every layer ``<layer>/reach``, ``gradient_end``, ``gradient_growth``; for
        every gate ``<gate>_mean`` and ``<gate>_saturated``, and ``memory_steps``.
    """
    row = {"loss": measured.loss}
    for name, layer in measured.flow.layers.items():
        row |= {f"{name}/{key}": value for key, value in _of_flow(layer).items()}
        for gate in measured.gates.layers.get(name, {}).values():
            row |= {f"{name}/{key}": value for key, value in _of_gate(gate).items()}
    return row


def _of_flow(layer: LayerFlow) -> dict[str, float]:
    relative = layer.relative()
    known = relative[np.isfinite(relative)]
    return {
        "reach": layer.reach(),
        "gradient_end": float(layer.mean()[0]),
        "gradient_growth": float(known.max(initial=0.0)),
    }


def _of_gate(gate: Gate) -> dict[str, float]:
    row = {
        f"{gate.name}_mean": gate.mean,
        f"{gate.name}_saturated": gate.share_saturated,
    }
    if gate.keeps:
        row["memory_steps"] = float(np.median(gate.memory_steps()))
    return row
