"""Configuration of the task."""

from dataclasses import dataclass, field

from seqsuite.config import BucketTrainingConfig, RowDataConfig, TextServingConfig


@dataclass(frozen=True)
class ReverseDigitsDataConfig(RowDataConfig):
    """Where strings come from."""

    free_labels = True


@dataclass(frozen=True)
class ReverseDigitsModelConfig:
    """Shape of the network.

    Args:
        units: Units of each direction.
    """

    units: int = 48


@dataclass(frozen=True)
class ReverseDigitsConfig:
    """All sections of the task."""

    data: ReverseDigitsDataConfig = field(default_factory=ReverseDigitsDataConfig)
    model: ReverseDigitsModelConfig = field(default_factory=ReverseDigitsModelConfig)
    training: BucketTrainingConfig = field(
        default_factory=lambda: BucketTrainingConfig(
            epochs=40, batch_tokens=256, learning_rate=1e-2
        )
    )
    serving: TextServingConfig = field(default_factory=TextServingConfig)
