"""`predict` of the forecasting task: numbers or a table of series in, forecasts out."""

from __future__ import annotations

from dataclasses import replace

from seqsuite.client import Client, Item
from seqsuite.errors import UserError
from seqsuite.tasks.forecasting import tables
from seqsuite.tasks.forecasting.data.timestamps import TimeReader, load_zone
from seqsuite.tasks.forecasting.quantile_levels import QUANTILE_LEVELS


class ForecastClient(Client):
    """Forecasts series; of a table as a table, with times."""

    input_name = "history"
    formats = ("text", "json", "csv")

    def __init__(self, model, config, options):
        super().__init__(model, config, options)
        self.trained_on = tables.read_trained_on(model.extra)
        self._wrote_header = False

    @classmethod
    def add_arguments(cls, parser):
        parser.add_argument(
            "--end", help="time of the last of numbers without times (2024-05-01 13:00)"
        )

    def read(self, inputs):
        data, name, found = self.config.data, inputs.name, ""
        if inputs.is_file_alone:
            found = tables.format_to_forecast(inputs.first_line, name, data)
        if not found:
            end = self._end()
            for row in inputs.rows(self.column):
                self._refuse_covariates(row.text)
                yield Item(row.text, tables.request(row.text, end), record=row.record)
            return
        if self.options.end is not None:
            raise UserError("--end is of numbers without times: leave it out with a table.")
        data = replace(data, encoding=inputs.encoding)
        yield from inputs.parsed(lambda lines: self._series(lines, name, found, data))

    def _series(self, lines, name, input_format, data):
        for series in tables.series_to_forecast(lines, name, data, self.trained_on):
            features = tables.served_inputs(series, data, self.trained_on)
            yield Item(series.unique_id, features, series, input_format)

    def _end(self):
        """Return the time of the last number, which a model that reads the clock asks for."""
        model, data, end = self.config.model, self.config.data, self.options.end
        reads_clock = model.calendar or model.cycle_length
        if reads_clock and end is None:
            raise UserError(
                "The model reads the clock (model.calendar or model.cycle_length): say when the "
                "last number was with --end '2024-05-01 13:00', or give a table with times by "
                "--input FILE.csv."
            )
        if end is not None and not reads_clock:
            raise UserError("--end: the model does not read the clock. Leave it out.")
        if end is None:
            return 0
        try:
            return TimeReader(load_zone(data.timezone)).read(end)
        except (ValueError, OverflowError) as error:
            raise UserError(
                f"--end {end!r} cannot be read as a time. Write it like 2020-12-31 or 2020-12-31 "
                "18:00:00."
            ) from error

    def answer(self, items):
        answers = super().answer(items)
        for item, answer in zip(items, answers, strict=True):
            if item.origin is not None:
                steps, zone = len(answer["mean"]), self.config.data.timezone
                answer["unique_id"] = item.origin.unique_id
                answer["ds"] = tables.times_ahead(item.origin, steps, zone)
            if "quantiles" in answer:
                answer["levels"] = list(QUANTILE_LEVELS)
        return answers

    def format(self, item, answer, output_format):
        if output_format != "csv":
            return super().format(item, answer, output_format)
        header = "" if self._wrote_header else tables.header()
        self._wrote_header = True
        zone = self.config.data.timezone
        return header + tables.written(item.origin, item.text, answer, zone)

    def _refuse_covariates(self, text):
        names = [name for names in self.config.data.covariates.values() for name in names]
        if names:
            raise UserError(
                f"{text[:60]!r} has no covariates, and the model reads {', '.join(names)}. Give a "
                "table that has them with --input FILE.csv."
            )

    def _line(self, answer, text):
        return ", ".join(f"{value:.6g}" for value in answer["mean"])
