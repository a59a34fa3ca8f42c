"""Configuration: frozen dataclass sections, read from a TOML recipe and command-line flags.

Every task has the sections ``data``, ``model`` and ``training``. A recipe states only what differs
from the defaults and a flag (``--model.units 256``) wins over the recipe. Lists are tuples in
Python, arrays in TOML, and JSON arrays or values separated by commas on the command line.
"""

from __future__ import annotations

import codecs
import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from seqsuite.configuration.conditions import Condition, unless, when
from seqsuite.configuration.flags import build_config, build_parser, parse, parse_flags
from seqsuite.configuration.options import fields_of, section_names
from seqsuite.configuration.recipes import read_recipe, to_toml
from seqsuite.errors import UserError

__all__ = [
    "MAX_INT", "BucketTrainingConfig", "DataConfig", "FileDataConfig", "RowDataConfig",
    "TextServingConfig", "TrainingConfig", "build_config", "build_parser", "check_encoding",
    "check_ranges", "fields_of", "parse", "parse_flags", "read_recipe", "section_names", "to_toml",
    "unless", "when",
]  # fmt: skip

MAX_INT = 2**31 - 1
"""The largest int32."""


def check_ranges(section: Any, ranges: dict[str, tuple[float, float]]) -> None:
    """Check numbers of a configuration section; called from its ``__post_init__``.

    Args:
        section: The section.
        ranges: Field name -> smallest and largest value allowed.

    Raises:
        UserError: A value lies outside.

    Example:
        >>> check_ranges(TrainingConfig(), {"epochs": (1, 100)})
    """
    for name, (low, high) in ranges.items():
        value = getattr(section, name)
        if not low <= value <= high:
            bound = f"at least {low}" if math.isinf(high) else f"between {low} and {high}"
            raise UserError(f"{name} must be {bound}. Received: {value}.")


def check_encoding(name: str | None) -> None:
    """Refuse a name that is no text encoding.

    Args:
        name: The option ``encoding``; None: none is given.

    Raises:
        UserError: Python knows no such encoding of text.

    Example:
        >>> check_encoding("windows-1252")
    """
    try:
        is_valid = name is None or codecs.lookup(name)._is_text_encoding
    except LookupError:
        is_valid = False
    if not is_valid:
        raise UserError(
            f"There is no text encoding {name!r}. Usual ones are utf-8, utf-16, windows-1252, "
            "iso-8859-15, shift_jis, gb18030 and big5."
        )


@dataclass(frozen=True)
class DataConfig:
    """Section ``data`` of every task; tasks extend it with the options of their formats.

    Args:
        source: sample, files, a data set's name (imdb, ...) or tfds:<builder>.
    """

    source: str = "sample"


@dataclass(frozen=True)
class FileDataConfig(DataConfig):
    """Section ``data`` of tasks that read files.

    Args:
        dir: Folder with upstream files of named data sets (default: $SEQSUITE_DATA).
        train: Training file, folder or archive (source files).
        validation: Validation file (source files).
        test: Test file (source files).
        download: Download named data sets.
        encoding: Encoding of text files (source files; default: UTF-8, or UTF-16 by its mark).
    """

    read_when: ClassVar[dict[str, Condition]] = {
        **dict.fromkeys(("dir", "download"), unless("source", "sample", "files")),
        **dict.fromkeys(("train", "validation", "test", "encoding"), when("source", "files")),
    }

    dir: str | None = None
    train: str | None = None
    validation: str | None = None
    test: str | None = None
    download: bool = False
    encoding: str | None = None

    def __post_init__(self):
        check_encoding(self.encoding)


@dataclass(frozen=True)
class RowDataConfig(FileDataConfig):
    """Section ``data`` of tasks whose examples are independent of each other.

    Args:
        validation_fraction: Share of training examples held out when there is no validation split.
        join_validation: Learn from the source's validation split too, and cut another from the two.
        limit: Keep at most this many training examples (0: all).
    """

    free_labels: ClassVar[bool] = False
    """Whether labels are free texts, which need not occur in training, instead of classes."""

    validation_fraction: float = 0.1
    join_validation: bool = False
    limit: int = 0

    def __post_init__(self):
        super().__post_init__()
        check_ranges(self, {"validation_fraction": (0.001, 0.9), "limit": (0, math.inf)})


