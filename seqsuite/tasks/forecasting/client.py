"""`predict` of the forecasting task: numbers or a table of series in, forecasts out."""

from __future__ import annotations

from dataclasses import replace

from seqsuite.client import Client, Item
from seqsuite.errors import UserError
from seqsuite.tasks.forecasting import tables


class ForecastClient(Client):
    """Forecasts series; of a table as a table, with times."""

    input_name = "history"
    formats = ("text", "json", "csv")

    def __init__(self, model, config, options):
        super().__init__(model, config, options)
        self.trained_on = tables.read_trained_on(model.extra)
        self._wrote_header = False

    def read(self, inputs):
        data, name, found = self.config.data, inputs.name, ""
        if inputs.is_file_alone:
            found = tables.format_to_forecast(inputs.first_line, name, data)
        if not found:
            for row in inputs.rows(self.column):
                self._refuse_covariates(row.text)
                yield Item(row.text, tables.request(row.text), record=row.record)
            return
        data = replace(data, encoding=inputs.encoding)
        yield from inputs.parsed(lambda lines: self._series(lines, name, found, data))

    def _series(self, lines, name, input_format, data):
        for series in tables.series_to_forecast(lines, name, data, self.trained_on):
            features = tables.served_inputs(series, data, self.trained_on)
            yield Item(series.unique_id, features, series, input_format)

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
