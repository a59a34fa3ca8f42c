"""Configuration of the handwriting task."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from seqsuite.config import (
    MAX_INT,
    BucketTrainingConfig,
    RowDataConfig,
    TextServingConfig,
    check_ranges,
)

LABELS_FILE = "labels.txt"
"""File beside an exported model with the labels that it reads, one a line."""


@dataclass(frozen=True)
class HandwritingDataConfig(RowDataConfig):
    """Drawings.

    Args:
        rescale: Divide each drawing by the root mean square of its offsets, for drawings of devices
            with different units.
        tolerance: Leave out points that lie this close to a straight line between others, in the
            units of the drawing after rescaling (0: keep all).
        max_points: Leave out drawings with more points (0: none).
        stretch: Training drawings are stretched by up to this share along each axis, drawn anew
            each epoch.
    """

    rescale: bool = False
    tolerance: float = 0.0
    max_points: int = 0
    stretch: float = 0.0

    def __post_init__(self):
        super().__post_init__()
        check_ranges(self, {"tolerance": (0, math.inf), "max_points": (0, math.inf)})
        check_ranges(self, {"stretch": (0, 0.9)})


@dataclass(frozen=True)
class HandwritingModelConfig:
    """Shape of the network.

    Args:
        cell: Recurrent cell.
        units: Units of each recurrent layer.
        num_layers: Depth of the stack.
        dropout: Share of the values dropped before and after each recurrent layer.
        num_components: Normal distributions of the mixture.
        condition_on_label: Read the label of a drawing before its first point.
    """

    cell: Literal["simple_rnn", "gru", "lstm"] = "lstm"
    units: int = 128
    num_layers: int = 1
    dropout: float = 0.0
    num_components: int = 20
    condition_on_label: bool = False

    def __post_init__(self):
        check_ranges(self, {"units": (1, math.inf), "num_layers": (1, math.inf)})
        check_ranges(self, {"dropout": (0, 0.95), "num_components": (1, 1000)})


@dataclass(frozen=True)
class HandwritingTrainingConfig(BucketTrainingConfig):
    """Training of the network."""

    epochs: int = 20
    learning_rate: float = 3e-3
    max_batch_size: int = 64
    batch_tokens: int = 4096


@dataclass(frozen=True)
class HandwritingServingConfig(TextServingConfig):
    """Greatest requests that an exported model answers.

    Args:
        max_generated: Points generated for a row; less is generated where more is asked for, which
            the output truncated tells.
    """

    max_length: int = 50_000
    max_request: int = 200_000
    max_generated: int = 2000

    def __post_init__(self):
        super().__post_init__()
        check_ranges(self, {"max_generated": (1, MAX_INT)})


@dataclass(frozen=True)
class HandwritingConfig:
    """All sections of the task."""

    data: HandwritingDataConfig = field(default_factory=HandwritingDataConfig)
    model: HandwritingModelConfig = field(default_factory=HandwritingModelConfig)
    training: HandwritingTrainingConfig = field(default_factory=HandwritingTrainingConfig)
    serving: HandwritingServingConfig = field(default_factory=HandwritingServingConfig)
