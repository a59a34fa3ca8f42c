"""Configuration of the music task."""

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
from seqsuite.errors import UserError


@dataclass(frozen=True)
class MusicDataConfig(RowDataConfig):
    """Pieces of music.

    Args:
        steps_per_beat: Steps of the piano roll per quarter note (MIDI files).
        transpose: Training pieces are moved up or down by at most this many semitones, drawn anew
            each epoch (0: never).
    """

    steps_per_beat: int = 2
    transpose: int = 0

    def __post_init__(self):
        super().__post_init__()
        check_ranges(self, {"steps_per_beat": (1, 48), "transpose": (0, 12)})


@dataclass(frozen=True)
class MusicModelConfig:
    """Shape of the network.

    Args:
        cell: Recurrent cell.
        units: Units of each recurrent layer.
        num_layers: Depth of the stack.
        dropout: Share of the values dropped before and after each recurrent layer.
        output: independent (a Bernoulli distribution for each key) or autoregressive (NADE: each
            key is conditioned on the lower ones).
        nade_units: Hidden units of the autoregressive output.
    """

    cell: Literal["simple_rnn", "gru", "lstm"] = "lstm"
    units: int = 128
    num_layers: int = 1
    dropout: float = 0.0
    output: Literal["independent", "autoregressive"] = "autoregressive"
    nade_units: int | None = None

    def __post_init__(self):
        check_ranges(self, {"units": (1, math.inf), "num_layers": (1, math.inf)})
        check_ranges(self, {"dropout": (0, 0.95)})
        if self.nade_units is not None:
            check_ranges(self, {"nade_units": (1, math.inf)})
            if self.output == "independent":
                raise UserError(
                    "model.nade_units is of model.output autoregressive: leave it out, or set that."
                )


@dataclass(frozen=True)
class MusicTrainingConfig(BucketTrainingConfig):
    """Training of the network."""

    epochs: int = 30
    learning_rate: float = 3e-3
    max_batch_size: int = 32
    batch_tokens: int = 2048


@dataclass(frozen=True)
class MusicServingConfig(TextServingConfig):
    """Greatest requests that an exported model answers.

    Args:
        max_generated: Steps generated for a row; less is generated where more is asked for, which
            the output truncated tells.
    """

    max_length: int = 20_000
    max_request: int = 200_000
    max_generated: int = 1000

    def __post_init__(self):
        super().__post_init__()
        check_ranges(self, {"max_generated": (1, MAX_INT)})


@dataclass(frozen=True)
class MusicConfig:
    """All sections of the task."""

    data: MusicDataConfig = field(default_factory=MusicDataConfig)
    model: MusicModelConfig = field(default_factory=MusicModelConfig)
    training: MusicTrainingConfig = field(default_factory=MusicTrainingConfig)
    serving: MusicServingConfig = field(default_factory=MusicServingConfig)
