"""Distributions of single values, as pure functions of their parameters.

A distribution is a name; its parameters are a dict of tensors of one shape: ``"normal"`` has `loc`
and `scale`; ``"student_t"`` also `degrees_of_freedom`; ``"negative_binomial"``, for counts, has
`mean` and `dispersion`, and the variance ``mean + dispersion * mean**2``.

`quantile` and `draw` hold no random op, so an exported graph may use them.
"""

from __future__ import annotations

from seqsuite.distributions.parameters import (
    PARAMETERS,
    check_distribution,
    constrain,
    join,
    mean,
    rescale,
    split,
)
from seqsuite.distributions.probability import draw, log_prob, quantile, sample, uniform_table

__all__ = [
    "PARAMETERS",
    "check_distribution",
    "constrain",
    "draw",
    "join",
    "log_prob",
    "mean",
    "quantile",
    "rescale",
    "sample",
    "split",
    "uniform_table",
]
