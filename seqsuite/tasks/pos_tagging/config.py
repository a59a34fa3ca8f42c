"""Configuration of the tagging task."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from seqsuite.config import BucketTrainingConfig, RowDataConfig, TextServingConfig, check_ranges
from seqsuite.configuration.conditions import Condition, unless, when
from seqsuite.errors import UserError


@dataclass(frozen=True)
class PosTaggingDataConfig(RowDataConfig):
    """Where tagged sentences come from, and how words become ids.

    Args:
        tag_column: Which tags of CoNLL-U files are learned (auto: upos; with a scheme of spans ner,
            the NER= of column MISC).
        token_column: Column of the word in other column files, counted from 0.
        label_column: Column of the tag there; -1 is the last.
        scheme: none for tags that stand alone; bio or bioes for named entities.
        language: Rules by which raw sentences are split into words when served.
        max_vocabulary: Known words at most.
        min_count: Rarer words become the unknown word and are known by their looks.
        max_word_length: Characters read of a word.
        affix_length: Longest prefix and suffix.
        word_vectors: A file of word vectors (word2vec or GloVe text format) to start from.
        auxiliary_columns: Further columns that are auxiliary targets where the data has them.
        auxiliary_source: A named data set whose tags and such columns are learned along as well.
    """

    read_when: ClassVar[dict[str, Condition]] = {
        **dict.fromkeys(
            ("dir", "download"), unless("source", "sample", "files") | when("auxiliary_source")
        ),
        "max_word_length": when("model.character_encoder"),
        "affix_length": when("model.affix_size"),
    }

    tag_column: Literal["auto", "upos", "xpos", "ner"] = "auto"
    token_column: int = 0
    label_column: int = -1
    scheme: Literal["none", "bio", "bioes"] = "none"
    language: Literal["english", "french", "none"] = "english"
    max_vocabulary: int = 100_000
    min_count: int = 2
    max_word_length: int = 20
    affix_length: int = 4
    word_vectors: str | None = None
    auxiliary_columns: tuple[str, ...] = ("xpos", "morphology", "relation", "head")
    auxiliary_source: str | None = None

    def __post_init__(self):
        super().__post_init__()
        counts = ("min_count", "max_word_length", "affix_length")
        check_ranges(self, dict.fromkeys(counts, (1, math.inf)))
        check_ranges(self, {"max_vocabulary": (3, math.inf)})


@dataclass(frozen=True)
class PosTaggingModelConfig:
    """Shape and regularisation of the tagger.

    Args:
        cell: Recurrent cell.
        units: Units per direction.
        num_layers: Depth of the stack.
        num_towers: Networks that learn side by side and vote: more than 1 is an ensemble inside one
            model, at about its cost.
        connection: Skip connections between layers of the stack.
        embedding_size: Features per word.
        character_encoder: How the characters of a word are read.
        character_units: Features of a word from its characters.
        character_embedding_size: Features per character.
        character_widths: Characters that each group of convolutions sees.
        affix_size: Features from prefixes and suffixes (0: none).
        shape_size: Features from the shape (0: none).
        word_dropout: Share of words replaced by the unknown word.
        rare_word_dropout: A word seen n times is replaced with probability r / (r + n), if more.
        variational_dropout: Dropout of what each recurrent layer reads, the same at every word.
        recurrent_weight_drop: DropConnect on recurrent kernels.
        dropout: Dropout before the tags.
        head: Tags one by one (softmax), or sequences of tags (crf).
        auxiliary_weight: Weight of the auxiliary targets in the loss (0: none).
        language_model_weight: Weight of foretelling each word's neighbors in the loss (0: none).
        recall_cost: Margin in nats by which an entity's tags must beat O while training: more
            entities are found, fewer of them right.
        adversarial: Perturb word embeddings while training.
        epsilon: Size of that perturbation.
    """

    read_when: ClassVar[dict[str, Condition]] = {
        **dict.fromkeys(("character_units", "character_embedding_size"), when("character_encoder")),
        "character_widths": when("character_encoder", "cnn"),
        "auxiliary_weight": when("data.auxiliary_columns"),
        "recall_cost": when("data.scheme"),
        "epsilon": when("adversarial"),
    }

    cell: Literal["simple_rnn", "gru", "lstm"] = "lstm"
    units: int = 64
    num_layers: int = 1
    num_towers: int = 1
    connection: Literal["none", "residual", "highway"] = "none"
    embedding_size: int = 64
    character_encoder: Literal["none", "cnn", "bilstm"] = "cnn"
    character_units: int = 48
    character_embedding_size: int = 32
    character_widths: tuple[int, ...] = (3,)
    affix_size: int = 32
    shape_size: int = 8
    word_dropout: float = 0.1
    rare_word_dropout: float = 0.0
    variational_dropout: float = 0.3
    recurrent_weight_drop: float = 0.0
    dropout: float = 0.3
    head: Literal["softmax", "crf"] = "crf"
    auxiliary_weight: float = 0.3
    language_model_weight: float = 0.0
    recall_cost: float = 0.0
    adversarial: Literal["none", "adversarial"] = "none"
    epsilon: float = 1.0

    def __post_init__(self):
        rates = ("word_dropout", "variational_dropout", "recurrent_weight_drop", "dropout")
        counts = (
            "units", "num_layers", "num_towers", "embedding_size", "character_units",
            "character_embedding_size",
        )  # fmt: skip
        not_negative = (
            "rare_word_dropout", "affix_size", "shape_size", "auxiliary_weight",
            "language_model_weight", "recall_cost", "epsilon",
        )  # fmt: skip
        check_ranges(self, dict.fromkeys(rates, (0, 0.99)))
        check_ranges(self, dict.fromkeys(counts, (1, math.inf)))
        check_ranges(self, dict.fromkeys(not_negative, (0, math.inf)))
        if not self.character_widths or min(self.character_widths) < 1:
            raise UserError(
                "model.character_widths must be numbers of characters such as 2,3,4. "
                f"Received: {list(self.character_widths)}."
            )


@dataclass(frozen=True)
class PosTaggingTrainingConfig(BucketTrainingConfig):
    """Training of the tagger.

    Args:
        label_smoothing: Share of the target's probability spread over all tags; of head softmax.
    """

    learning_rate: float = 5e-3
    batch_tokens: int = 1024
    label_smoothing: float = 0.0

    def __post_init__(self):
        super().__post_init__()
        check_ranges(self, {"label_smoothing": (0, 0.99999)})


@dataclass(frozen=True)
class PosTaggingConfig:
    """All sections of the task."""

    successors: ClassVar = {"training.pretraining_epochs": "data.word_vectors FILE"}

    data: PosTaggingDataConfig = field(default_factory=PosTaggingDataConfig)
    model: PosTaggingModelConfig = field(default_factory=PosTaggingModelConfig)
    training: PosTaggingTrainingConfig = field(default_factory=PosTaggingTrainingConfig)
    serving: TextServingConfig = field(default_factory=lambda: TextServingConfig(max_length=50_000))

    def __post_init__(self):
        if self.training.label_smoothing and self.model.head == "crf":
            raise UserError(
                "training.label_smoothing is for tags that are learned one by one, a CRF learns "
                "sequences: add --model.head softmax, or leave label_smoothing at 0."
            )
