"""Progress of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass
class Progress:
    """Progress of a run, stored in the checkpoint.

    Args:
        phase: Index of the phase (pre-training comes first).
        epoch: Epoch within the phase.
        batch: Next batch within the epoch.
        step: Steps taken in the phase.
        plateau_factor: Factor of the learning rate by reduce_on_plateau so far.
        best: Best value of the selecting metric on validation, negated where less is better.
        best_loss: Validation loss of the selected epoch, once another epoch has the same ``best``.
        stale_epochs: Epochs since ``best`` last rose.
        seconds: Time spent in the loop so far, validation included.
        history: One row per finished epoch.
    """

    phase: int = 0
    epoch: int = 0
    batch: int = 0
    step: int = 0
    plateau_factor: float = 1.0
    best: float = -np.inf
    best_loss: float | None = None
    stale_epochs: int = 0
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)
