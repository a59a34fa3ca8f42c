"""Configuration of the memory task."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from seqsuite.config import BucketTrainingConfig, DataConfig, TextServingConfig, check_ranges
from seqsuite.configuration.conditions import Condition, unless, when
from seqsuite.errors import UserError


@dataclass(frozen=True)
class MemoryDataConfig(DataConfig):
    """Which problem, and how hard. The sample has a length and sizes of its own.

    Args:
        length: Steps over which something is remembered (T).
        min_length: Training examples are of all lengths from this one on (0: of ``length`` alone).
        load: Pairs of associative recall.
        num_examples: Training examples.
        num_held_out: Examples of validation, and as many of test.
        seed: Another one, other examples in all splits.
    """

    read_when: ClassVar[dict[str, Condition]] = {
        **dict.fromkeys(
            ("length", "min_length", "num_examples", "num_held_out", "seed"),
            unless("source", "sample"),
        ),
        "load": when("source", "associative_recall"),
    }

    length: int = 100
    min_length: int = 0
    load: int = 4
    num_examples: int = 20_000
    num_held_out: int = 1000
    seed: int = 0

    def __post_init__(self):
        counts = ("length", "load", "num_examples", "num_held_out")
        check_ranges(self, dict.fromkeys(counts, (1, math.inf)))
        check_ranges(self, {"seed": (0, math.inf), "min_length": (0, self.length)})


@dataclass(frozen=True)
class MemoryModelConfig:
    """Shape of the network, and where it starts.

    Args:
        cell: Recurrent cell.
        units: Units of each layer.
        embedding_units: Width of a learned vector for each symbol (numbers have none); 0: symbols
            are read as they are, one-hot. Attention that must match symbols learns it far sooner
            with one.
        num_layers: Depth of the stack.
        initialization: Where recurrent kernels start: glorot, orthogonal or identity (that makes a
            simple_rnn the IRNN, with ReLU); chrono is orthogonal with biases of the gates by which
            units remember for up to the length of the sequences (lstm and gru).
        attention: Whether the steps that answer look back on all earlier states, and how these are
            scored.
        attention_units: Width of additive attention's hidden layer.
    """

    read_when: ClassVar[dict[str, Condition]] = {"attention_units": when("attention", "additive")}

    cell: Literal["simple_rnn", "gru", "lstm"] = "gru"
    units: int = 64
    embedding_units: int = 0
    num_layers: int = 1
    initialization: Literal["glorot", "orthogonal", "identity", "chrono"] = "orthogonal"
    attention: Literal["none", "additive", "multiplicative"] = "none"
    attention_units: int = 32

    def __post_init__(self):
        counts = ("units", "num_layers", "attention_units")
        check_ranges(self, dict.fromkeys(counts, (1, math.inf)))
        check_ranges(self, {"embedding_units": (0, math.inf)})
        if self.cell == "simple_rnn" and self.initialization == "chrono":
            raise UserError(
                "model.initialization chrono sets the biases of gates, which simple_rnn has none "
                "of: choose glorot, orthogonal or identity, or another model.cell."
            )


@dataclass(frozen=True)
class MemoryTrainingConfig(BucketTrainingConfig):
    """Training of the network."""

    epochs: int = 5
    max_batch_size: int = 64
    learning_rate: float = 5e-3
    batch_tokens: int = 65_536


@dataclass(frozen=True)
class MemoryConfig:
    """All sections of the task."""

    successors: ClassVar = {
        "data.limit": "data.num_examples", "data.validation_fraction": "data.num_held_out"
    }  # fmt: skip

    data: MemoryDataConfig = field(default_factory=MemoryDataConfig)
    model: MemoryModelConfig = field(default_factory=MemoryModelConfig)
    training: MemoryTrainingConfig = field(default_factory=MemoryTrainingConfig)
    serving: TextServingConfig = field(
        default_factory=lambda: TextServingConfig(max_length=50_000, max_request=200_000)
    )
