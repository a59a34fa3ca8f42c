"""Pictures of a language model on a text: what its state remembers, and what that is worth."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from seqsuite.plotting import blank_figure, save_figure

_BLUE, _ORANGE = "#0072B2", "#D55E00"
_CELLS = 4
_PER_LINE = 80


def bits_by_context(windowed: np.ndarray, path: str | Path) -> Path:
    """Draw how many bits a character costs after how many characters of context.

    Args:
        windowed: Natural logarithms of probabilities, ``(windows, width)``; the i-th of a window
            has i characters before it, counted from 1.
        path: PNG file to write.

    Returns:
        ``path``.
    """
    bits = -windowed / np.log(2)
    mean = bits.mean(axis=0)
    error = 1.96 * bits.std(axis=0) / np.sqrt(len(bits))
    depth = np.arange(1, len(mean) + 1)
    # One mean for each stretch of a doubling: near the start single characters matter.
    edges = np.unique(np.minimum(np.round(2 ** np.arange(0, 20, 0.5)), len(mean) + 1)).astype(int)
    pairs = [(a, b) for a, b in pairwise(edges) if b > a]
    centres = [float(depth[a - 1 : b - 1].mean()) for a, b in pairs]
    values = [float(mean[a - 1 : b - 1].mean()) for a, b in pairs]
    margins = [float(error[a - 1 : b - 1].mean() / np.sqrt(b - a)) for a, b in pairs]
    figure = blank_figure((6.2, 3.8))
    axis = figure.subplots()
    axis.errorbar(centres, values, yerr=margins, fmt="o-", color=_BLUE, capsize=2)
    axis.set_xscale("log", base=2)
    axis.set(
        title="what context is worth",
        xlabel="characters of context",
        ylabel="bits per character (95 % interval)",
    )
    axis.set_ylim(bottom=0)
    return save_figure(figure, path)


def bits_along_text(stream: np.ndarray, path: str | Path, num_points: int = 200) -> Path:
    """Draw how many bits a character costs along the text, in a moving mean.

    Args:
        stream: Natural logarithms of probabilities, ``(characters,)``.
        path: PNG file to write.
        num_points: Stretches of the text, one point each.

    Returns:
        ``path``.
    """
    bits = -stream / np.log(2)
    parts = np.array_split(bits, max(1, min(num_points, len(bits) // 50)))
    ends = np.cumsum([len(part) for part in parts])
    means = [float(part.mean()) for part in parts]
    figure = blank_figure((7.4, 3.4))
    axis = figure.subplots()
    axis.plot(ends, means, color=_BLUE, linewidth=1.0)
    axis.axhline(float(bits.mean()), color=_ORANGE, linestyle="--", label="mean of the text")
    axis.legend(loc="upper right")
    axis.set(title="bits along the text", xlabel="character", ylabel="bits per character")
    return save_figure(figure, path)


def cells_along_text(text: str, activations: np.ndarray, path: str | Path) -> Path:
    """Write a text once for each of some cells, coloured by the cell's activation.

    Shown are the cells that change the most slowly for how much they change at all: they hold on to
    something, such as how far the line is.

    Args:
        text: The characters that were read.
        activations: State of each cell after each of them, ``(characters, cells)``.
        path: PNG file to write.

    Returns:
        ``path``.

    Reference:
        Karpathy, Johnson and Fei-Fei (2015), https://arxiv.org/abs/1506.02078
    """
    spread = activations.var(axis=0)
    change = np.square(np.diff(activations, axis=0)).mean(axis=0)
    # Cells that hardly move at all hold on to nothing.
    slow = np.where(spread > np.median(spread), spread / (change + 1e-9), 0.0)
    cells = np.argsort(-slow)[: min(_CELLS, activations.shape[1])]
    rows = -(-len(text) // _PER_LINE)
    figure = blank_figure((11.0, 0.26 * (rows + 2) * len(cells)))
    axes = np.atleast_1d(figure.subplots(len(cells), 1))
    for axis, cell in zip(axes, cells, strict=True):
        values = np.tanh(activations[:, cell])
        grid = np.full(rows * _PER_LINE, np.nan)
        grid[: len(values)] = values
        axis.imshow(
            grid.reshape(rows, _PER_LINE), cmap="RdBu", vmin=-1, vmax=1, aspect="auto", alpha=0.8
        )
        for index, character in enumerate(text):
            shown = character if character.isprintable() and ord(character) < 0x250 else "·"
            # A dollar would begin a formula.
            shown = "\\$" if shown == "$" else shown
            row, column = divmod(index, _PER_LINE)
            axis.text(column, row, shown, ha="center", va="center", fontsize=6, family="monospace")
        axis.set_title(f"cell {cell}", loc="left")
        axis.set_xticks([])
        axis.set_yticks([])
    return save_figure(figure, path)