@dataclass(frozen=True)
class TrainingConfig:
    """Section ``training`` of every task; tasks extend it.

    Args:
        epochs: Passes over the training examples.
        max_batch_size: Maximum number of examples per batch.
        optimizer: adam or adamw (decoupled weight decay).
        learning_rate: Peak learning rate.
        weight_decay: Decoupled weight decay of adamw.
        clip_norm: Maximum global norm of gradients (0: no clipping).
        schedule: constant, cosine, exponential or reduce_on_plateau.
        warm_up_fraction: Share of all steps over which the learning rate rises from 0.
        final_learning_rate_fraction: Learning rate at the end as a share of the peak.
        plateau_patience: Epochs without progress before reduce_on_plateau halves the rate.
        early_stopping_patience: Epochs without progress before training stops (0: never).
        target_score: Training stops as soon as the metric that selects reaches this on validation
            (none: no such stop).
        average_decay: Exponential moving average of the weights, used for evaluation (0: off).
        checkpoint_seconds: Seconds between resumable checkpoints inside an epoch.
        tensorboard: Write TensorBoard event files into the run directory.
        diagnostics_interval: Steps between two records of gradients and gates (0: none).
        seed: Seed of data order, initial weights and dropout.
    """

    read_when: ClassVar[dict[str, Condition]] = {
        "weight_decay": when("optimizer", "adamw"),
        "final_learning_rate_fraction": when("schedule", "cosine", "exponential"),
        "plateau_patience": when("schedule", "reduce_on_plateau"),
    }

    epochs: int = 16
    max_batch_size: int = 128
    optimizer: Literal["adam", "adamw"] = "adam"
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    schedule: Literal["constant", "cosine", "exponential", "reduce_on_plateau"] = "cosine"
    warm_up_fraction: float = 0.05
    final_learning_rate_fraction: float = 0.02
    plateau_patience: int = 2
    early_stopping_patience: int = 0
    target_score: float | None = None
    average_decay: float = 0.0
    checkpoint_seconds: float = 60.0
    tensorboard: bool = False
    diagnostics_interval: int = 0
    seed: int = 0

    def __post_init__(self):
        shares = ("warm_up_fraction", "final_learning_rate_fraction")
        not_negative = (
            "weight_decay", "clip_norm", "early_stopping_patience", "checkpoint_seconds",
            "diagnostics_interval", "seed",
        )  # fmt: skip
        counts = ("epochs", "max_batch_size", "plateau_patience")
        check_ranges(self, dict.fromkeys(counts, (1, math.inf)))
        check_ranges(self, dict.fromkeys(shares, (0, 1)))
        check_ranges(self, dict.fromkeys(not_negative, (0, math.inf)))
        check_ranges(self, {"learning_rate": (1e-12, math.inf), "average_decay": (0, 0.99999)})


@dataclass(frozen=True)
class BucketTrainingConfig(TrainingConfig):
    """Section ``training`` of tasks whose batches hold examples of similar length.

    Args:
        batch_tokens: Padded positions per batch (examples are bucketed by length).
    """

    batch_tokens: int = 8192

    def __post_init__(self):
        super().__post_init__()
        check_ranges(self, {"batch_tokens": (1, math.inf)})


@dataclass(frozen=True)
class TextServingConfig:
    """Greatest requests that an exported model of texts answers.

    Args:
        max_length: Bytes (UTF-8) of a text; the rest is cut, which the output truncated tells.
        max_request: Rows of a request times the bytes of its longest text; larger ones are refused.
    """

    max_length: int = 10_000
    max_request: int = 100_000

    def __post_init__(self):
        check_ranges(self, {"max_length": (16, MAX_INT), "max_request": (self.max_length, MAX_INT)})

    def rows_of(self, size: int) -> int:
        """Return how many rows of a size one request may have.

        Args:
            size: Bytes of the longest.

        Example:
            >>> TextServingConfig(max_length=100, max_request=1000).rows_of(50)
            20
        """
        return self.max_request // max(1, min(size, self.max_length))
