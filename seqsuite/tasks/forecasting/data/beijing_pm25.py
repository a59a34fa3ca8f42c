"""Fine dust in Beijing, hourly from 2010 to 2014, with the weather; a twentieth is missing."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from seqsuite.data import upstream
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.tasks.forecasting.config import ForecastDataConfig
from seqsuite.tasks.forecasting.data.columns import Labels, Reading
from seqsuite.tasks.forecasting.data.frequency import Frequency
from seqsuite.tasks.forecasting.data.series import Series, check_covariates, split_series
from seqsuite.tasks.forecasting.data.tables import read_columns

NAME = "beijing_pm25"
DESCRIPTION = "fine dust in Beijing: 43,824 hours, 7 covariates, 70/10/20 % (Liang et al. 2015)"
SEASON_STEPS = 24

COVARIATES = {
    "DEWP": "number",  # dew point, degrees Celsius
    "TEMP": "number",  # temperature, degrees Celsius
    "PRES": "number",  # pressure, hectopascal
    "cbwd": "name",  # direction of the wind, combined: NE, NW, SE or cv (calm and variable)
    "Iws": "number",  # wind speed, cumulated, metres a second
    "Is": "number",  # hours of snow, cumulated
    "Ir": "number",  # hours of rain, cumulated
}
_CLOCK = ("year", "month", "day", "hour")
# The copy that is fetched is packed; its checksum is that of the archive.
URL = (
    "https://raw.githubusercontent.com/aspire-zero/long_term_forecast_data/"
    "e9ac8b3ea5521219ece2b5d1baa7c09d4b6fd24a/Beijing_pm2.5.zip"
)
SHA256 = "ba9399b2cdb482b651ead575d20830089355301498b88eb849f70405cc727118"

# UCI's name, and what copies call it.
_FILES = ("PRSA_data_2010.1.1-2014.12.31.csv", "raw.csv", "raw.csv.gz", "Beijing_pm2.5.zip")
_FOLDERS = ("forecasting/beijing_pm25/", "beijing_pm25/", "")


def load(split: str, options: ForecastDataConfig) -> Examples | None:
    """Read a split, or fetch the file when that was asked for.

    There is no official split: the first 70 % of rows are for training, 10 % for validation and the
    last 20 % for the test. Times are Beijing's own, which knows no summer time.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section (``dir``, ``download``; ``past_covariates`` and
            ``future_covariates`` list any of DEWP, TEMP, PRES, cbwd, Iws, Is, Ir).

    Returns:
        ``series``: one, ``pm2.5`` in micrograms per cubic metre, NaN where missing, with all
        covariates.

    Reference:
        Liang et al., "Assessing Beijing's PM2.5 pollution: severity, weather impact, APEC and
        winter heating", 2015, https://doi.org/10.1098/rspa.2015.0257.
    """
    check_covariates(options, tuple(COVARIATES), NAME)
    places = [f"{folder}{file}" for folder in _FOLDERS for file in _FILES]
    path = upstream.find(options, places)
    if path is None and not options.download:
        raise upstream.missing(NAME, options, (places[1], places[5], _FILES[0]))
    if path is None:
        path = upstream.fetch(URL, name="Beijing_pm2.5.zip", sha256=SHA256)
    series = _series(path)
    rows = series.num_rows
    return split_series([series], split, int(0.7 * rows), rows - int(0.2 * rows), rows)


def _series(path: Path) -> Series:
    def choose(header: list[str]) -> dict[str, str]:
        kinds = {"pm2.5": "number", **dict.fromkeys(_CLOCK, "number"), **COVARIATES}
        if absent := [name for name in kinds if name not in header]:
            raise UserError(
                f"{path} is not upstream's file: it has no column {absent[0]!r}. It has "
                f"{', '.join(header[:14])}."
            )
        return kinds

    columns: dict[str, Any] = {
        name: column.names[column.codes] if isinstance(column, Labels) else column
        for name, column in read_columns(path, choose, Reading()).items()
    }
    clock = zip(*(columns[name].tolist() for name in _CLOCK), strict=True)
    epoch = datetime(1970, 1, 1)
    try:
        hours = [
            (datetime(int(year), int(month), int(day), int(hour)) - epoch).total_seconds()
            for year, month, day, hour in clock
        ]
    except ValueError as error:
        raise UserError(f"{path} holds a time that there is not: {error}.") from error
    times = np.array(hours, np.int64)
    if not len(times) or (times != Frequency(seconds=3600).grid(times[0], len(times))).any():
        raise UserError(f"{path} does not hold one row for each hour. Put upstream's file there.")
    return Series(
        "pm2.5",
        times,
        columns["pm2.5"],
        covariates={name: columns[name] for name in COVARIATES},
        frequency="1h",
    )
