"""Configuration of the character language model."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from seqsuite.config import FileDataConfig, TextServingConfig, TrainingConfig, check_ranges
from seqsuite.configuration.conditions import Condition, unless, when
from seqsuite.errors import UserError


@dataclass(frozen=True)
class CharLmDataConfig(FileDataConfig):
    """Where text comes from, and what a symbol is.

    Args:
        unit: Symbols are Unicode code points, or bytes.
        min_count: Rarer characters become the unknown character.
        validation_fraction: Share of the training text held out, in blocks, when there is no
            validation file.
    """

    read_when: ClassVar[dict[str, Condition]] = {
        "min_count": when("unit", "character"),
        "validation_fraction": unless("validation"),
    }

    unit: Literal["character", "byte"] = "character"
    min_count: int = 1
    validation_fraction: float = 0.1

    def __post_init__(self):
        super().__post_init__()
        check_ranges(self, {"min_count": (1, math.inf), "validation_fraction": (0.001, 0.9)})
        if self.unit == "byte" and self.encoding:
            raise UserError("data.encoding is of characters: leave it out with data.unit byte.")


@dataclass(frozen=True)
class CharLmModelConfig:
    """Shape and regularisation of the language model.

    Args:
        cell: Recurrent cell.
        units: Units of each layer.
        num_layers: Depth of the stack.
        connection: Skip connections between layers of the stack.
        embedding_size: Features per character.
        tie_weights: Predict with the embedding itself.
        embedding_dropout: Share of characters whose embedding is dropped from a whole batch.
        variational_dropout: Dropout of what each recurrent layer reads, the same at every step.
        dropout: Dropout before the prediction, the same at every step.
        recurrent_weight_drop: DropConnect on recurrent kernels.
        activation_regularization: Weight of the squared outputs of the stack in the loss.
        temporal_regularization: Weight of their squared change from step to step.
    """

    cell: Literal["simple_rnn", "gru", "lstm"] = "lstm"
    units: int = 128
    num_layers: int = 1
    connection: Literal["none", "residual", "highway"] = "none"
    embedding_size: int = 64
    tie_weights: bool = False
    embedding_dropout: float = 0.0
    variational_dropout: float = 0.0
    dropout: float = 0.1
    recurrent_weight_drop: float = 0.0
    activation_regularization: float = 0.0
    temporal_regularization: float = 0.0

    def __post_init__(self):
        rates = ("embedding_dropout", "variational_dropout", "dropout", "recurrent_weight_drop")
        check_ranges(self, dict.fromkeys(rates, (0, 0.99)))
        check_ranges(self, dict.fromkeys(("units", "num_layers", "embedding_size"), (1, math.inf)))
        weights = ("activation_regularization", "temporal_regularization")
        check_ranges(self, dict.fromkeys(weights, (0, math.inf)))


@dataclass(frozen=True)
class CharLmEvaluationConfig:
    """How a trained model is measured beside the stream.

    Args:
        windows: Random windows without any context before them (nanoGPT's protocol); 0: none.
        window: Predicted characters of each.
        mixture: Also measure a mixture with the n-gram baseline, weighed on validation.
        adaptive: Also measure with weights that adapt to what was read (dynamic evaluation).
        adaptive_learning_rate: Step of that adaptation.
        adaptive_decay: How fast adapted weights return to the trained ones.
        adaptive_steps: Characters read between two adaptations.
    """

    read_when: ClassVar[dict[str, Condition]] = {
        "window": when("windows"),
        **dict.fromkeys(
            ("adaptive_learning_rate", "adaptive_decay", "adaptive_steps"), when("adaptive")
        ),
    }

    windows: int = 500
    window: int = 256
    mixture: bool = False
    adaptive: bool = False
    adaptive_learning_rate: float = 1e-4
    adaptive_decay: float = 1e-3
    adaptive_steps: int = 32

    def __post_init__(self):
        check_ranges(self, {"windows": (0, math.inf), "adaptive_learning_rate": (0, math.inf)})
        check_ranges(self, dict.fromkeys(("window", "adaptive_steps"), (1, math.inf)))
        check_ranges(self, {"adaptive_decay": (0, 1)})


@dataclass(frozen=True)
class CharLmServingConfig(TextServingConfig):
    """Greatest requests that an exported language model answers.

    Args:
        max_length: Bytes (UTF-8) of a prompt, of which the end is read, which the output truncated
            tells; and of the characters of one step, more of which are refused.
        max_request: Rows of a request times the bytes of its longest text, or the characters
            generated for a row; larger ones are refused.
        max_generated: Characters generated for a row; fewer than asked for are told by truncated.
    """

    max_generated: int = 4_000

    def __post_init__(self):
        super().__post_init__()
        check_ranges(self, {"max_generated": (1, self.max_request)})

    def rows_of(self, size):
        return self.max_request // max(1, min(size, max(self.max_length, self.max_generated)))


@dataclass(frozen=True)
class StreamTrainingConfig(TrainingConfig):
    """Training on streams.

    ``max_batch_size`` is the number of streams; a batch has that times ``steps`` characters.

    Args:
        steps: Steps between two updates, over which gradients flow back.
        vary_steps: Draw the steps of each batch around that number, and scale the learning rate
            with them, so that not always the same positions are the first of a segment.

    Reference:
        Merity et al., "Regularizing and Optimizing LSTM Language Models", ICLR 2018,
        https://arxiv.org/abs/1708.02182
    """

    epochs: int = 6
    max_batch_size: int = 32
    learning_rate: float = 4e-3
    average_decay: float = 0.99
    steps: int = 64
    vary_steps: bool = False

    def __post_init__(self):
        super().__post_init__()
        check_ranges(self, {"steps": (1, math.inf)})


@dataclass(frozen=True)
class CharLmConfig:
    """All sections of the task."""

    successors: ClassVar = {
        "training.batch_tokens": "training.steps, and training.max_batch_size streams"
    }

    data: CharLmDataConfig = field(default_factory=CharLmDataConfig)
    model: CharLmModelConfig = field(default_factory=CharLmModelConfig)
    training: StreamTrainingConfig = field(default_factory=StreamTrainingConfig)
    evaluation: CharLmEvaluationConfig = field(default_factory=CharLmEvaluationConfig)
    serving: CharLmServingConfig = field(default_factory=CharLmServingConfig)

    def __post_init__(self):
        if self.model.tie_weights and self.model.embedding_size != self.model.units:
            raise UserError(
                "model.tie_weights predicts with the embedding, so model.embedding_size must be "
                f"model.units. Found {self.model.embedding_size} and {self.model.units}."
            )
