"""Metrics of classification, calibration and their uncertainty."""

from __future__ import annotations

from seqsuite.metrics.bootstrap import bootstrap_interval, bootstrap_ratio_interval
from seqsuite.metrics.calibration import (
    answer_confidence,
    expected_calibration_error,
    fit_relative_temperature,
    fit_temperature,
    log_loss,
)
from seqsuite.metrics.classification import classification_scores, confusion_counts
from seqsuite.metrics.metric import Metric, Metrics

__all__ = [
    "Metric",
    "Metrics",
    "answer_confidence",
    "bootstrap_interval",
    "bootstrap_ratio_interval",
    "classification_scores",
    "confusion_counts",
    "expected_calibration_error",
    "fit_relative_temperature",
    "fit_temperature",
    "log_loss",
]
