"""Forecasting: the history of a series in, what comes next out, with honest intervals.

A recurrent network reads segments of the history and answers for all segments of the future at once
(SegRNN, Lin et al. 2023), after the level of each window (Kim et al. 2022) and a learned cycle (Lin
et al. 2024) were taken out; or it goes on value by value, as an encoder-decoder (Sutskever et al.
2014) or drawing from distributions (DeepAR, Salinas et al. 2020). One network serves many series,
and a forecast of any shorter horizon is the beginning of the longest. Intervals come from its own
quantiles, from errors on validation (conformal prediction), or from both.
"""

from __future__ import annotations

from seqsuite.callbacks.scheduled_sampling import sampling_callbacks
from seqsuite.data import discovery
from seqsuite.errors import UserError
from seqsuite.metrics.metric import Metric
from seqsuite.task import Baselines, Report, Task, main_phase
from seqsuite.tasks.forecasting import TASK
from seqsuite.tasks.forecasting.baselines.evaluate import forecast_baselines
from seqsuite.tasks.forecasting.data.frequency import cycle_label, parse_frequency
from seqsuite.tasks.forecasting.data.series import check_scorable
from seqsuite.tasks.forecasting.models.architectures import (
    build_forecast_model,
    forecast_function,
    forecast_losses,
)
from seqsuite.tasks.forecasting.models.ridge import fit_ridge
from seqsuite.tasks.forecasting.plots import (
    calibration_curve,
    error_by_step,
    fan_charts,
    seasonal_cycles,
)
from seqsuite.tasks.forecasting.predictor import OWA, ForecastPredictor, conformal_offsets
from seqsuite.tasks.forecasting.preprocessor import SeriesPreprocessor
from seqsuite.tasks.forecasting.quantile_levels import QUANTILE_LEVELS
from seqsuite.tasks.forecasting.server import serving
from seqsuite.training.optimizers import build_optimizer


class Forecasting(Task):
    """Forecast series of numbers."""

    spec = TASK

    @property
    def metrics(self):  # type: ignore[override]
        """What the series are compared by selects."""
        by_owa = self.config.evaluation.owa != "none"
        return (
            Metric("mse", lower_is_better=True, headline=True, selects=not by_owa),
            Metric("owa", lower_is_better=True, headline=True, selects=by_owa),
            Metric("mse_*", lower_is_better=True),
            Metric("mae_*", lower_is_better=True, aside=True),
            Metric("wql", lower_is_better=True, aside=True),
            Metric("width*", descriptive=True, aside=True),
            *(Metric(f"coverage_{p}", descriptive=True, aside=True) for p in (20, 40, 60, 90)),
            Metric("coverage*", descriptive=True),
            *(Metric(name, lower_is_better=True) for name in ("mae", "mase", "smape", "crps")),
        )

    def load_examples(self, split):
        data = self.config.data
        examples = super().load_examples(split)
        if examples is not None and not len(examples):
            raise UserError(f"{data.source}: no series is long enough for the {split} split.")
        if examples is not None and split == "validation":
            check_scorable(examples.features["series"], data.scored_horizons[-1])
        return examples

    def _season_steps(self, examples) -> int:
        """Return the rows of a season: as configured, as the source says, or as its step tells."""
        data = self.config.data
        usual = getattr(discovery.reader(data.source, self.spec.package), "SEASON_STEPS", 0)
        frequency = examples.features["series"][0].frequency
        return (
            data.season_steps
            or usual
            or (parse_frequency(frequency).season_steps if frequency else 1)
        )

    def build_preprocessor(self, examples, fitted=None):
        data, examples = self.config.data, examples if fitted is None else fitted
        model = self.config.model
        preprocessor = SeriesPreprocessor(
            data.context_length,
            data.prediction_length,
            shortest_horizon=data.scored_horizons[0],
            windows_per_epoch=self.config.training.windows_per_epoch,
            season_steps=self._season_steps(examples),
            covariates=data.covariates,
            teacher_forcing=model.teacher_forcing,
            counts=model.is_of_counts,
        )
        preprocessor.adapt(examples)
        return preprocessor

    def build_model(self, preprocessor):
        training = self.config.training
        model = build_forecast_model(preprocessor, self.config.model)
        losses = forecast_losses(training, self.config.model)
        model.compile(optimizer=build_optimizer(training), loss=losses)
        return model

    def build_predictor(self, preprocessor, model, final=False):
        settings = self.config.evaluation
        return ForecastPredictor(
            preprocessor,
            forecast_function(preprocessor, model, self.config.model),
            self.config.data.scored_horizons,
            owa=settings.owa,
            intervals=settings.intervals,
            max_windows=None if final else settings.validation_windows,
        )

    def calibrate(self, preprocessor, predictions, references):
        if self.config.evaluation.intervals != "model" and "targets" in predictions:
            preprocessor.offsets = conformal_offsets(
                predictions["targets"], predictions["forecasts"]
            )
            # Unknown series are served on the scale of their window, where errors are others.
            preprocessor.unknown_offsets = conformal_offsets(*predictions["with_hidden_ids"]())

    def score(self, predictions, references, preprocessor):
        return predictions["scores"].result()

    def baselines(self, train, test, preprocessor):
        data = self.config.data
        found = forecast_baselines(
            train.features["series"],
            test.features["series"],
            context_length=data.context_length,
            prediction_length=data.prediction_length,
            season_steps=preprocessor.season_steps,
            horizons=data.scored_horizons,
            quantile_levels=QUANTILE_LEVELS,
            owa_denominators=OWA[self.config.evaluation.owa],
        )
        return Baselines(found.metrics, details=found)

    def serving(self, preprocessor, model):
        return serving(self.config, preprocessor, model)

    def phases(self, preprocessor, model, train):
        if train is not None and self.config.model.ridge_share:
            fit_ridge(model, preprocessor, train.features["series"])
        training = self.config.training
        callbacks = sampling_callbacks(training.sampling_schedule, training.sampling_probability)
        return [main_phase(training, model, callbacks)]

    def report(self, results, directory):
        if directory is None:
            return Report()
        predictions, preprocessor = results.predictions, results.preprocessor
        scores, baselines = predictions["scores"], results.baselines.details
        errors, observed = {"ours": scores.error_by_step()}, {"ours": scores.observed_levels()}
        if baselines is not None:
            errors, observed = errors | baselines.errors, observed | baselines.observed
        fans = directory / "forecasts.png"
        files = [
            fan_charts(predictions["shown"], QUANTILE_LEVELS, fans),
            error_by_step(errors, directory / "error_by_step.png"),
        ]
        if len(observed["ours"]):
            path = directory / "calibration.png"
            files.append(calibration_curve(QUANTILE_LEVELS, observed, path))
        if "cycles" in predictions:
            cycles, path = predictions["cycles"], directory / "seasonal_cycles.png"
            dated = results.test.features["series"][0].dated
            label = cycle_label(preprocessor.frequency if dated else "", cycles.shape[1])
            panels = {f"learned cycle of {cycles.shape[1]} rows": cycles}
            files.append(seasonal_cycles(panels, path, names=preprocessor.unique_ids, label=label))
        return Report(files)
