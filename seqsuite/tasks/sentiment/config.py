"""Configuration of the sentiment task."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from seqsuite.config import BucketTrainingConfig, RowDataConfig, TextServingConfig, check_ranges
from seqsuite.configuration.conditions import Condition, when


@dataclass(frozen=True)
class SentimentDataConfig(RowDataConfig):
    """Where texts and labels come from, and how texts become token ids.

    Args:
        text_column: Column of the text in tables; several with commas between are joined; columns
            of a table without a header are numbers from 0.
        label_column: Column of the label in tables; several: each is a label, which a text has or
            has not (1 or 0).
        label_separator: Set it (";") when a text may have several labels, none, or one.
        max_vocabulary: Size of the vocabulary at most.
        min_count: Rarer tokens become the unknown token.
        max_length: Longer texts are cut to this many tokens, keeping head and tail.
        head_fraction: Share of a cut text taken from its head.
    """

    read_when: ClassVar[dict[str, Condition]] = dict.fromkeys(
        ("text_column", "label_column"), when("source", "files", "tfds")
    )

    text_column: str = "text"
    label_column: str = "label"
    label_separator: str | None = None
    max_vocabulary: int = 30_000
    min_count: int = 2
    max_length: int = 400
    head_fraction: float = 0.25

    @property
    def multi_label(self) -> bool:
        """Whether a text may have several labels."""
        return self.label_separator is not None or "," in self.label_column

    def __post_init__(self):
        super().__post_init__()
        check_ranges(self, dict.fromkeys(("min_count", "max_length"), (1, math.inf)))
        check_ranges(self, {"max_vocabulary": (3, math.inf), "head_fraction": (0, 1)})


@dataclass(frozen=True)
class SentimentModelConfig:
    """Shape and regularisation of the classifier.

    Args:
        cell: Recurrent cell.
        units: Units per direction.
        num_layers: Depth of the stack.
        bidirectional: Read in both directions.
        connection: Skip connections between layers of the stack.
        layer_normalization: Normalise between layers.
        embedding_size: Features per token.
        word_vectors: Start the embedding from co-occurrence vectors of the training texts.
        label_vectors: Let some features of that start say how each word leans to each label.
        pooling: How states over time become one vector, modes joined by "+".
        hidden_units: Units of the dense layer before the logits (0: none).
        token_dropout: Share of tokens replaced by the unknown token.
        embedding_dropout: Variational dropout of embedding features.
        recurrent_weight_drop: DropConnect on recurrent kernels.
        dropout: Dropout before the dense layers.
        adversarial: Perturb embeddings while training.
        epsilon: Size of that perturbation.
        ngram_buckets: Rows of the n-gram table (0: recurrent model alone).
        num_sampled: Competing tokens of the pre-training softmax.
    """

    read_when: ClassVar[dict[str, Condition]] = {
        "label_vectors": when("word_vectors"),
        "epsilon": when("adversarial"),
        "num_sampled": when("training.pretraining_epochs"),
    }

    cell: Literal["simple_rnn", "gru", "lstm"] = "lstm"
    units: int = 64
    num_layers: int = 1
    bidirectional: bool = True
    connection: Literal["none", "residual", "highway"] = "none"
    layer_normalization: bool = False
    embedding_size: int = 64
    word_vectors: bool = False
    label_vectors: bool = False
    pooling: str = "mean+max"
    hidden_units: int = 64
    token_dropout: float = 0.05
    embedding_dropout: float = 0.2
    recurrent_weight_drop: float = 0.0
    dropout: float = 0.3
    adversarial: Literal["none", "adversarial", "virtual"] = "none"
    epsilon: float = 5.0
    ngram_buckets: int = 0
    num_sampled: int = 1024

    def __post_init__(self):
        counts = ("units", "num_layers", "embedding_size", "num_sampled")
        rates = ("token_dropout", "embedding_dropout", "recurrent_weight_drop", "dropout")
        check_ranges(self, dict.fromkeys(counts, (1, math.inf)))
        check_ranges(self, dict.fromkeys(rates, (0, 0.99)))
        not_negative = ("hidden_units", "ngram_buckets", "epsilon")
        check_ranges(self, dict.fromkeys(not_negative, (0, math.inf)))


@dataclass(frozen=True)
class SentimentTrainingConfig(BucketTrainingConfig):
    """Training of the classifier.

    Args:
        label_smoothing: Share of the target's probability spread over all labels.
        class_weights: balanced weighs each label by the inverse of its frequency.
        pretraining_epochs: Epochs of language-model pre-training on the training texts.
        pretraining_learning_rate: Peak learning rate of pre-training.
    """

    read_when: ClassVar[dict[str, Condition]] = {
        "pretraining_learning_rate": when("pretraining_epochs")
    }

    label_smoothing: float = 0.0
    class_weights: Literal["none", "balanced"] = "none"
    pretraining_epochs: int = 0
    pretraining_learning_rate: float = 2e-3

    def __post_init__(self):
        super().__post_init__()
        check_ranges(self, {"label_smoothing": (0, 0.99999), "pretraining_epochs": (0, math.inf)})
        check_ranges(self, {"pretraining_learning_rate": (0, math.inf)})


@dataclass(frozen=True)
class SentimentConfig:
    """All sections of the task."""

    data: SentimentDataConfig = field(default_factory=SentimentDataConfig)
    model: SentimentModelConfig = field(default_factory=SentimentModelConfig)
    training: SentimentTrainingConfig = field(default_factory=SentimentTrainingConfig)
    serving: TextServingConfig = field(
        default_factory=lambda: TextServingConfig(max_length=20_000, max_request=500_000)
    )
