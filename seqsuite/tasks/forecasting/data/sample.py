"""The sample of forecasting: carbon dioxide over Mauna Loa, which statsmodels carries along."""

from __future__ import annotations

import numpy as np

from seqsuite.data.examples import Examples
from seqsuite.tasks.forecasting.config import ForecastDataConfig
from seqsuite.tasks.forecasting.data.frequency import Frequency
from seqsuite.tasks.forecasting.data.series import Series, check_covariates, split_series

NAME = "sample"
DESCRIPTION = "built-in sample, no network: carbon dioxide over Mauna Loa"
SEASON_STEPS = 12


def load(split: str, options: ForecastDataConfig) -> Examples | None:
    """Return a split of the monthly means; the same every time.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section; the sample has no covariates to be named in it.

    Raises:
        UserError: Covariates are asked for.
    """
    check_covariates(options, (), "the sample")
    return generate(split)


def generate(split: str) -> Examples:
    """Return a split of the monthly means, March 1958 to December 2001, in parts per million.

    Upstream has a value a week and none in 59 weeks; five months are without any and stay missing.
    The first 70 % of months are for training, 10 % for validation and the last 20 % for the test.

    Args:
        split: ``train``, ``validation`` or ``test``.

    Returns:
        ``series``: one, ``co2``.

    Reference:
        Keeling and Whorf, "Atmospheric CO2 concentrations derived from flask air samples at sites
        in the SIO network", 2004, https://cdiac.ess-dive.lbl.gov/trends/co2/sio-mlo.html.

    Example:
        >>> generate("test").features["series"][0].num_rows
        526
    """
    # Beside pandas it takes a second to import.
    from statsmodels.datasets import co2

    weeks = co2.load_pandas().data["co2"]
    values = weeks.to_numpy(np.float64)
    months = weeks.index.to_numpy().astype("datetime64[M]").astype(np.int64)
    known = ~np.isnan(values)
    count = int(months[-1] - months[0]) + 1
    places = months[known] - months[0]
    sums = np.bincount(places, values[known], minlength=count)
    weeks_known = np.bincount(places, minlength=count)
    means = np.full(count, np.nan)
    np.divide(sums, weeks_known, out=means, where=weeks_known > 0)
    start = months[:1].astype("datetime64[M]").astype("datetime64[s]").astype(np.int64)[0]
    times = Frequency(months=1).grid(int(start), count)
    series = Series("co2", times, means, frequency="1MS")
    return split_series([series], split, int(0.7 * count), count - int(0.2 * count), count)
