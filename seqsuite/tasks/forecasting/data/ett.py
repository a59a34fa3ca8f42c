"""Electricity transformer temperature: seven series of one transformer, two sampling rates."""

from __future__ import annotations

from seqsuite.data import upstream
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.tasks.forecasting.config import ForecastDataConfig
from seqsuite.tasks.forecasting.data.layouts import Layout, read_rows, series_of
from seqsuite.tasks.forecasting.data.series import check_covariates, split_series

# A commit rather than a branch, so that the checksums stay true.
URL = (
    "https://raw.githubusercontent.com/zhouhaoyi/ETDataset/"
    "1d16c8f4f943005d613b5bc962e9eeb06058cf07/ETT-small/"
)
# Months of 30 days: the first 12 are for training, 4 for validation and 4 for the test. What comes
# after them is in no split, as in all published results.
TRAIN_DAYS, VALIDATION_DAYS, TEST_DAYS = 360, 120, 120

_FOLDERS = ("forecasting/ett/", "ett/", "ETT-small/", "")


class TransformerReader:
    """One of the two files.

    Args:
        name: What ``data.source`` says.
        file: Upstream's file.
        sha256: Its checksum.
        rows_per_day: Rows of a day, which is also the season.
    """

    def __init__(self, name: str, file: str, sha256: str, rows_per_day: int):
        self.NAME = name
        self.SEASON_STEPS = rows_per_day
        days = f"{TRAIN_DAYS}/{VALIDATION_DAYS}/{TEST_DAYS} days"
        self.DESCRIPTION = f"{file}: 7 series, {rows_per_day} rows a day, {days} (Zhou et al. 2021)"
        self._file, self._sha256 = file, sha256

    def load(self, split: str, options: ForecastDataConfig) -> Examples | None:
        """Read a split, or fetch the file when that was asked for.

        Args:
            split: ``train``, ``validation`` or ``test``; the last two begin with all rows before
                them, so that the context of their first windows reaches back.
            options: The data section (``dir``, ``download``).

        Returns:
            ``series``: HUFL, HULL, MUFL, MULL, LUFL, LULL and OT (the oil's temperature).

        Reference:
            Zhou et al., "Informer: Beyond Efficient Transformer for Long Sequence Time-Series
            Forecasting", 2021, https://arxiv.org/abs/2012.07436.
        """
        check_covariates(options, (), self.NAME)
        path = upstream.find(
            options, [f"{folder}{self._file}{end}" for folder in _FOLDERS for end in ("", ".gz")]
        )
        if path is None and not options.download:
            raise upstream.missing(self.NAME, options, [f"{f}{self._file}" for f in _FOLDERS[:3]])
        if path is None:
            path = upstream.fetch(URL + self._file, name=self._file, sha256=self._sha256)
        layout = Layout(time_column="date", target_column="", quiet=True)
        series = series_of([read_rows(path, layout)], layout, path)
        days = (TRAIN_DAYS, TRAIN_DAYS + VALIDATION_DAYS, TRAIN_DAYS + VALIDATION_DAYS + TEST_DAYS)
        validation, test, stop = (days_ * self.SEASON_STEPS for days_ in days)
        if series[0].num_rows < stop:
            raise UserError(
                f"{path} has {series[0].num_rows:,} rows, expected at least {stop:,}. Put "
                f"upstream's {self._file} there."
            )
        return split_series(series, split, validation, test, stop)


READERS = (
    TransformerReader(
        "etth1",
        "ETTh1.csv",
        "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066",
        24,
    ),
    TransformerReader(
        "ettm1",
        "ETTm1.csv",
        "6ce1759b1a18e3328421d5d75fadcb316c449fcd7cec32820c8dafda71986c9e",
        96,
    ),
)
