"""Windows over many series: what a forecaster reads, and what comes after it.

The counterpart of ``EncodedExamples`` for series. Windows are never stored: each is the index of
its series and the row of its first target, found by arithmetic, so that memory grows with the rows
and not with windows. As in :mod:`seqsuite.data.batching`, the plan of an epoch is a pure function
of (windows, seed, epoch), which makes resuming exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from seqsuite.config import TrainingConfig
from seqsuite.tasks.forecasting.scales import SeriesScales


@dataclass(frozen=True)
class WindowSettings:
    """Which windows there are.

    Args:
        context_length: Rows of history at most.
        prediction_length: Rows that are forecast.
        shortest_horizon: Rows that a window must have left to forecast.
        shortest_history: Rows of history that a window must have, where its series has them.
        step: Rows between the origins of neighboring windows of a series.
        windows_per_epoch: Windows of an epoch of training, drawn anew for each; 0: all.
        teacher_forcing: ``future``: windows also tell what came after, as ``future_values``, for a
            decoder that reads it in training; ``all``: and the history is a target too, before the
            future.
        counts: Windows also tell what standardized their series, as ``center`` and ``scale``, and
            where the history is a target, targets are counts.
    """

    context_length: int
    prediction_length: int
    shortest_horizon: int
    shortest_history: int
    step: int = 1
    windows_per_epoch: int = 0
    teacher_forcing: Literal["none", "future", "all"] = "none"
    counts: bool = False


@dataclass(frozen=True)
class EncodedSeries:
    """Series end to end, standardized, and the windows over them.

    Args:
        names: Name of each series.
        values: float32 ``(rows,)``: all series, one after the other; 0 where missing.
        observed: bool ``(rows,)``: False where missing.
        starts: int64 ``(series + 1,)``: where each series begins; the last entry is ``rows``.
        first_targets: int64 ``(series,)``: no window of a series forecasts a row before this one.
        first_steps: int64 ``(series,)``: number of each series' first row on the time axis.
        series_index: int32 ``(series,)``: which series each is to the model; 0: none it knows.
        scales: What was subtracted from each series, and what it was divided by then.
        covariates: Name -> float32 or int32 ``(rows, columns)``; static ones
            ``(series, columns)``. Those whose name begins with ``future`` reach over what is
            forecast.
        settings: Which windows there are.

    Example:
        >>> series = EncodedSeries(
        ...     names=["a"],
        ...     values=np.arange(10, dtype=np.float32),
        ...     observed=np.ones(10, bool),
        ...     starts=np.array([0, 10]),
        ...     first_targets=np.array([0]),
        ...     first_steps=np.array([0]),
        ...     series_index=np.array([1], np.int32),
        ...     scales=SeriesScales(np.zeros(1), np.ones(1), np.ones(1)),
        ...     covariates={},
        ...     settings=WindowSettings(4, 2, shortest_horizon=2, shortest_history=4),
        ... )
        >>> series.num_windows
        5
        >>> window = series.batch(np.array([1]))
        >>> window["history"], series.target_batch(np.array([1]))
        (array([[1., 2., 3., 4.]], dtype=float32), array([[5., 6.]], dtype=float32))
    """

    names: list[str]
    values: np.ndarray
    observed: np.ndarray
    starts: np.ndarray
    first_targets: np.ndarray
    first_steps: np.ndarray
    series_index: np.ndarray
    scales: SeriesScales
    covariates: dict[str, np.ndarray]
    settings: WindowSettings

    def __post_init__(self):
        rows = np.diff(self.starts)
        # A series that has rows for one forecast gives a window, with what is left as history.
        spare = np.minimum(rows // 2, rows - self.settings.shortest_horizon)
        history = np.minimum(self.settings.shortest_history, np.maximum(1, spare))
        first = np.maximum(self.first_targets, history)
        past_last = rows - self.settings.shortest_horizon + 1
        counts = np.maximum(0, -(-(past_last - first) // self.settings.step))
        object.__setattr__(self, "_first", first)
        object.__setattr__(self, "_window_starts", np.concatenate([[0], np.cumsum(counts)]))

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def num_windows(self) -> int:
        """How many windows there are."""
        return int(self._window_starts[-1])  # type: ignore[attr-defined]

    @property
    def targets(self) -> np.ndarray:
        """All that is forecast somewhere; scores are taken window by window."""
        return self.values

    @property
    def specification(self) -> tuple[Any, ...]:
        """Shapes and dtypes of a batch: features, targets, and the numbers of the windows."""
        context, horizon = self.settings.context_length, self.settings.prediction_length
        features = {
            "history": tf.TensorSpec((None, context), tf.float32),
            "observed": tf.TensorSpec((None, context), tf.bool),
            "length": tf.TensorSpec((None,), tf.int32),
            "series_index": tf.TensorSpec((None,), tf.int32),
            "last_step": tf.TensorSpec((None,), tf.int64),
        }
        for name, column in self.covariates.items():
            steps = {"past": (context,), "future": (context + horizon,), "static": ()}
            axes = steps[name.partition("_")[0]]
            features[name] = tf.TensorSpec((None, *axes, column.shape[1]), column.dtype)
        if self.settings.teacher_forcing != "none":
            features["future_values"] = tf.TensorSpec((None, horizon), tf.float32)
        if self.settings.counts:
            features |= {name: tf.TensorSpec((None,), tf.float64) for name in ("center", "scale")}
        steps_scored = horizon + (context if self.settings.teacher_forcing == "all" else 0)
        targets = tf.TensorSpec((None, steps_scored), tf.float32)
        return features, targets, tf.TensorSpec((None,), tf.int64)

    def plan(self, training: TrainingConfig, epoch: int = 0) -> list[np.ndarray]:
        """Plan one epoch: the numbers of the windows of each batch, in random order.

        Args:
            training: Its ``max_batch_size`` is the number of windows in a batch.
            epoch: Makes every epoch another one.
        """
        generator = np.random.default_rng([training.seed, epoch])
        limit = self.settings.windows_per_epoch
        if limit and limit < self.num_windows:
            order = generator.choice(self.num_windows, limit, replace=False)
        else:
            order = generator.permutation(self.num_windows)
        return _cut(order, training.max_batch_size)

    def evaluation_plan(self, batch_size: int = 512, every: int = 1) -> list[np.ndarray]:
        """Return the numbers of all windows, or of every so many of them, in order.

        Args:
            batch_size: Windows of a batch.
            every: 1 gives all.
        """
        return _cut(np.arange(0, self.num_windows, every), batch_size)

    def locate(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return which series windows lie in, and the row there of their first target."""
        starts = self._window_starts  # type: ignore[attr-defined]
        series = np.searchsorted(starts, indices, side="right") - 1
        first = self._first[series]  # type: ignore[attr-defined]
        return series, first + (indices - starts[series]) * self.settings.step

    def batch(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        """Return what the model reads of the windows ``indices``.

        Histories are right-padded; ``last_step`` is the number of their last row on the time axis.
        """
        context, horizon = self.settings.context_length, self.settings.prediction_length
        series, origin = self.locate(indices)
        begin, length, real, rows = self._history_rows(indices)
        features = {
            "history": np.where(real, self.values[rows], np.float32(0)),
            "observed": real & self.observed[rows],
            "length": length.astype(np.int32),
            "series_index": self.series_index[series],
            "last_step": self.first_steps[series] + origin - 1,
        }
        for name, column in self.covariates.items():
            if name.startswith("static"):
                features[name] = column[series]
            elif name.startswith("future"):
                ahead = np.arange(context + horizon)
                known = ahead < length[:, None] + horizon
                # Beyond the end of the data nothing is known and nothing is scored: the last row
                # stands there.
                last = self.starts[series + 1] - 1
                places = np.minimum(begin[:, None] + ahead, last[:, None])
                features[name] = np.where(known[:, :, None], column[places], column.dtype.type(0))
            else:
                features[name] = np.where(real[:, :, None], column[rows], column.dtype.type(0))
        if self.settings.teacher_forcing != "none":
            features["future_values"] = self._future(indices)
        if self.settings.counts:
            features["center"] = self.scales.center[series]
            features["scale"] = self.scales.scale[series]
        return features

    def target_batch(self, indices: np.ndarray) -> np.ndarray:
        """Return what came after the windows, float32 ``(windows, time)``, NaN where unknown.

        Before it, with all of `teacher_forcing`, the ``context_length`` rows of the history.
        """
        future = self._future(indices)
        if self.settings.teacher_forcing != "all":
            return future
        _, _, real, rows = self._history_rows(indices)
        history = np.where(real & self.observed[rows], self.values[rows], np.float32(np.nan))
        targets = np.concatenate([history, future], axis=1)
        if self.settings.counts:
            targets = self.in_units(indices, targets).round().astype(np.float32)
        return targets

    def _history_rows(self, indices: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return where histories begin, their lengths, and which of their steps are which rows."""
        series, origin = self.locate(indices)
        length = np.minimum(origin, self.settings.context_length)
        begin = self.starts[series] + origin - length
        steps = np.arange(self.settings.context_length)
        real = steps < length[:, None]
        return begin, length, real, np.where(real, begin[:, None] + steps, 0)

    def _future(self, indices: np.ndarray) -> np.ndarray:
        series, origin = self.locate(indices)
        rows = (self.starts[series] + origin)[:, None] + np.arange(self.settings.prediction_length)
        inside = rows < self.starts[series + 1][:, None]
        rows = np.where(inside, rows, 0)
        return np.where(inside & self.observed[rows], self.values[rows], np.float32(np.nan))

    def history(self, number: int) -> np.ndarray:
        """Return the history of a window in the units of its series, NaN where missing."""
        window = self.batch(np.array([number]))
        length = int(window["length"][0])
        known = window["observed"][0, :length]
        history = np.where(known, window["history"][0, :length], np.nan)
        return self.in_units(np.array([number]), history[None])[0]

    def in_units(self, indices: np.ndarray, standardized: np.ndarray) -> np.ndarray:
        """Return numbers of the windows ``indices`` in the units of their series, float64.

        Args:
            indices: Numbers of windows.
            standardized: ``(windows, time)`` or ``(windows, time, levels)``.
        """
        series, _ = self.locate(indices)
        shape = (-1,) + (1,) * (standardized.ndim - 1)
        center, scale = self.scales.center[series], self.scales.scale[series]
        return standardized * scale.reshape(shape) + center.reshape(shape)

    def remaining(self, indices: np.ndarray) -> np.ndarray:
        """Return how many rows the series have from the windows' first target on."""
        series, origin = self.locate(indices)
        return self.starts[series + 1] - self.starts[series] - origin

    def count(self, indices: np.ndarray) -> int:
        """Return the rows of history that a batch holds."""
        _, origin = self.locate(indices)
        return int(np.minimum(origin, self.settings.context_length).sum())

    def rate_factor(self, indices: np.ndarray, training: TrainingConfig) -> float:
        """Return what the learning rate is multiplied by for a batch: always 1."""
        return 1.0

    def summary(self, plan: Sequence[np.ndarray]) -> str:
        """Return one line on the batches of an epoch."""
        windows = sum(map(len, plan))
        return (
            f"{len(plan)} batches an epoch: {windows:,} of {self.num_windows:,} windows over "
            f"{len(self):,} series"
        )


def _cut(order: np.ndarray, size: int) -> list[np.ndarray]:
    return [order[start : start + size] for start in range(0, len(order), size)]
