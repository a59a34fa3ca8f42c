"""What a metric means: whether less is better, and where it is shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Metric:
    """One metric, or several of one kind.

    Args:
        name: Its name, or a pattern of names such as ``mse_*``.
        lower_is_better: It is an error.
        headline: It is printed after each epoch.
        selects: The epoch that is best in it is kept.
        descriptive: Neither more nor less of it is better.
        aside: It stands below the table of results.
    """

    name: str
    lower_is_better: bool = False
    headline: bool = False
    selects: bool = False
    descriptive: bool = False
    aside: bool = False


class Metrics:
    """The metrics of a task, looked up by name.

    Args:
        metrics: Some metrics; of several that match a name, the first counts.

    Example:
        >>> metrics = Metrics([Metric("mse*", lower_is_better=True, selects=True)])
        >>> metrics["mse_96"].lower_is_better, metrics["accuracy"].lower_is_better
        (True, False)
    """

    def __init__(self, metrics: Iterable[Metric] = ()):
        self.all = tuple(metrics)

    def __getitem__(self, name: str) -> Metric:
        """Return the metric of a name; a score that is not known is better the higher it is."""
        matching = (metric for metric in self.all if fnmatchcase(name, metric.name))
        return next(matching, Metric(name))

    @property
    def selecting(self) -> Metric:
        """The metric that selects."""
        return next(metric for metric in self.all if metric.selects)

    @property
    def headlines(self) -> list[str]:
        """Names of the metrics that are printed after each epoch."""
        return [metric.name for metric in self.all if metric.headline]
