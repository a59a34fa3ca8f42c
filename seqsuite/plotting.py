"""Pictures of a run. Figures are drawn without pyplot, so no global state is touched."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

# Okabe and Ito's colours, which colour-blind readers tell apart.
_BLUE, _ORANGE, _GREY = "#0072B2", "#D55E00", "#777777"


def learning_curves(history: Sequence[dict[str, Any]], path: Path) -> Path:
    """Draw loss and validation metrics over the epochs of the last phase.

    Args:
        history: One row per epoch: ``phase``, ``epoch``, ``loss``, ``val_...``.
        path: PNG file to write.

    Returns:
        ``path``.
    """
    rows = [row for row in history if row["phase"] == history[-1]["phase"]]
    epochs = [row["epoch"] for row in rows]
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(epochs, [row["loss"] for row in rows], "o-", color=_BLUE, label="training loss")
    if all("val_log_loss" in row for row in rows):
        values = [row["val_log_loss"] for row in rows]
        left.plot(epochs, values, "s--", color=_ORANGE, label="validation loss")
    left.set(xlabel="epoch", ylabel="loss (nats per example)", ylim=(0, None))
    names = [name for name in rows[0] if name in ("val_accuracy", "val_accuracy_recurrent_alone")]
    for name, color, marker in zip(names, (_ORANGE, _BLUE), ("s--", "o-"), strict=False):
        label = name.removeprefix("val_").replace("_", " ")
        right.plot(epochs, [row[name] for row in rows], marker, color=color, label=label)
    right.set(xlabel="epoch", ylabel="on validation")
    for axis in (left, right):
        axis.grid(alpha=0.3)
        axis.xaxis.get_major_locator().set_params(integer=True)
        if axis.get_legend_handles_labels()[0]:
            axis.legend(frameon=False)
    return _save(figure, path)


def confusion_matrix(
    references: np.ndarray, predicted: np.ndarray, labels: Sequence[str], path: Path
) -> Path:
    """Draw how often each label was answered for each true label.

    Args:
        references: True label ids, int ``(examples,)``.
        predicted: Answered label ids, int ``(examples,)``.
        labels: Label names.
        path: PNG file to write.

    Returns:
        ``path``.
    """
    size = len(labels)
    counts = np.zeros((size, size), int)
    np.add.at(counts, (np.asarray(references), np.asarray(predicted)), 1)
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    side = min(14, 2.6 + 0.55 * size)
    figure = Figure(figsize=(side + 1, side), layout="constrained")
    axis = figure.subplots()
    image = axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    shown = [label if len(label) <= 18 else label[:17] + "…" for label in labels]
    axis.set_xticks(range(size), shown, rotation=45 if size > 3 else 0, ha="center")
    axis.set_yticks(range(size), shown)
    axis.set(xlabel="answered", ylabel="true")
    if size <= 15:
        for row, column in np.ndindex(size, size):
            color = "white" if shares[row, column] > 0.5 else "black"
            text = f"{counts[row, column]:,}"
            axis.text(column, row, text, ha="center", va="center", color=color, fontsize=8)
    figure.colorbar(image, label="share of the true label", shrink=0.8)
    return _save(figure, path)


def reliability_diagram(
    confidences: dict[str, np.ndarray], correct: np.ndarray, path: Path, num_bins: int = 15
) -> Path:
    """Draw accuracy against confidence; honest probabilities lie on the diagonal.

    Args:
        confidences: Name (such as "before scaling") -> probability of each answer.
        correct: Whether each answer was right, bool ``(examples,)``.
        path: PNG file to write.
        num_bins: Bins of equal width.

    Returns:
        ``path``.
    """
    figure = Figure(figsize=(5, 5.6), layout="constrained")
    top, bottom = figure.subplots(2, 1, height_ratios=(3, 1), sharex=True)
    top.plot([0, 1], [0, 1], color=_GREY, linewidth=1, label="perfect")
    styles = zip(("o--", "s-"), (_ORANGE, _BLUE), strict=True)
    for (name, confidence), (marker, color) in zip(confidences.items(), styles, strict=False):
        bins = np.minimum((confidence * num_bins).astype(int), num_bins - 1)
        counts = np.bincount(bins, minlength=num_bins)
        filled = counts > 0
        mean = np.bincount(bins, weights=confidence, minlength=num_bins)[filled] / counts[filled]
        accuracy = np.bincount(bins, weights=correct, minlength=num_bins)[filled] / counts[filled]
        top.plot(mean, accuracy, marker, color=color, label=name)
        centres = (np.flatnonzero(filled) + 0.5) / num_bins
        offset = -0.012 if color == _ORANGE else 0.012
        bottom.bar(centres + offset, counts[filled], width=0.024, color=color)
    top.set(ylabel="share of right answers", ylim=(0, 1.02), xlim=(0, 1.02))
    top.legend(frameon=False)
    bottom.set(xlabel="probability of the answer", ylabel="answers")
    for axis in (top, bottom):
        axis.grid(alpha=0.3)
    return _save(figure, path)


def length_accuracy(lengths: Sequence[int], correct: np.ndarray, path: Path) -> Path:
    """Draw accuracy by length of the input, with 95 % intervals.

    Args:
        lengths: Words of each input.
        correct: Whether each answer was right, bool ``(examples,)``.
        path: PNG file to write.

    Returns:
        ``path``.
    """
    lengths = np.asarray(lengths)
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, 9)))
    bins = np.clip(np.searchsorted(edges, lengths, side="right") - 1, 0, max(0, len(edges) - 2))
    figure = Figure(figsize=(6.5, 3.6), layout="constrained")
    axis = figure.subplots()
    for index in np.unique(bins):
        inside = bins == index
        count, share = int(inside.sum()), float(np.mean(correct[inside]))
        # Wilson's interval stays inside [0, 1] and is defined when all answers are right.
        z = 1.96
        centre = (share + z * z / (2 * count)) / (1 + z * z / count)
        half = z / (1 + z * z / count) * np.sqrt(share * (1 - share) / count + (z / 2 / count) ** 2)
        x = float(np.median(lengths[inside]))
        axis.plot([x, x], [centre - half, centre + half], color=_GREY, linewidth=1.5, zorder=1)
        axis.plot(x, share, "o", color=_BLUE, zorder=2)
        note = {"textcoords": "offset points", "xytext": (6, 4), "fontsize": 7, "color": _GREY}
        axis.annotate(f"n={count:,}", (x, share), **note)
    axis.set(xlabel="words in the text (median of the bin)", ylabel="share of right answers")
    axis.grid(alpha=0.3)
    return _save(figure, path)


def _save(figure: Figure, path: Path) -> Path:
    with warnings.catch_warnings():
        # A script the font lacks is drawn as boxes; that is no reason to fail a run.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(path, dpi=130)
    return path
