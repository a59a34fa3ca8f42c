"""Configuration of the forecasting task."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from seqsuite.config import MAX_INT, FileDataConfig, TrainingConfig, check_ranges
from seqsuite.configuration.conditions import Condition, unless, when
from seqsuite.errors import UserError


@dataclass(frozen=True)
class ForecastDataConfig(FileDataConfig):
    """Which series are read, and what is forecast of them.

    Args:
        context_length: Rows of history that the model reads at most.
        prediction_length: Rows that it forecasts.
        horizons: Horizons that are scored, each over every window; none: prediction_length alone.
            One model forecasts all of them.
        season_steps: Rows of a season, for the seasonal naive forecast and MASE (0: the source's).
        past_covariates: Columns known up to the present.
        future_covariates: Columns known ahead (calendar, prices, plans).
        static_covariates: Columns that never change within a series.
        time_column: Column of times in a file.
        id_column: Column that tells the series of a file apart.
        target_column: Column that is forecast; a file without it has a column for each series.
        frequency: Step of the time axis (15min, 1h, 1d, 1MS); absent: found from the times.
        decimal_comma: Numbers are written 1,5.
        thousands: Separator of thousands: comma (1,005), point (1.005), space (1 005) or apostrophe
            (1'005).
        timezone: Where times without an offset were written (Europe/Berlin); absent: UTC.
        validation_length: Rows at the end of training for validation (0: a tenth).
        test_length: Rows at the end for the test, where no file is given (0: a fifth).
    """

    read_when: ClassVar[dict[str, Condition]] = {
        "test_length": when("source", "files") & unless("test"),
        "frequency": when("source", "files"),
    }

    context_length: int = 48
    prediction_length: int = 24
    horizons: tuple[int, ...] = ()
    season_steps: int = 0
    past_covariates: tuple[str, ...] = ()
    future_covariates: tuple[str, ...] = ()
    static_covariates: tuple[str, ...] = ()
    time_column: str = "ds"
    id_column: str = "unique_id"
    target_column: str = "y"
    frequency: str | None = None
    decimal_comma: bool = False
    thousands: Literal["none", "comma", "point", "space", "apostrophe"] = "none"
    timezone: str | None = None
    validation_length: int = 0
    test_length: int = 0

    def __post_init__(self):
        super().__post_init__()
        check_ranges(self, dict.fromkeys(("context_length", "prediction_length"), (1, math.inf)))
        counts = ("season_steps", "validation_length", "test_length")
        check_ranges(self, dict.fromkeys(counts, (0, math.inf)))
        if self.thousands == ("comma" if self.decimal_comma else "point"):
            mark = "decimal comma" if self.decimal_comma else "decimal point"
            raise UserError(
                f"data.thousands {self.thousands} is the {mark} too: set data.decimal_comma to "
                f"{str(not self.decimal_comma).lower()}."
            )
        if self.horizons and not 1 <= min(self.horizons) <= max(self.horizons) <= (
            self.prediction_length
        ):
            raise UserError(
                f"data.horizons must lie between 1 and data.prediction_length, "
                f"{self.prediction_length}. Found: {list(self.horizons)}."
            )

    @property
    def scored_horizons(self) -> tuple[int, ...]:
        """The horizons, ascending."""
        return tuple(sorted({*self.horizons} or {self.prediction_length}))

    @property
    def covariates(self) -> dict[str, list[str]]:
        """Role -> names of columns."""
        return {
            "past": list(self.past_covariates),
            "future": list(self.future_covariates),
            "static": list(self.static_covariates),
        }


@dataclass(frozen=True)
class ForecastModelConfig:
    """Shape and regularisation of the forecaster.

    Args:
        architecture: segments (reads the history in segments, forecasts all steps at once),
            encoder_decoder (writes value by value), or autoregressive (draws value by value from
            distributions, as DeepAR does).
        cell: Recurrent cell.
        units: Units of each layer.
        num_layers: Depth of the stack.
        segment_length: Rows of a segment, of segments.
        scaling: What is taken out of each window and put back: last (its last value),
            last_deviation (and its spread), revin (mean and spread), mean_abs (size), or none.
        cycle_length: Rows of a learned cycle that is taken out and put back (0: none).
        series_embedding_size: Features that tell the known series apart (0: none).
        calendar: Read the time of day, week and year.
        mean_reversion: With scaling revin: begin at the last value and go over to the mean ahead,
            in a learned way; of segments.
        linear: Add a linear forecast from the rows of history, learned along; what series that are
            little more than linear need; of segments.
        ridge_share: Weight, beside the network, of a ridge regression on the rows of history that
            is fitted in closed form before training (0: none; 0.5: their mean); of segments.
        output: point, or quantiles beside it; of segments and encoder_decoder, whose point is then
            the median.
        head_size: Features from which quantiles are made at each step, of segments.
        distribution: Of each value, of autoregressive; negative_binomial is for counts.
        num_paths: Paths that autoregressive draws of each forecast.
        dropout: Dropout before the forecast.
    """

    read_when: ClassVar[dict[str, Condition]] = {
        **dict.fromkeys(
            ("segment_length", "linear", "ridge_share"),
            when("architecture", "segments"),
        ),
        "mean_reversion": when("architecture", "segments") & when("scaling", "revin"),
        "head_size": when("architecture", "segments") & when("output", "quantiles"),
        "output": when("architecture", "segments", "encoder_decoder"),
        **dict.fromkeys(("distribution", "num_paths"), when("architecture", "autoregressive")),
    }

    architecture: Literal["segments", "encoder_decoder", "autoregressive"] = "segments"
    cell: Literal["gru", "lstm"] = "gru"
    units: int = 64
    num_layers: int = 1
    segment_length: int = 12
    scaling: Literal["last", "last_deviation", "revin", "mean_abs", "none"] = "last"
    cycle_length: int = 0
    series_embedding_size: int = 0
    calendar: bool = False
    mean_reversion: bool = False
    linear: bool = False
    ridge_share: float = 0.0
    output: Literal["point", "quantiles"] = "point"
    head_size: int = 8
    distribution: Literal["student_t", "normal", "negative_binomial"] = "student_t"
    num_paths: int = 100
    dropout: float = 0.1

    def __post_init__(self):
        check_ranges(
            self,
            dict.fromkeys(("units", "num_layers", "segment_length", "head_size"), (1, math.inf)),
        )
        counts = ("cycle_length", "series_embedding_size")
        check_ranges(self, dict.fromkeys(counts, (0, math.inf)))
        # Of fewer paths the outermost quantile is beyond the last.
        check_ranges(
            self, {"dropout": (0, 0.99), "num_paths": (20, math.inf), "ridge_share": (0, 1)}
        )
        if self.is_of_counts and self.scaling not in ("mean_abs", "none"):
            raise UserError(
                f"model.distribution negative_binomial is of counts from 0 on, and model.scaling "
                f"{self.scaling} moves them: choose model.scaling mean_abs."
            )
        if self.is_of_counts and self.cycle_length:
            raise UserError(
                "model.distribution negative_binomial is of counts from 0 on, and a cycle moves "
                "them: leave model.cycle_length at 0 (model.calendar tells the season)."
            )

    @property
    def is_of_counts(self) -> bool:
        """Whether values must be counts."""
        return self.architecture == "autoregressive" and self.distribution == "negative_binomial"

    @property
    def teacher_forcing(self) -> Literal["none", "future", "all"]:
        """What a model in training is told of a window: see ``WindowSettings``."""
        told: dict[str, Any] = {"encoder_decoder": "future", "autoregressive": "all"}
        return told.get(self.architecture, "none")

    @property
    def has_quantiles(self) -> bool:
        """Whether a model forecasts quantiles itself."""
        return self.architecture == "autoregressive" or self.output == "quantiles"


@dataclass(frozen=True)
class ForecastTrainingConfig(TrainingConfig):
    """Training of the forecaster.

    Args:
        loss: Of the mean: squared, absolute, or huber (squared within a standard deviation).
        windows_per_epoch: Windows of an epoch, drawn anew for each (0: all there are).
        sampling_schedule: How the share of own values that the decoder of encoder_decoder is fed
            grows over the training: none (all are the true ones), constant, linear, exponential or
            inverse_sigmoid.
        sampling_probability: That share at its largest.
    """

    read_when: ClassVar[dict[str, Condition]] = {
        # Quantiles and distributions are learned by losses of their own.
        "loss": when("model.architecture", "segments")
        | when("model.architecture", "encoder_decoder") & when("model.output", "point"),
        "sampling_schedule": when("model.architecture", "encoder_decoder"),
        "sampling_probability": when("sampling_schedule"),
    }

    epochs: int = 60
    max_batch_size: int = 64
    learning_rate: float = 5e-3
    average_decay: float = 0.99
    loss: Literal["squared", "absolute", "huber"] = "squared"
    windows_per_epoch: int = 20_000
    sampling_schedule: Literal["none", "constant", "linear", "exponential", "inverse_sigmoid"] = (
        "none"
    )
    sampling_probability: float = 0.25

    def __post_init__(self):
        super().__post_init__()
        check_ranges(self, {"windows_per_epoch": (0, math.inf), "sampling_probability": (0, 1)})


@dataclass(frozen=True)
class ForecastEvaluationConfig:
    """How forecasts are scored, and where intervals come from.

    Args:
        intervals: conformal (from errors on validation), model (its own quantiles), or calibrated
            (its own, corrected on validation).
        validation_windows: Windows that are scored after each epoch, spread evenly.
        owa: Also score by the M4 competition's weighted average for this frequency, and choose the
            epoch by it instead of by the squared error.
    """

    intervals: Literal["conformal", "model", "calibrated"] = "conformal"
    validation_windows: int = 4000
    owa: Literal["none", "hourly"] = "none"

    def __post_init__(self):
        check_ranges(self, {"validation_windows": (1, math.inf)})


@dataclass(frozen=True)
class ForecastServingConfig:
    """Greatest requests that an exported forecaster answers.

    Of a history of any length the last ``data.context_length`` rows are read.

    Args:
        max_rows: Series of a request; more are refused.
    """

    max_rows: int = 4096

    def __post_init__(self):
        check_ranges(self, {"max_rows": (1, MAX_INT)})

    def rows_of(self, size: int) -> int:
        """Return how many rows one request may have, whatever their size."""
        return self.max_rows


@dataclass(frozen=True)
class ForecastConfig:
    """All sections of the task."""

    successors: ClassVar = {
        "data.validation_fraction": "data.validation_length",
        "training.batch_tokens": "training.max_batch_size",
    }

    data: ForecastDataConfig = field(default_factory=ForecastDataConfig)
    model: ForecastModelConfig = field(default_factory=ForecastModelConfig)
    training: ForecastTrainingConfig = field(default_factory=ForecastTrainingConfig)
    evaluation: ForecastEvaluationConfig = field(default_factory=ForecastEvaluationConfig)
    serving: ForecastServingConfig = field(default_factory=ForecastServingConfig)

    def __post_init__(self):
        model = self.model
        if model.architecture == "autoregressive" and self.data.covariates["past"]:
            raise UserError(
                "data.past_covariates end with the history, and model.architecture autoregressive "
                "runs on without them: leave them out, or choose segments or encoder_decoder."
            )
        if not model.has_quantiles and self.evaluation.intervals != "conformal":
            raise UserError(
                "model.output point has no quantiles of its own: leave evaluation.intervals at "
                "conformal, or ask for model.output quantiles."
            )
