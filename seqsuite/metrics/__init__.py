"""Metrics of classification, calibration and their uncertainty.

Names are looked up when they are first used: scikit-learn takes a second to import.
"""

from __future__ import annotations

from typing import Any

from seqsuite import lazy_attribute

_HOMES = {
    "Metric": "metric",
    "Metrics": "metric",
    "answer_confidence": "calibration",
    "bootstrap_interval": "bootstrap",
    "bootstrap_ratio_interval": "bootstrap",
    "classification_scores": "classification",
    "confusion_counts": "confusion",
    "expected_calibration_error": "calibration",
    "fit_relative_temperature": "calibration",
    "fit_temperature": "calibration",
    "log_loss": "calibration",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    return lazy_attribute(__name__, _HOMES, name)
