"""Learning curves: losses, validation scores and the learning rate by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from seqsuite.metrics.metric import Metrics
from seqsuite.plotting import BLUE, COLORS, GREY, STYLES, blank_figure, save_figure

# Scores of the validation split that are losses, or bounds and details of another score.
_NOT_DRAWN = (
    "loss", "_low", "_high", "_error", "_unscaled", "precision", "recall", "_per_character",
    "perplexity", "solved",
)  # fmt: skip


def learning_curves(history: Sequence[dict[str, Any]], path: str | Path, metrics: Metrics) -> Path:
    """Draw losses, validation metrics and the learning rate over the epochs.

    Args:
        history: One row per epoch: ``epoch``, ``loss``, and optionally ``phase``,
            ``val_log_loss`` or ``val_nats_per_character``, ``val_<metric>``, ``learning_rate``.
            Earlier phases have panels of their own, since their losses differ.
        path: PNG file to write.
        metrics: What the validation metrics mean.

    Returns:
        ``path``.
    """
    phases = list(dict.fromkeys(row.get("phase", "train") for row in history))
    rows = {p: [row for row in history if row.get("phase", "train") == p] for p in phases}
    last = rows[phases[-1]] if phases else []
    names = _metric_names(last)
    panels = max(0, len(phases) - 1) + 1 + bool(names) + any("learning_rate" in r for r in last)
    figure = blank_figure((0.6 + 3.7 * panels, 3.9))
    axes = iter(np.atleast_1d(figure.subplots(1, panels)))
    for phase in phases[:-1]:
        axis = next(axes)
        _draw_series(axis, rows[phase], {"loss": "training"}, color=BLUE)
        axis.set(title=f"{phase}: loss", xlabel="epoch", ylabel="loss (nats)")
    axis = next(axes)
    validation = ("val_log_loss", "val_nats_per_character")
    shown = dict.fromkeys((name for name in validation if last and name in last[0]), "validation")
    _draw_series(axis, last, {**shown, "loss": "training"})
    of_errors = bool(names) and all(
        metrics[name.removeprefix("val_")].lower_is_better for name in names
    )
    # Of a forecast the loss may be a squared or an absolute error.
    axis.set(
        title="loss", xlabel="epoch", ylabel="loss" if of_errors else "loss (nats per example)"
    )
    axis.set_ylim(bottom=0)
    if names:
        axis = next(axes)
        shown = {name: name.removeprefix("val_").replace("_", " ") for name in names}
        _draw_series(axis, last, shown)
        best = "error (0" if of_errors else f"score ({_best_score(last, names)}"
        axis.set(title="validation", xlabel="epoch", ylabel=f"{best} is perfect)")
    for axis in axes:
        _draw_series(axis, last, {"learning_rate": ""}, color=GREY)
        axis.set(title="learning rate", xlabel="epoch", ylabel="at the epoch's last step")
        axis.set_ylim(bottom=0)
        axis.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
    return save_figure(figure, path)


def _metric_names(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return up to three validation scores worth a line, accuracies first."""
    names = dict.fromkeys(name for row in rows for name in row if name.startswith("val_"))
    drawn = [name for name in names if not name.endswith(_NOT_DRAWN) and "/" not in name]
    return sorted(drawn, key=lambda name: not name.startswith("val_accuracy"))[:3]


def _best_score(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> int:
    """Return the perfect score: 100 for percentages such as BLEU, 1 for shares."""
    return 100 if any((row.get(name) or 0) > 1 for row in rows for name in names) else 1


def _draw_series(
    axis: Axes, rows: Sequence[dict[str, Any]], names: dict[str, str], color: str | None = None
) -> None:
    for index, (name, label) in enumerate(names.items()):
        points = [(row["epoch"], row[name]) for row in rows if row.get(name) is not None]
        if points:
            shown = color or COLORS[index]
            axis.plot(*zip(*points, strict=True), STYLES[index], color=shown, label=label)
    # A single epoch would otherwise get an axis of fractions around it.
    axis.xaxis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))
    axis.margins(x=0.06, y=0.1)
    if sum(name in row for row in rows[:1] for name in names) > 1:
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2, columnspacing=1.0)
