"""Keras callbacks for the layers of seqsuite.

Names are looked up when they are first used.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "ScheduledSamplingCallback": "scheduled_sampling",
    "sampling_callbacks": "scheduled_sampling",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
