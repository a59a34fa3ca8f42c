"""How the gradient of a loss travels back through time, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seqsuite.diagnostics.plots import plot_gradient_flow


@dataclass(frozen=True)
class LayerFlow:
    """Norms of a loss's gradient with respect to the hidden states of one layer.

    Both arrays are measured back from each row's last real step, which is column 0; where a row has
    no such step they hold NaN. In a layer that goes backwards the last step is the first input.

    Args:
        norms: float32 ``(rows, time)``: the gradient of the whole loss with respect to the hidden
            state, by whatever way it comes. Where every step has a loss, or outputs are pooled or
            attended to, it stays large at all steps and says nothing about memory.
        carried: float32 ``(rows, time)``: of the gradient that enters at the layer's last output
            alone, what comes to earlier steps through the layer's own recurrence; with respect to
            all states that are handed on, so of an LSTM the hidden state and the memory together.
            In a SimpleRNN or GRU of which only the last output is used it is the same as `norms`.
    """

    norms: np.ndarray
    carried: np.ndarray

    @property
    def length(self) -> int:
        """Steps of the longest row."""
        return int((~np.isnan(self.carried)).sum(axis=1).max(initial=0))

    def mean(self) -> np.ndarray:
        """Return the mean over rows of `norms` for every step back, ``(time,)``."""
        return _column_means(self.norms)

    def quantiles(self, shares: tuple[float, ...] = (0.1, 0.5, 0.9)) -> np.ndarray:
        """Return quantiles over rows of `norms`, ``(len(shares), time)``."""
        found = np.full((len(shares), self.norms.shape[1]), np.nan)
        filled = ~np.isnan(self.norms).all(axis=0)
        found[:, filled] = np.nanquantile(self.norms[:, filled], shares, axis=0)
        return found

    def relative(self) -> np.ndarray:
        """Return the carried gradient as a multiple of its value at the end, ``(time,)``.

        Norms are summed over the rows that have the step, at the step and at their ends. NaN where
        the end gets no gradient, or one without a value.
        """
        real = ~np.isnan(self.carried)
        at_step = np.where(real, self.carried, 0.0).sum(axis=0, dtype=np.float64)
        at_end = np.where(real, self.carried[:, :1], 0.0).sum(axis=0, dtype=np.float64)
        known = (at_end > 0) & np.isfinite(at_end)
        return np.divide(at_step, at_end, out=np.full(len(at_end), np.nan), where=known)

    def reach(self, fraction: float = 0.01) -> int:
        """Return over how many steps back the end of the loss still reaches.

        Args:
            fraction: Of the end value, under which the gradient counts as gone.

        Returns:
            Steps back to the first at which the mean norm lies under `fraction` of that at the end
            and stays there; the length of the longest row if there is none.
        """
        over = np.flatnonzero(self.relative() >= fraction)
        return int(over[-1]) + 1 if len(over) else 0


@dataclass(frozen=True)
class GradientFlow:
    """The gradient flow of all recurrent layers of a model.

    Args:
        layers: Layer -> its norms, in the order in which the layers run.
    """

    layers: dict[str, LayerFlow]

    @classmethod
    def from_gradients(
        cls, norms: Mapping[str, Any], carried: Mapping[str, Any], real: Mapping[str, Any]
    ) -> GradientFlow:
        """Align norms ``(rows, time)`` in the order of the loop at each row's last real step."""
        return cls(
            {
                name: LayerFlow(
                    _from_the_end(norms[name], real[name]), _from_the_end(carried[name], real[name])
                )
                for name in norms
            }
        )

    def reach(self, fraction: float = 0.01) -> dict[str, int]:
        """Return the `LayerFlow.reach` of every layer."""
        return {name: layer.reach(fraction) for name, layer in self.layers.items()}

    def plot(self, path: str | Path) -> Path:
        """Draw the norms of every layer over the steps back and return ``path``."""
        return plot_gradient_flow(self, path)


def _from_the_end(values: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Turn time around and let every row start at its last real step; NaN at padding."""
    steps = values.shape[1]
    last = np.where(real.any(axis=1), steps - 1 - real[:, ::-1].argmax(axis=1), -1)
    index = last[:, None] - np.arange(steps)
    inside = (index >= 0) & np.take_along_axis(real, np.maximum(index, 0), axis=1)
    return np.where(inside, np.take_along_axis(values, np.maximum(index, 0), axis=1), np.nan)


def _column_means(values: np.ndarray) -> np.ndarray:
    filled = ~np.isnan(values)
    total = np.where(filled, values, 0.0).sum(axis=0, dtype=np.float64)
    count = filled.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
