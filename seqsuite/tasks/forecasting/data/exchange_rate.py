"""Daily exchange rates of eight countries against the US dollar, 1990 to 2016."""

from __future__ import annotations

import numpy as np

from seqsuite.data import encodings, raw_files, upstream
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.tasks.forecasting.config import ForecastDataConfig
from seqsuite.tasks.forecasting.data.series import Series, check_covariates, split_series

NAME = "exchange_rate"
DESCRIPTION = "exchange rates: 8 series, 7,588 days, first 70/10/20 % (Lai et al. 2018)"
# Rates have no season to speak of: the seasonal naive forecast is the last value.
SEASON_STEPS = 1

# A commit rather than a branch, so that the checksum stays true.
URL = (
    "https://raw.githubusercontent.com/laiguokun/multivariate-time-series-data/"
    "7f402f185cc2435b5e66aed13a3b560ed142e023/exchange_rate/exchange_rate.txt.gz"
)
SHA256 = "6a4fbb561dcdee43f071a83badbeec9223a335552278348656738b556f1c2e9d"
# Upstream's file has no header; its authors name the countries in this order.
COUNTRIES = (
    "Australia", "United Kingdom", "Canada", "Switzerland", "China", "Japan", "New Zealand",
    "Singapore",
)  # fmt: skip

_FOLDERS = ("forecasting/exchange_rate/", "exchange_rate/", "")
_DAY = 86_400


def load(split: str, options: ForecastDataConfig) -> Examples | None:
    """Read a split, or fetch the file when that was asked for.

    Upstream gives no dates, so days are counted from 1970 on. The shares are those of Autoformer
    and later papers; LSTNet's were 60/20/20.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section (``dir``, ``download``).

    Returns:
        ``series``: a country each.

    Reference:
        Lai et al., "Modeling Long- and Short-Term Temporal Patterns with Deep Neural Networks",
        2018, https://arxiv.org/abs/1703.07015.
    """
    check_covariates(options, (), NAME)
    places = [f"{f}exchange_rate.txt{end}" for f in _FOLDERS for end in ("", ".gz")]
    path = upstream.find(options, places)
    if path is None and not options.download:
        raise upstream.missing(NAME, options, places[1:4:2])
    if path is None:
        path = upstream.fetch(URL, name="exchange_rate.txt.gz", sha256=SHA256)
    lines = encodings.decode(raw_files.content(path), path).split()
    try:
        values = np.array([line.split(",") for line in lines], np.float64)
    except ValueError as error:
        raise UserError(f"{path} is not a table of numbers without a header: {error}.") from error
    if values.ndim != 2 or values.shape[1] != len(COUNTRIES) or not np.isfinite(values).all():
        raise UserError(
            f"{path} has no {len(COUNTRIES)} columns of finite numbers. Put upstream's "
            "exchange_rate.txt there."
        )
    rows = len(values)
    times = _DAY * np.arange(rows, dtype=np.int64)
    series = [
        Series(country, times, np.ascontiguousarray(column), frequency="1d", dated=False)
        for country, column in zip(COUNTRIES, values.T, strict=True)
    ]
    test_rows = int(0.2 * rows)
    return split_series(series, split, int(0.7 * rows), rows - test_rows, rows)
