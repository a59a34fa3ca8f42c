"""Plots of a run, drawn without pyplot and its global state."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font

from seqsuite.data.writing import replaced
from seqsuite.metrics.confusion import confusion_counts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which colour-blind readers tell apart; shapes and dashes tell them apart
# without any colour.
BLUE, _ORANGE, _GREEN, _PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#767676"
COLORS = (_ORANGE, BLUE, _GREEN, _PURPLE)
STYLES = ("s--", "o-", "^:", "d-.")
_DPI = 130
_MAX_COUNTED_LABELS = 25


def confusion_matrix(
    references: np.ndarray, predicted: np.ndarray, labels: Sequence[str], path: str | Path
) -> Path:
    """Draw the confusion matrix of labels.

    Args:
        references: True label ids, int ``(examples,)``.
        predicted: Answered label ids, int ``(examples,)``.
        labels: Label names; a name outside the font is shown as its number.
        path: PNG file to write.

    Returns:
        ``path``.
    """
    size = len(labels)
    counts = confusion_counts(references, predicted, size)
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    shown = [_short(label) for label in _drawable(labels)]
    longest = max(len(line) for label in shown for line in label.split("\n"))
    side = min(14.0, 2.4 + 0.09 * longest + (0.75 if size < 6 else 0.48) * size)
    figure = blank_figure((side + 1.2, side))
    axis = figure.subplots()
    image = axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    slanted: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    axis.set_xticks(range(size), shown, **(slanted if size > 3 else {}))
    axis.set_yticks(range(size), shown)
    axis.set(xlabel="answered", ylabel="true")
    _frame(axis, size)
    for row, column in np.ndindex(size, size) if size <= _MAX_COUNTED_LABELS else ():
        if size > 5 and not counts[row, column]:
            continue
        color = "white" if shares[row, column] > 0.55 else "#222222"
        text = f"{counts[row, column]:,}"
        if size < 6 and counts[row].sum():
            text += f"\n{shares[row, column]:.1%}"
        axis.text(
            column, row, text, ha="center", va="center", color=color, fontsize=8 if size < 16 else 7
        )
    bar = figure.colorbar(image, ax=axis, shrink=0.8)
    bar.set_label("share of the true label's examples")
    bar.outline.set_visible(False)
    return save_figure(figure, path)


def reliability_diagram(
    confidences: dict[str, np.ndarray],
    correct: np.ndarray,
    path: str | Path,
    num_bins: int = 15,
) -> Path:
    """Draw accuracy against confidence; calibrated probabilities lie on the diagonal.

    Args:
        confidences: Name (such as "before scaling") -> probability of each answer, float
            ``(examples,)``; at most four.
        correct: Whether each answer was right, bool ``(examples,)``.
        path: PNG file to write.
        num_bins: Bins of equal width.

    Returns:
        ``path``.
    """
    figure = blank_figure((5.2, 5.8))
    top, bottom = figure.subplots(2, 1, height_ratios=(3, 1), sharex=True)
    top.plot([0, 1], [0, 1], color=GREY, linewidth=1, label="perfect")
    width = 0.8 / num_bins / max(1, len(confidences))
    lowest = 1.0
    for index, (name, confidence) in enumerate(confidences.items()):
        color, style = COLORS[index % 4], STYLES[index % 4]
        bins = np.minimum((np.asarray(confidence) * num_bins).astype(int), num_bins - 1)
        counts = np.bincount(bins, minlength=num_bins)
        filled = np.flatnonzero(counts)
        mean = np.bincount(bins, weights=confidence, minlength=num_bins)[filled] / counts[filled]
        share = np.bincount(bins, weights=correct, minlength=num_bins)[filled] / counts[filled]
        # The few answers of a thin bin say little; small markers keep them from shouting.
        sizes = np.clip(6 * np.sqrt(counts[filled]), 12, 48)
        top.plot(mean, share, style[1:], color=color, linewidth=1.4)
        top.scatter(mean, share, s=sizes, marker=style[0], color=color, label=name, zorder=3)
        offset = (index - (len(confidences) - 1) / 2) * width
        centres = (np.arange(num_bins) + 0.5) / num_bins + offset
        bottom.bar(centres, counts, width=width, color=color)
        lowest = min(lowest, *(bins / num_bins)) if len(bins) else lowest
    floor = min([lowest, *(y for c in top.collections for _, y in c.get_offsets().tolist())])
    top.set(xlim=(lowest - 0.03, 1.03), ylim=(floor - 0.04, 1.04))
    top.set(ylabel="share of right answers")
    top.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=3, columnspacing=1.0)
    bottom.set(xlabel="probability of the answer", ylabel="answers")
    bottom.locator_params(axis="y", integer=True, nbins=4)
    return save_figure(figure, path)


def length_accuracy(lengths: Sequence[int], correct: np.ndarray, path: str | Path) -> Path:
    """Draw accuracy by length of the input, in bins of about equal counts, with 95 % intervals.

    Args:
        lengths: Words of each input.
        correct: Whether each answer was right, bool ``(examples,)``.
        path: PNG file to write.

    Returns:
        ``path``.
    """
    words, correct = np.asarray(lengths), np.asarray(correct, float)
    figure = blank_figure((6.6, 3.8))
    axis = figure.subplots()
    ticks = []
    for position, inside in enumerate(_bins_of_equal_counts(words)):
        count, share = int(inside.sum()), float(correct[inside].mean())
        low, high = _wilson_interval(share, count)
        axis.plot([position, position], [low, high], color=GREY, linewidth=1.5, zorder=1)
        axis.plot(position, share, "o", color=BLUE, zorder=2)
        shortest, longest = words[inside].min(), words[inside].max()
        span = f"{shortest}" if shortest == longest else f"{shortest}–{longest}"  # noqa: RUF001
        ticks.append(f"{span}\nn={count:,}")
    if len(correct):
        mean = float(correct.mean())
        axis.axhline(mean, color=_ORANGE, linewidth=1, linestyle="--", label=f"all: {mean:.1%}")
        axis.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0))
    axis.set_xticks(range(len(ticks)), ticks, fontsize=8)
    axis.set(xlabel="words in the text, number of texts", ylabel="share of right answers")
    axis.margins(x=0.06, y=0.12)
    return save_figure(figure, path)


def _bins_of_equal_counts(lengths: np.ndarray, num_bins: int = 8) -> Iterator[np.ndarray]:
    """Yield masks of neighbouring lengths; equal lengths share a bin."""
    if len(lengths) == 0:
        return
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, num_bins + 1)[1:], method="higher"))
    bins = np.searchsorted(edges, lengths, side="left")
    for index in np.unique(bins):
        yield bins == index


def _wilson_interval(share: float, count: int, z: float = 1.96) -> tuple[float, float]:
    """Return Wilson's binomial interval: inside [0, 1], and defined when all answers are right."""
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * np.sqrt(share * (1 - share) / count + (z / 2 / count) ** 2) / (1 + z * z / count)
    return max(0.0, centre - half), min(1.0, centre + half)


