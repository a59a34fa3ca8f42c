"""Which metrics are errors, and which only describe."""

from __future__ import annotations

import re

LOWER_IS_BETTER = (
    "calibration_error",
    "calibration_error_unscaled",
    "log_loss",
    "nats_per_character",
    "nats_per_character_windowed",
    "nats_per_character_adaptive",
    "nats_per_character_mixed",
    "bits_per_character",
    "perplexity",
    "perplexity_free_running",
    "mse",
    "mae",
    "mase",
    "smape",
    "owa",
    "crps",
    "wql",
    "wer",
    "cer",
)

DESCRIPTIVE = ("coverage", "width")


def family(metric: str) -> str:
    """Return the name of a metric without the number behind it.

    Example:
        >>> family("mse_96"), family("log_loss")
        ('mse', 'log_loss')
    """
    return re.sub(r"_\d+$", "", metric)
