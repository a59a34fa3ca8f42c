"""Configuration of the translation task."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from seqsuite.config import BucketTrainingConfig, RowDataConfig, TextServingConfig, check_ranges
from seqsuite.configuration.conditions import Condition, when
from seqsuite.errors import UserError


@dataclass(frozen=True)
class TranslationDataConfig(RowDataConfig):
    """Where pairs of sentences come from, and how they become ids.

    Args:
        train: Training files (source files): two of aligned lines, the source's first, or a table.
        validation: Validation files (source files).
        test: Test files (source files).
        source_column: Column of sentences in tables; without a header: a number, from 0.
        target_column: Column of their translations there.
        source_language: Language to translate from; absent: the source's usual one.
        target_language: Language to translate to; also names the rules by which bleu_lowercased
            cuts words.
        vocabulary_size: Ids of the joint vocabulary, or of each of the two.
        joint: One vocabulary, and one embedding, for both languages.
        pieces: Subword pieces (bpe, unigram), or whole words (word), of which unknown ones are
            copied from the source.
        byte_fallback: Write unknown characters as bytes; not with words.
        character_coverage: Share of characters that are pieces.
        source_sampling: Cut the source into other pieces each epoch (BPE-dropout, or sampling from
            a unigram model), 0: never.
        target_sampling: The same for the target.
        max_length: Pieces of a sentence in training; longer ones are cut.
        max_length_ratio: Pairs with one side this many times as long are not learned (0: all are).
    """

    free_labels = True

    read_when: ClassVar[dict[str, Condition]] = {
        **dict.fromkeys(("source_column", "target_column"), when("source", "files")),
        **dict.fromkeys(("byte_fallback", "character_coverage"), when("pieces", "bpe", "unigram")),
    }

    train: tuple[str, ...] = ()  # type: ignore[assignment]
    validation: tuple[str, ...] = ()  # type: ignore[assignment]
    test: tuple[str, ...] = ()  # type: ignore[assignment]
    source_column: str = "source"
    target_column: str = "target"
    source_language: str | None = None
    target_language: str | None = None
    vocabulary_size: int = 800
    joint: bool = True
    pieces: Literal["bpe", "unigram", "word"] = "bpe"
    byte_fallback: bool = False
    character_coverage: float = 1.0
    source_sampling: float = 0.0
    target_sampling: float = 0.0
    max_length: int = 250
    max_length_ratio: float = 0.0

    def __post_init__(self):
        super().__post_init__()
        check_ranges(self, {"vocabulary_size": (5, math.inf), "max_length": (1, math.inf)})
        check_ranges(self, {"character_coverage": (0.5, 1), "max_length_ratio": (0, math.inf)})
        check_ranges(self, dict.fromkeys(("source_sampling", "target_sampling"), (0, 0.99)))
        if self.pieces == "word" and (self.source_sampling or self.target_sampling):
            raise UserError(
                "data.source_sampling and data.target_sampling cut words into other pieces: leave "
                "them at 0 with data.pieces word."
            )


@dataclass(frozen=True)
class TranslationModelConfig:
    """Shape and regularisation of encoder and decoder.

    Args:
        cell: Recurrent cell of both.
        units: Units of the decoder, and of each direction of the encoder.
        num_layers: Depth of both.
        embedding_size: Features per piece.
        attention: luong (a scaled product), bahdanau (additive), or location (additive, and each
            step sees what the one before attended to: slower, as steps then depend on each other).
        input_feeding: Tell each step what the one before attended to (slower: steps then depend on
            each other).
        bridge: How the decoder begins: from the encoder's last states (dense), or from zeros.
        tie_embeddings: Predict with the embedding of the target.
        embedding_dropout: Dropout of the features of pieces.
        piece_dropout: Share of pieces whose embedding is dropped from a whole batch.
        variational_dropout: Dropout of what each recurrent layer reads, the same at every step.
        recurrent_weight_drop: DropConnect on recurrent kernels.
        dropout: Dropout before the prediction.
    """

    cell: Literal["gru", "lstm"] = "gru"
    units: int = 128
    num_layers: int = 1
    embedding_size: int = 96
    attention: Literal["luong", "bahdanau", "location"] = "luong"
    input_feeding: bool = False
    bridge: Literal["dense", "zero"] = "dense"
    tie_embeddings: bool = False
    embedding_dropout: float = 0.1
    piece_dropout: float = 0.0
    variational_dropout: float = 0.0
    recurrent_weight_drop: float = 0.0
    dropout: float = 0.1

    def __post_init__(self):
        rates = (
            "embedding_dropout", "piece_dropout", "variational_dropout", "recurrent_weight_drop",
            "dropout",
        )  # fmt: skip
        check_ranges(self, dict.fromkeys(rates, (0, 0.99)))
        check_ranges(self, dict.fromkeys(("units", "num_layers", "embedding_size"), (1, math.inf)))


@dataclass(frozen=True)
class TranslationTrainingConfig(BucketTrainingConfig):
    """Training, and scheduled sampling of the decoder's inputs.

    Args:
        label_smoothing: Share of the target's probability spread over all pieces.
        sampling_schedule: How the share of own predictions grows over the training: none (all
            tokens are the true ones), constant, linear, exponential or inverse_sigmoid.
        sampling_probability: That share at its largest.
        sampling_feedback: Predictions are drawn from the distribution, or are its best.
        sampling_gradient: Whether a gradient passes through them (straight_through: slower).
        sampling_parallel: Find all of them at once, after the true tokens.
    """

    read_when: ClassVar[dict[str, Condition]] = dict.fromkeys(
        (
            "sampling_probability", "sampling_feedback", "sampling_gradient", "sampling_parallel",
        ),
        when("sampling_schedule"),
    )  # fmt: skip

    learning_rate: float = 3e-3
    batch_tokens: int = 1024
    label_smoothing: float = 0.1
    sampling_schedule: Literal["none", "constant", "linear", "exponential", "inverse_sigmoid"] = (
        "none"
    )
    sampling_probability: float = 0.25
    sampling_feedback: Literal["sample", "argmax"] = "sample"
    sampling_gradient: Literal["stop", "straight_through"] = "stop"
    sampling_parallel: bool = False

    def __post_init__(self):
        super().__post_init__()
        check_ranges(self, {"label_smoothing": (0, 0.99999), "sampling_probability": (0, 1)})


@dataclass(frozen=True)
class TranslationDecodingConfig:
    """How translations are searched for.

    Args:
        beam_width: Hypotheses that are kept; 1 is greedy.
        num_alternatives: Translations that are served of each sentence.
        length_penalty: Prefers longer translations (Wu et al. 2016, alpha; 0: plain probability).
        coverage_penalty: Prefers translations that read all of the source (beta; 0: off).
        max_length: Pieces of a translation at most; 0 translates everything by nothing.
        max_length_factor: Pieces at most as a multiple of the source's, and ten more.
        no_repeat_ngram: Length of piece sequences that may not repeat (0: no limit).
        validation_examples: Sentences that are translated, greedily, after each epoch.
        ensemble_runs: Finished runs that translate together with this one in the final scores and
            in the exported model: the mean of the probabilities counts. They must have the same
            vocabulary, as runs on one data set that differ in the seed have.
    """

    beam_width: int = 5
    num_alternatives: int = 3
    length_penalty: float = 0.6
    coverage_penalty: float = 0.0
    max_length: int = 250
    max_length_factor: float = 2.0
    no_repeat_ngram: int = 0
    validation_examples: int = 500
    ensemble_runs: tuple[str, ...] = ()

    def __post_init__(self):
        counts = ("beam_width", "num_alternatives", "validation_examples")
        rest = (
            "length_penalty", "coverage_penalty", "max_length", "max_length_factor",
            "no_repeat_ngram",
        )  # fmt: skip
        check_ranges(self, dict.fromkeys(counts, (1, math.inf)))
        check_ranges(self, dict.fromkeys(rest, (0, math.inf)))


@dataclass(frozen=True)
class TranslationConfig:
    """All sections of the task."""

    data: TranslationDataConfig = field(default_factory=TranslationDataConfig)
    model: TranslationModelConfig = field(default_factory=TranslationModelConfig)
    training: TranslationTrainingConfig = field(default_factory=TranslationTrainingConfig)
    decoding: TranslationDecodingConfig = field(default_factory=TranslationDecodingConfig)
    serving: TextServingConfig = field(
        default_factory=lambda: TextServingConfig(max_length=4_000, max_request=40_000)
    )