def _drawable(labels: Sequence[str]) -> list[str]:
    """Return labels; those that the font cannot draw are replaced by their numbers."""
    characters = get_font(findfont(FontProperties())).get_charmap()
    return [
        label if all(ord(character) in characters for character in label) else f"label {index}"
        for index, label in enumerate(labels)
    ]


def _short(label: str, width: int = 18) -> str:
    lines = textwrap.wrap(_plain(label), width) or [""]
    first = lines[0] if len(lines[0]) <= width else lines[0][: width - 1] + "…"
    if len(lines) == 1:
        return first
    return first + "\n" + (lines[1] if len(lines) == 2 else lines[1][: width - 1] + "…")


def _plain(text: str) -> str:
    # Matplotlib reads what stands between dollar signs as a formula.
    return text.replace("$", r"\$")


def _frame(axis: Axes, size: int) -> None:
    """Draw white lines between the cells of a matrix and no frame around it."""
    axis.grid(False)
    axis.spines[:].set_visible(False)
    axis.set_xticks(np.arange(size + 1) - 0.5, minor=True)
    axis.set_yticks(np.arange(size + 1) - 0.5, minor=True)
    axis.grid(which="minor", color="white", linewidth=1.5)
    axis.tick_params(which="both", length=0)


def blank_figure(size: tuple[float, float]) -> Figure:
    """Return a figure, size in inches, that is not registered with pyplot."""
    return Figure(figsize=size, layout="constrained")


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Write a figure in the common style and return ``path``."""
    for axis in figure.axes:
        if axis.get_images() or axis.get_label() == "<colorbar>":
            continue
        axis.grid(color="#DDDDDD", linewidth=0.7)
        axis.set_axisbelow(True)
        axis.spines[["top", "right"]].set_visible(False)
        axis.title.set_fontsize(10)
        legend = axis.get_legend()
        if legend is not None:
            legend.set_frame_on(False)
    with replaced(path) as partial:
        figure.savefig(partial, dpi=_DPI, format="png", bbox_inches="tight", pad_inches=0.12)
    return Path(path)
