"""Series of numbers in, standardized windows out, and forecasts back in the units of the input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.preprocessor import Preprocessor
from seqsuite.tasks.forecasting.batches import EncodedSeries, WindowSettings
from seqsuite.tasks.forecasting.covariates import LARGEST, CovariateEncoder
from seqsuite.tasks.forecasting.data.series import Series
from seqsuite.tasks.forecasting.scales import SeriesScales, training_scales
from seqsuite.tasks.forecasting.time_axis import step_numbers
from seqsuite.text.lookup_tables import lookup_table

# Of the largest value: what differs by less differs by rounding alone.
Tensor = Any
NOT_VARYING = 1e-12


@keras.saving.register_keras_serializable(package="seqsuite")
class SeriesPreprocessor(Preprocessor):
    """Standardize series by their training rows, and cut windows from them.

    A series that training did not know is standardized by the history that is given of it. Numbers
    are standardized in float64, so that a small movement of large numbers is not lost.

    Args:
        context_length: Rows of history that a model reads.
        prediction_length: Rows that it forecasts.
        shortest_horizon: Rows that a window must have left to forecast.
        windows_per_epoch: Windows of an epoch of training; 0: all.
        covariates: Role (``past``, ``future``, ``static``) -> names of columns.
        season_steps: Steps of a season, for the seasonal naive forecast.
        teacher_forcing: What else a model in training is told of a window; see `WindowSettings`.
        counts: The values are counts, and a model is told what standardized them.
        **kwargs: Keras layer arguments.

    Attributes:
        frequency: Step of the time axis, set by :meth:`adapt` like all but the offsets.
        unique_ids: Names of the series known.
        centers: Mean of each series' training rows.
        scales: Their standard deviation; the size of a constant series, or 1.
        covariate_config: What is known of covariates.
        has_missing: Whether training rows lack values; a model is told then which do.
        offsets: Conformal corrections ``(prediction_length, levels)`` in standard deviations, or
            None; set on validation.

    Call arguments:
        features: ``history`` float64 ``(batch, time)``, right-padded, NaN where missing;
            ``length`` int32 ``(batch,)``; ``end`` int64 ``(batch,)``, time of the last row in
            seconds since 1970 (UTC); ``unique_id`` string ``(batch,)``; and, where asked for,
            ``past_covariates`` float64 and ``past_categories`` string ``(batch, time, columns)``,
            ``future_covariates`` and ``future_categories``
            ``(batch, time + prediction_length, columns)``, ``static_covariates`` and
            ``static_categories`` ``(batch, columns)``.

    Returns:
        ``history`` float32 ``(batch, context_length)``, standardized, 0 where missing; ``observed``
        bool of that shape; ``length`` and ``series_index`` int32, ``last_step`` int64 ``(batch,)``;
        ``center`` and ``scale`` float64 ``(batch,)``; and covariates.
    """

    ragged_features = ()
    state_names = (
        "frequency", "unique_ids", "centers", "scales", "covariate_config", "has_missing",
        "offsets", "unknown_offsets",
    )  # fmt: skip

    def __init__(
        self,
        context_length: int,
        prediction_length: int,
        shortest_horizon: int | None = None,
        windows_per_epoch: int = 0,
        season_steps: int = 1,
        covariates: dict[str, Sequence[str]] | None = None,
        teacher_forcing: Literal["none", "future", "all"] = "none",
        counts: bool = False,
        **kwargs,
    ):
        # No autocast: Keras would round float64 on its way in.
        super().__init__(autocast=False, **kwargs)
        self.context_length = context_length
        self.prediction_length = prediction_length
        self.shortest_horizon = shortest_horizon or prediction_length
        self.windows_per_epoch = windows_per_epoch
        self.season_steps = season_steps
        self.covariates = {role: list(names) for role, names in (covariates or {}).items()}
        self.teacher_forcing = teacher_forcing
        self.counts = counts
        self.frequency = ""
        self.unique_ids: list[str] = []
        self.centers: list[float] = []
        self.scales: list[float] = []
        self.covariate_config: dict | None = None
        self.has_missing = False
        self.offsets: list[list[float]] | None = None
        self.unknown_offsets: list[list[float]] | None = None
        self._build_tables()

    def adapt(self, examples: Examples) -> None:
        """Learn ids, means and standard deviations from training rows, and what covariates hold.

        Raises:
            UserError: Values that must be counts are not.
        """
        series = examples.features["series"]
        if self.counts:
            _check_counts(series)
        self.frequency = next((s.frequency for s in series if s.frequency), "")
        self.unique_ids = [s.unique_id for s in series]
        scales = training_scales([one.target for one in series], self.season_steps)
        self.centers, self.scales = scales.center.tolist(), scales.scale.tolist()
        self.has_missing = any(np.isnan(s.target).any() for s in series)
        encoder = CovariateEncoder(self.covariates)
        encoder.adapt(series)
        self.covariate_config = encoder.config
        self._build_tables()

    def _build_tables(self) -> None:
        self.covariate_encoder = CovariateEncoder(self.covariates, self.covariate_config)
        # An exported model holds what is an attribute of a layer, but does not look into dicts.
        self._covariate_tables = tf.Module()
        self._covariate_tables.tables = self.covariate_encoder.tables
        self._index = {name: i + 1 for i, name in enumerate(self.unique_ids)}
        self._table = lookup_table(self.unique_ids) if self.unique_ids else None

    @property
    def num_series(self) -> int:
        """How many series training knew."""
        return len(self.unique_ids)

    def encode(self, examples, training=False, chunk=512):  # type: ignore[override]
        """Return all windows of all series, over standardized values."""
        series = examples.features["series"]
        scales = self.scales_of(series)
        starts = np.concatenate([[0], np.cumsum([one.num_rows for one in series], dtype=np.int64)])
        values, observed = np.empty(starts[-1], np.float32), np.empty(starts[-1], bool)
        for index, one in enumerate(series):
            center, scale = scales.center[index], scales.scale[index]
            rows, known = slice(starts[index], starts[index + 1]), np.isfinite(one.target)
            standardized = (np.where(known, one.target, center) - center) / scale
            values[rows] = np.clip(standardized, -LARGEST, LARGEST)
            observed[rows] = known
        first_times = np.array([one.timestamps[0] for one in series], np.int64)
        return EncodedSeries(
            names=[one.unique_id for one in series],
            values=values,
            observed=observed,
            starts=starts,
            first_targets=np.array([one.first_target for one in series], np.int64),
            first_steps=step_numbers(first_times, self.frequency).numpy(),
            series_index=np.array([self._index.get(one.unique_id, 0) for one in series], np.int32),
            scales=scales,
            covariates=self.covariate_encoder.encode(series),
            settings=self.window_settings(training),
        )

    def to_tensors(self, examples):
        """Return what comes before the forecasts that a split is for, as ``call`` takes it."""
        series = examples.features["series"]
        origins = [one.first_target or one.num_rows for one in series]
        size = max(1, *origins)
        history = np.full((len(series), size), np.nan)
        for row, one, origin in zip(history, series, origins, strict=True):
            row[:origin] = one.target[:origin]
        ends = [one.timestamps[origin - 1] for one, origin in zip(series, origins, strict=True)]
        tensors = {
            "history": tf.constant(history),
            "length": tf.constant(origins, tf.int32),
            "end": tf.constant(ends, tf.int64),
            "unique_id": tf.constant([one.unique_id for one in series]),
        }
        ahead = self.prediction_length
        return tensors | self.covariate_encoder.raw_batch(series, origins, size, ahead)

    def window_settings(self, training: bool) -> WindowSettings:
        """Return which windows are cut: in training, some of any length of history."""
        return WindowSettings(
            context_length=self.context_length,
            prediction_length=self.prediction_length,
            shortest_horizon=self.shortest_horizon,
            shortest_history=self.context_length if training else 1,
            windows_per_epoch=self.windows_per_epoch if training else 0,
            teacher_forcing=self.teacher_forcing if training else "none",
            counts=self.counts,
        )

    def scales_of(self, series: Sequence[Series]) -> SeriesScales:
        """Return the scales of series: those of training, else of what precedes their forecasts.

        The error of the seasonal naive forecast, which MASE divides by, is that on all rows before
        the forecasts, as M4 has it.
        """
        past = [one.target[: one.first_target or None] for one in series]
        found = training_scales(past, self.season_steps)
        for row, one in enumerate(series):
            known = self._index.get(one.unique_id, 0) - 1
            if known >= 0:
                found.center[row], found.scale[row] = self.centers[known], self.scales[known]
        return found

    def encode_labels(self, labels):
        """Return nothing: a series is its own label."""
        return np.zeros(0, np.int32)

    def call(self, features):
        """Cut a batch of raw histories to what the model reads, and standardize it."""
        history = tf.cast(features["history"], tf.float64)
        given = tf.clip_by_value(tf.cast(features["length"], tf.int32), 0, tf.shape(history)[1])
        begin = tf.maximum(given - self.context_length, 0)
        length = given - begin
        history = _window(history, begin, self.context_length)
        real = tf.sequence_mask(length, self.context_length)
        known = tf.logical_and(real, tf.math.is_finite(history))
        history = tf.where(known, history, 0.0)
        index = self._series_index(features["unique_id"])
        center, scale = self._standardization(history, known, index)
        standardized = (history - center[:, None]) / scale[:, None]
        # What training never came near must not leave the numbers that float32 has.
        standardized = tf.clip_by_value(standardized, -LARGEST, LARGEST)
        encoded = {
            "history": tf.cast(tf.where(known, standardized, 0.0), tf.float32),
            "observed": known,
            "length": length,
            "series_index": index,
            "last_step": step_numbers(features["end"], self.frequency),
            "center": center,
            "scale": scale,
        }
        for name, column in self.covariate_encoder(features).items():
            ahead = self.prediction_length if name.startswith("future") else 0
            if name.startswith("static"):
                encoded[name] = column
            else:
                encoded[name] = _window(column, begin, self.context_length + ahead)
        return encoded

    def decode(self, outputs):
        """Return nothing new: forecasts are put back into units where they are served."""
        return {"forecast": outputs}

    def _series_index(self, unique_id: tf.Tensor) -> tf.Tensor:
        if self._table is None:
            return tf.zeros(tf.shape(unique_id), tf.int32)
        # The table counts from 2, and says 1 for what it does not know.
        index = self._table.lookup(unique_id) - 1
        # A series without a name is the only one that there is.
        return tf.where(unique_id == "", 1, index) if self.num_series == 1 else index

    def _standardization(self, history, known, index) -> tuple[tf.Tensor, tf.Tensor]:
        """Return center and scale: those learned, or of the history itself."""
        own_center, own_scale = own_standardization(history, known)
        centers = tf.constant([0.0, *self.centers], tf.float64)
        scales = tf.constant([1.0, *self.scales], tf.float64)
        center = tf.where(index > 0, tf.gather(centers, index), own_center)
        return center, tf.where(index > 0, tf.gather(scales, index), own_scale)


def own_standardization(history: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of each window, both float64 ``(batch,)``.

    The scale of a window that does not vary is its largest magnitude, or 1.

    Args:
        history: float64 ``(batch, time)``, 0 where missing.
        known: Bool ``(batch, time)``.
    """
    # Divided by the largest value first, so that no square is too large for a number.
    largest = tf.reduce_max(tf.abs(history), axis=1, keepdims=True)
    largest = tf.where(largest > 0, largest, 1.0)
    small = history / largest
    count = tf.maximum(tf.reduce_sum(tf.cast(known, tf.float64), axis=1, keepdims=True), 1.0)
    mean = tf.reduce_sum(small, axis=1, keepdims=True) / count
    squares = tf.where(known, tf.square(small - mean), 0.0)
    deviation = tf.sqrt(tf.reduce_sum(squares, axis=1, keepdims=True) / count)
    center, scale = (mean * largest)[:, 0], (deviation * largest)[:, 0]
    return center, tf.where(deviation[:, 0] > NOT_VARYING, scale, largest[:, 0])


def _check_counts(series: Sequence[Series]) -> None:
    """Refuse values that are no counts: a distribution of counts has no density for them."""
    for one in series:
        wrong = np.isfinite(one.target) & ((one.target < 0) | (one.target != np.round(one.target)))
        if wrong.any():
            raise UserError(
                f"model.distribution negative_binomial is of counts, whole numbers from 0 on, and "
                f"series {one.unique_id} has {one.target[wrong][0]:g}: choose student_t or normal."
            )


def _window(values: tf.Tensor, begin: tf.Tensor, size: int) -> tf.Tensor:
    """Return ``size`` steps of each row from ``begin`` on, zeros past the end."""
    rest = [[0, 0]] * (values.shape.rank - 2)
    padded = tf.pad(values, [[0, 0], [0, size], *rest])
    return tf.gather(padded, begin[:, None] + tf.range(size), batch_dims=1)
