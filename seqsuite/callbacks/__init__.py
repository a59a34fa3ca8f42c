"""Keras callbacks for the layers of seqsuite."""

from __future__ import annotations

from seqsuite.callbacks.scheduled_sampling import ScheduledSamplingCallback, sampling_callbacks

__all__ = ["ScheduledSamplingCallback", "sampling_callbacks"]
