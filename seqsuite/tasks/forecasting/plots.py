"""Pictures of forecasts: fans, errors by step and by origin, calibration, learned cycles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from seqsuite.plotting import blank_figure, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The colours of all pictures, which colour-blind readers tell apart; ours comes first.
_BLUE, _BLACK, _GREY = "#0072B2", "#222222", "#767676"
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#767676")
_SHADES = ("#E3EEF7", "#CFE3F2", "#A6CCE8", "#7DB4DC")
_STYLES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 3)))
_MARKERS = ("o", "s", "^", "d", "v", "P", "X")


@dataclass(frozen=True)
class Fan:
    """A forecast of one window, in the units of the data.

    Args:
        title: Above its panel.
        history: Values before the forecast, float ``(time,)``; NaN where missing.
        targets: What came true, float ``(steps,)``; NaN where missing or not known.
        mean: Point forecast, float ``(steps,)``.
        quantiles: float ``(steps, levels)``, or None.
        timestamps: Of history and forecast, seconds since 1970, int ``(time + steps,)``; None:
            steps are counted from the forecast on.
    """

    title: str
    history: np.ndarray
    targets: np.ndarray
    mean: np.ndarray
    quantiles: np.ndarray | None = None
    timestamps: np.ndarray | None = None


def fan_charts(
    fans: Sequence[Fan], levels: Sequence[float], path: str | Path, columns: int = 2
) -> Path:
    """Draw windows with what came before, what came true, and the forecast with its bands.

    Args:
        fans: Windows, a panel each.
        levels: Quantile levels, increasing; each pair that is symmetric about 0.5 is a band.
        path: PNG file to write.
        columns: Panels in a row.

    Returns:
        ``path``.
    """
    columns = max(1, min(columns, len(fans)))
    rows = max(1, -(-len(fans) // columns))
    figure = blank_figure((0.4 + 5.2 * columns, 0.6 + 2.7 * rows))
    axes = np.ravel(figure.subplots(rows, columns))
    for axis, fan in zip(axes, fans, strict=False):
        _draw_fan(axis, fan, levels)
    for axis in axes[len(fans) :]:
        axis.set_visible(False)
    if fans:
        # Not every window need have bands.
        pairs = [axis.get_legend_handles_labels() for axis in axes[: len(fans)]]
        entries = {
            label: handle
            for handles, labels in pairs
            for handle, label in zip(handles, labels, strict=True)
        }
        figure.legend(
            entries.values(), entries.keys(), loc="outside upper center", ncols=6, frameon=False
        )
    return save_figure(figure, path)


def error_by_step(
    errors: Mapping[str, np.ndarray],
    path: str | Path,
    label: str = "mean squared error (z-scored)",
) -> Path:
    """Draw how errors grow with the steps ahead, ours against the baselines'.

    Args:
        errors: Name -> error of each step ahead, float ``(steps,)``; ours first, at most seven.
        path: PNG file to write.
        label: What the errors are.

    Returns:
        ``path``.
    """
    figure = blank_figure((6.6, 4.0))
    axis = figure.subplots()
    for index, (name, values) in enumerate(errors.items()):
        steps = np.arange(1, len(values) + 1)
        marker = _MARKERS[index % 7] if len(values) < 20 else ""
        axis.plot(
            steps,
            values,
            color=_COLORS[index % 7],
            linestyle=_STYLES[index % 7],
            linewidth=2.0 if index == 0 else 1.2,
            marker=marker,
            markersize=4,
            label=_plain(name),
            zorder=3 if index == 0 else 2,
        )
    _cap_at_sane(axis, list(errors.values()))
    axis.set(title="error by steps ahead", xlabel="steps ahead", ylabel=label)
    _legend_outside(axis)
    return save_figure(figure, path)


def calibration_curve(
    levels: Sequence[float], observed: Mapping[str, np.ndarray], path: str | Path
) -> Path:
    """Draw the share of targets at or below each quantile; honest quantiles lie on the diagonal.

    Args:
        levels: Quantile levels.
        observed: Name -> share of targets at or below each, float ``(levels,)``; ours first.
        path: PNG file to write.

    Returns:
        ``path``.
    """
    figure = blank_figure((6.8, 5.0))
    axis = figure.subplots()
    axis.plot([0, 1], [0, 1], color=_GREY, linewidth=1, label="perfect")
    for index, (name, shares) in enumerate(observed.items()):
        axis.plot(
            levels,
            shares,
            color=_COLORS[index % 7],
            linestyle=_STYLES[index % 7],
            marker=_MARKERS[index % 7],
            markersize=5,
            linewidth=2.0 if index == 0 else 1.2,
            label=_plain(name),
        )
    axis.set(
        title="calibration of the quantiles",
        xlabel="level of the quantile",
        ylabel="share of targets at or below it",
        xlim=(-0.02, 1.02),
        ylim=(-0.02, 1.02),
    )
    axis.set_aspect("equal")
    grey = {"color": _GREY, "size": 8}
    axis.text(0.2, 0.98, "quantiles too high", grey, ha="center", va="center")
    axis.text(0.8, 0.02, "quantiles too low", grey, ha="center", va="center")
    _legend_outside(axis)
    return save_figure(figure, path)


def seasonal_cycles(
    cycles: Mapping[str, np.ndarray],
    path: str | Path,
    most: int = 6,
    names: Sequence[str] = (),
    label: str = "step of the cycle",
) -> Path:
    """Draw learned cycles, one panel for each length of a season.

    Args:
        cycles: Title -> one cycle of values, float ``(steps,)``, or several ``(cycles, steps)``,
            such as one for each series.
        path: PNG file to write.
        most: Cycles drawn in a panel; of more, evenly chosen ones.
        names: Whose each of several cycles is; may be empty.
        label: What a step of a cycle is.

    Returns:
        ``path``.
    """
    panels = max(1, len(cycles))
    figure = blank_figure((1.0 + 5.2 * panels, 3.4))
    axes = np.ravel(figure.subplots(1, panels))
    for axis, (title, values) in zip(axes, cycles.items(), strict=False):
        table = np.atleast_2d(values)
        chosen = np.unique(np.linspace(0, len(table) - 1, min(most, len(table))).round())
        for index, place in enumerate(chosen.astype(int)):
            axis.plot(
                np.arange(table.shape[1]),
                table[place],
                color=_COLORS[index % 7],
                linestyle=_STYLES[index % 7],
                marker=_MARKERS[index % 7] if table.shape[1] < 40 else "",
                markersize=4,
                linewidth=1.4,
                label=_plain(_short(names[place])) if len(names) else None,
            )
        axis.axhline(0, color=_GREY, linewidth=0.8)
        more = f", {len(chosen)} of {len(table):,}" if len(table) > len(chosen) else ""
        axis.set(title=_plain(title) + more, xlabel=label, ylabel="learned offset (z-scored)")
        axis.margins(x=0.02)
        axis.xaxis.get_major_locator().set_params(integer=True)
        if len(names):
            _legend_outside(axis)
    return save_figure(figure, path)


def backtest_strip(
    timestamps: np.ndarray,
    errors: Mapping[str, np.ndarray],
    path: str | Path,
    label: str = "mean absolute error (z-scored)",
    dated: bool = True,
) -> Path:
    """Draw the error of each forecast over the time at which it was made.

    Args:
        timestamps: When each forecast begins, seconds since 1970 or numbers of rows, int
            ``(forecasts,)``, in any order; forecasts of one time (of several series) are averaged.
        errors: Name -> error of each forecast, float ``(forecasts,)``; ours first.
        path: PNG file to write.
        label: What the errors are.
        dated: Whether `timestamps` are seconds since 1970, shown as dates.

    Returns:
        ``path``.
    """
    times, place = np.unique(np.asarray(timestamps, np.int64), return_inverse=True)
    figure = blank_figure((8.4, 3.4))
    axis = figure.subplots()
    for index, (name, values) in enumerate(errors.items()):
        known = np.isfinite(values)
        sums = np.bincount(place[known], np.asarray(values)[known], minlength=len(times))
        counts = np.bincount(place[known], minlength=len(times))
        mean = np.divide(sums, counts, out=np.full(len(times), np.nan), where=counts > 0)
        axis.plot(
            times.astype("datetime64[s]") if dated else times,
            mean,
            color=_COLORS[index % 7],
            linestyle=_STYLES[index % 7],
            marker=_MARKERS[index % 7] if len(times) < 60 else "",
            markersize=4,
            linewidth=1.8 if index == 0 else 1.1,
            label=_plain(name),
            zorder=3 if index == 0 else 2,
        )
    first = "time" if dated else "row"
    axis.set(title="error by origin", xlabel=f"first {first} that is forecast", ylabel=label)
    axis.set_ylim(bottom=0)
    if dated:
        _date_axis(axis)
    _legend_outside(axis)
    return save_figure(figure, path)


def _draw_fan(axis: Axes, fan: Fan, levels: Sequence[float]) -> None:
    past, steps = len(fan.history), len(fan.mean)
    if fan.timestamps is None:
        times = np.arange(1 - past, steps + 1)
        axis.set_xlabel("steps ahead")
    else:
        times = np.asarray(fan.timestamps, np.int64).astype("datetime64[s]")
        _date_axis(axis)
    before, after = times[:past], times[past:]
    # Two observations need a line between them, one alone a point.
    marker = "." if past + steps < 60 else ""
    axis.plot(before, fan.history, color=_GREY, linewidth=1.1, marker=marker, label="history")
    quantiles = np.zeros((steps, 0)) if fan.quantiles is None else fan.quantiles
    bands = _bands(levels) if quantiles.shape[1] else []
    for index, (low, high) in enumerate(bands):
        lower, upper = quantiles[:, low], quantiles[:, high]
        name = f"{round(100 * (levels[high] - levels[low]))} % interval"
        shade = _SHADES[max(0, index + len(_SHADES) - len(bands))]
        axis.fill_between(after, lower, upper, color=shade, linewidth=0, label=name)
    axis.plot(after, fan.targets, color=_BLACK, linewidth=1.2, marker=marker, label="truth")
    axis.plot(after, fan.mean, color=_BLUE, linewidth=1.6, linestyle="--", label="forecast")
    axis.axvline(after[0], color=_GREY, linewidth=0.8, linestyle=":")
    axis.set_title(_plain(fan.title))
    axis.margins(x=0.01)


def _bands(levels: Sequence[float]) -> list[tuple[int, int]]:
    """Return the places of levels symmetric about 0.5, the widest first, so that it lies below.

    Of more than there are shades, some are chosen: eyes do not tell more apart.
    """
    values = np.asarray(levels)
    pairs = [
        (int(low), int(high))
        for low in np.flatnonzero(values < 0.5)
        for high in np.flatnonzero(np.isclose(values, 1 - values[low], atol=1e-6))
    ]
    chosen = np.linspace(0, len(pairs) - 1, min(len(pairs), len(_SHADES))).round()
    return [sorted(pairs)[int(place)] for place in chosen]


def _date_axis(axis: Axes) -> None:
    locator = AutoDateLocator(minticks=3, maxticks=8)
    axis.xaxis.set_major_locator(locator)
    axis.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def _cap_at_sane(axis: Axes, curves: Sequence[np.ndarray]) -> None:
    """Cut off a baseline that is so far out that the others would lie flat on the axis."""
    highest = [float(np.nanmax(curve)) for curve in curves if np.isfinite(curve).any()]
    top = 3 * float(np.median(highest)) if highest else 0.0
    if top > 0 and max(highest) > top:
        axis.set_ylim(0, max(top, 1.05 * highest[0]))
    else:
        axis.set_ylim(bottom=0)


def _legend_outside(axis: Axes) -> None:
    if axis.get_lines():
        axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _short(name: str, width: int = 24) -> str:
    return name if len(name) <= width else name[: width - 1] + "…"


def _plain(text: str) -> str:
    # Matplotlib reads what stands between dollar signs as a formula.
    return text.replace("$", r"\$")
