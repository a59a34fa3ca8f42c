"""Weather in Jena in 2020: 21 measurements every ten minutes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from seqsuite.data import upstream
from seqsuite.data.examples import Examples
from seqsuite.tasks.forecasting.config import ForecastDataConfig
from seqsuite.tasks.forecasting.data.columns import Reading
from seqsuite.tasks.forecasting.data.layouts import Layout, read_rows, series_of
from seqsuite.tasks.forecasting.data.series import check_covariates, split_series

NAME = "weather"
DESCRIPTION = "weather in Jena: 21 series, every 10 minutes of 2020, 70/10/20 % (Wu et al. 2021)"
SEASON_STEPS = 144

MISSING = -9999.0
# The copy that is fetched is packed; its checksum is that of the archive.
URL = (
    "https://raw.githubusercontent.com/aspire-zero/long_term_forecast_data/"
    "e9ac8b3ea5521219ece2b5d1baa7c09d4b6fd24a/weather.zip"
)
SHA256 = "c2459c2abce68e58140a74e14eb3ff7a7f4d917d25da0a28a34571f8d733aba0"

_PLACES = [
    f"{folder}weather.{end}"
    for folder in ("forecasting/weather/", "weather/", "")
    for end in ("csv", "csv.gz", "zip")
]


def load(split: str, options: ForecastDataConfig) -> Examples | None:
    """Read a split, or fetch the file when that was asked for.

    Upstream's oddities are read as they are meant. -9999 is a missing value (the published results
    take it for a measurement, which makes their standardised errors of three columns small; ours on
    these columns do not compare). The row that is there twice, 2020-05-12 06:00, counts once, and
    the nine rows missing on 2020-05-29 are missing values. All of that lies in the first 70 %:
    validation and test are the rows of the published protocol. Units are left out of the names, as
    upstream's file has broken characters in them; OT is the concentration of carbon dioxide.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section (``dir``, ``download``).

    Returns:
        ``series``: a measurement each, such as ``T`` and ``max. PAR``.

    Reference:
        Wu et al., "Autoformer: Decomposition Transformers with Auto-Correlation for Long-Term
        Series Forecasting", 2021, https://arxiv.org/abs/2106.13008.
    """
    check_covariates(options, (), NAME)
    path = upstream.find(options, _PLACES)
    if path is None and not options.download:
        raise upstream.missing(NAME, options, _PLACES[:6:3])
    if path is None:
        path = upstream.fetch(URL, name="weather.zip", sha256=SHA256)
    layout = Layout(
        time_column="date", target_column="", reading=Reading(undecodable="replace"), quiet=True
    )
    rows = read_rows(path, layout)
    whole = series_of([rows], layout, path)
    series = [
        replace(
            one,
            unique_id=one.unique_id.partition(" (")[0],
            target=np.where(one.target == MISSING, np.nan, one.target),
        )
        for one in whole
    ]
    # Shares of the rows that upstream has; the rows it lacks are in the training part.
    count = max(len(one.times) for one in rows[0].values())
    test_rows = int(0.2 * count)
    held_out = count - int(0.7 * count)
    stop = series[0].num_rows
    return split_series(series, split, stop - held_out, stop - test_rows, stop)
