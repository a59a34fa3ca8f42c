"""Pictures of training dynamics; each says in its title how to read it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqsuite.plotting import blank_figure, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from seqsuite.diagnostics.flow import GradientFlow
    from seqsuite.diagnostics.gates import Gate, GateStatistics
    from seqsuite.diagnostics.jacobian import StateJacobian

_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_DASHES = ("-", "--", ":", "-.")
_GREY = "#767676"
# Smaller values are rounding; an axis down to them would flatten all that matters.
_SMALLEST = 1e-12


def plot_gradient_flow(flow: GradientFlow, path: str | Path) -> Path:
    """Draw how the gradient of every layer changes on its way back through time.

    Args:
        flow: From `gradient_flow`.
        path: PNG file to write.

    Returns:
        ``path``.
    """
    figure = blank_figure((10.5, 4.4))
    left, right = figure.subplots(1, 2)
    for index, (name, layer) in enumerate(flow.layers.items()):
        style = _style(index)
        _draw(left, layer.relative(), label=name, **style)
        low, median, high = layer.quantiles()
        _draw(right, median, label=name, **style)
        steps = np.arange(len(median))
        right.fill_between(
            steps, np.maximum(low, _SMALLEST), high, color=style["color"], alpha=0.15, linewidth=0
        )
    left.axhline(0.01, color=_GREY, linewidth=1, linestyle="--")
    left.annotate("1 %: gone", (0, 0.01), (2, 2), textcoords="offset points", fontsize=8)
    left.set(
        title="How far the end of the loss reaches back\nfalling: vanishes, rising: explodes",
        ylabel="gradient, as a multiple of its end value",
    )
    right.set(
        title="The whole loss's gradient at every step\nmedian of rows, band: 10 % to 90 %",
        ylabel="norm of the gradient of the state",
    )
    for axis in (left, right):
        axis.set(xlabel="steps back from each row's last", yscale="log")
    left.legend(fontsize=8)
    return save_figure(figure, path)


def plot_gate_statistics(statistics: GateStatistics, path: str | Path) -> Path:
    """Draw a histogram of every gate of every layer.

    Args:
        statistics: From `gate_statistics`.
        path: PNG file to write.

    Returns:
        ``path``.
    """
    layers = {name: gates for name, gates in statistics.layers.items() if gates}
    columns = max((len(gates) for gates in layers.values()), default=1)
    figure = blank_figure((0.8 + 2.7 * columns, 0.9 + 2.2 * max(1, len(layers))))
    axes = figure.subplots(max(1, len(layers)), columns, squeeze=False)
    for row, (name, gates) in zip(axes, layers.items(), strict=False):
        for axis, gate in zip(row, gates.values(), strict=False):
            _draw_gate(axis, gate)
        row[0].set_ylabel(f"{name}\nshare of values", fontsize=9)
        for axis in row[len(gates) :]:
            axis.set_visible(False)
    figure.suptitle(
        "Gates: bars in the shaded ends are stuck and learn slowly; "
        "a forget (GRU: update) gate near 1 remembers",
        fontsize=10,
    )
    return save_figure(figure, path)


def plot_state_jacobian(jacobian: StateJacobian, path: str | Path, name: str = "") -> Path:
    """Draw the singular values of a state's derivatives with respect to earlier states.

    Args:
        jacobian: From `state_jacobian`.
        path: PNG file to write.
        name: Of the layer, for the title.

    Returns:
        ``path``.
    """
    states = jacobian.singular_values
    figure = blank_figure((0.6 + 4.9 * len(states), 4.2))
    for axis, (state, values) in zip(
        np.atleast_1d(figure.subplots(1, len(states))), states.items(), strict=True
    ):
        logs = np.log(np.maximum(values, np.finfo(float).tiny))
        means = np.exp(np.mean(logs, axis=0, where=np.isfinite(logs)))
        for index in range(means.shape[1]):
            first = index == 0
            axis.plot(
                jacobian.lags,
                np.maximum(means[:, index], _SMALLEST),
                color=_COLORS[0] if first else _GREY,
                linewidth=1.8 if first else 0.7,
                label="largest" if first else ("next ones" if index == 1 else None),
            )
        axis.axhline(1.0, color=_COLORS[1], linewidth=1, linestyle="--", label="kept as it is")
        axis.set(
            title=f"{name} {state}: what is left of a change k steps before\n"
            "falling: forgotten, rising: blown up".strip(),
            xlabel="k, steps between the two states",
            ylabel="singular values of the Jacobian",
            yscale="log",
        )
        axis.legend(fontsize=8)
    return save_figure(figure, path)


def _style(index: int) -> dict:
    return {
        "color": _COLORS[index % len(_COLORS)],
        "linestyle": _DASHES[index // len(_COLORS) % len(_DASHES)],
        "linewidth": 1.5,
    }


def _draw(axis: Axes, values: np.ndarray, **style) -> None:
    axis.plot(np.arange(len(values)), np.maximum(values, _SMALLEST), **style)


def _draw_gate(axis: Axes, gate: Gate) -> None:
    shares = gate.counts / max(1, gate.counts.sum())
    # Pairs of bins: half of them say as much, and twice as clearly.
    edges, shares = gate.edges[::2], shares.reshape(-1, 2).sum(axis=1)
    axis.bar(edges[:-1], shares, width=np.diff(edges), align="edge", color=_COLORS[0])
    span = edges[-1] - edges[0]
    for start in (edges[0], edges[-1] - 0.05 * span):
        axis.axvspan(start, start + 0.05 * span, color=_COLORS[1], alpha=0.18, linewidth=0)
    title = f"{gate.name}: {gate.share_saturated:.0%} stuck"
    if gate.keeps:
        title += f"\nremembers {np.median(gate.memory_steps()):.3g} steps (median unit)"
    axis.set_title(title)
    axis.set_xlim(edges[0], edges[-1])
