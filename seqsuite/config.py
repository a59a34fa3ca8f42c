"""Configuration: frozen dataclass sections, read from a TOML recipe and command-line flags.

Every task has the sections ``data``, ``model`` and ``training``. A recipe states only what differs
from the defaults and a flag (``--model.units 256``) wins over the recipe. Lists are tuples in
Python, arrays in TOML, and JSON arrays or values separated by commas on the command line.
"""

from __future__ import annotations

import argparse
import codecs
import dataclasses
import functools
import json
import math
import re
import tomllib
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

from jsonargparse import ArgumentParser

from seqsuite.errors import UserError, nearest

ConfigType = TypeVar("ConfigType")

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
        known = name is None or codecs.lookup(name)._is_text_encoding
    except LookupError:
        known = False
    if not known:
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

    dir: str | None = None
    train: str | None = None
    validation: str | None = None
    test: str | None = None
    download: bool = False
    encoding: str | None = None

    def __post_init__(self):
        check_encoding(self.encoding)
        if self.encoding and self.source != "files":
            raise UserError("data.encoding is of your own files: add --data.source files.")
        named = [split for split in ("train", "validation", "test") if getattr(self, split)]
        if named and self.source != "files":
            raise UserError(
                f"data.{named[0]} names a file of your own, which only data.source files reads. "
                f"Found data.source {self.source}: add --data.source files, or leave "
                f"--data.{named[0]} out."
            )


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


def read_recipe(path: str | Path, config_class: type) -> dict[str, dict[str, Any]]:
    """Read a TOML recipe and check every key against the task's configuration.

    Args:
        path: The recipe.
        config_class: The task's configuration dataclass, whose fields are the sections.

    Returns:
        ``{section: {key: value}}`` as written in the file.

    Raises:
        UserError: The file is missing, is not TOML, or holds an unknown section or key.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"Recipe {path} does not exist. Give --config the path of a .toml file.")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"Recipe {path} is not valid TOML: {error}.") from error
    sections = _sections(config_class)
    outdated, unread = [], []
    for section, values in content.items():
        if section not in sections:
            raise UserError(
                f"Recipe {path}: unknown section [{section}].{nearest(section, sections)} "
                f"Sections are {', '.join(f'[{name}]' for name in sections)}."
            )
        if not isinstance(values, dict):
            raise UserError(f"Recipe {path}: {section} must be a section: write [{section}].")
        for key, value in values.items():
            successor = _successor(config_class, section, key, value)
            if successor == _UNREAD:
                unread.append(f"{section}.{key}")
            elif successor:
                outdated.append(f"{section}.{key} {successor}")
            else:
                _check_key(section, key, config_class, where=f"Recipe {path}")
    if unread:
        outdated.append(f"delete {', '.join(unread)}, which this task never read")
    if outdated:
        raise UserError(f"Recipe {path} is of an earlier version: {'; '.join(outdated)}.")
    return content


def build_parser(
    config_class: type, sections: Sequence[str] | None = None, **keywords: Any
) -> ArgumentParser:
    """Return a parser that knows every field of a configuration as a dotted flag.

    Args:
        config_class: The task's configuration dataclass, whose fields are the sections.
        sections: The sections that have flags, without ``--config``; None: all.
        **keywords: Passed to ``jsonargparse.ArgumentParser`` (``prog``, ``description``, ...).

    Returns:
        A parser with ``--config RECIPE`` and ``--<section>.<key>`` flags; callers add their own.
    """
    parser = ArgumentParser(
        parser_mode="toml", exit_on_error=False, allow_abbrev=False, add_help=True, **keywords
    )
    if sections is None:
        parser.add_argument("--config", action="config", help="Recipe (TOML); flags win over it.")
    defaults = config_class()  # a task's own defaults of a section may differ from the section's
    for section, section_class in _sections(config_class).items():
        if sections is not None and section not in sections:
            continue
        parser.add_argument(f"--{section}", type=section_class, default=getattr(defaults, section))
    return parser


def parse(
    config_class: type[ConfigType], arguments: Sequence[str], parser: ArgumentParser | None = None
) -> tuple[ConfigType, Any]:
    """Parse recipe and flags into a frozen configuration.

    Args:
        config_class: The task's configuration dataclass.
        arguments: Command-line words after the verb.
        parser: A parser of :func:`build_parser` with further arguments; a plain one when absent.

    Returns:
        The configuration, and the namespace that holds the further arguments.

    Raises:
        UserError: An unknown flag or key (with the nearest valid name) or an unfit value.
    """
    parser = parser or build_parser(config_class)
    _check_recipes(config_class, arguments)
    namespace = parse_flags(config_class, arguments, parser)
    try:
        filled = parser.instantiate(namespace)
    except (argparse.ArgumentError, ValueError, TypeError) as error:
        raise UserError(_explain(str(error), config_class)) from error
    config = config_class(**{name: getattr(filled, name) for name in _sections(config_class)})
    return config, namespace


def parse_flags(config_class: type, arguments: Sequence[str], parser: ArgumentParser) -> Any:
    """Parse command-line words into a namespace, without a configuration.

    Args:
        config_class: The task's configuration dataclass.
        arguments: Command-line words after the verb.
        parser: A parser of :func:`build_parser`, also of some sections alone.

    Raises:
        UserError: An unknown flag (with the nearest valid name) or an unfit value.
    """
    try:
        return parser.parse_args(_with_arrays(config_class, arguments))
    except (argparse.ArgumentError, ValueError, TypeError) as error:
        raise UserError(_explain(str(error), config_class)) from error


def build_config(
    config_class: type[ConfigType], values: dict[str, dict[str, Any]] | None = None
) -> ConfigType:
    """Build a configuration in Python.

    Args:
        config_class: The task's configuration dataclass.
        values: ``{section: {key: value}}``; what is left out keeps its default.

    Returns:
        A frozen configuration.

    Raises:
        UserError: An unknown key or an unfit value.
    """
    words = []
    for section, entries in (values or {}).items():
        for key, value in entries.items():
            text = json.dumps(value) if isinstance(value, list | tuple) else value
            words.append(f"--{section}.{key}={text}")
    return parse(config_class, words)[0]


def to_toml(config: Any) -> str:
    """Write a configuration as TOML that :func:`read_recipe` reads back unchanged.

    Args:
        config: A configuration dataclass of sections.

    Returns:
        The text; fields that are ``None`` are left out, as TOML has no null.
    """
    lines = []
    for section in dataclasses.fields(config):
        lines.append(f"[{section.name}]")
        values = dataclasses.asdict(getattr(config, section.name))
        lines += [f"{key} = {_toml(value)}" for key, value in values.items() if value is not None]
        lines.append("")
    return "\n".join(lines)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return '"' + escaped.replace("\t", "\\t") + '"'
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return repr(value)


def section_names(config_class: type) -> list[str]:
    """Return the sections of a task's configuration."""
    return list(_sections(config_class))


def fields_of(config_class: type) -> dict[str, list[str]]:
    """Return the keys of each section of a task's configuration."""
    return {
        name: [field.name for field in dataclasses.fields(section)]
        for name, section in _sections(config_class).items()
    }


def _sections(config_class: type) -> dict[str, type]:
    hints = typing.get_type_hints(config_class)
    return {field.name: hints[field.name] for field in dataclasses.fields(config_class)}


def _with_arrays(config_class: type, arguments: Sequence[str]) -> list[str]:
    """Return command-line words in which ``96,192`` is a JSON array where an array is meant."""
    arrays = _arrays(config_class)
    words, flag = [], None
    for word in arguments:
        name, equals, value = word.partition("=")
        if flag:
            words.append(_json_array(flag, word, arrays[flag]))
            flag = None
        elif name in arrays and equals:
            words.append(f"{name}={_json_array(name, value, arrays[name])}")
        else:
            words.append(word)
            flag = word if word in arrays else None
    return words


@functools.cache
def _arrays(config_class: type) -> dict[str, type]:
    """Return the flags that take an array, each with the type of an entry."""
    return {
        f"--{section}.{name}": typing.get_args(hint)[0]
        for section, section_class in _sections(config_class).items()
        for name, hint in typing.get_type_hints(section_class).items()
        if typing.get_origin(hint) is tuple
    }


def _json_array(flag: str, text: str, entry_type: type) -> str:
    if text.startswith("["):
        return text
    try:
        return json.dumps([entry_type(part.strip()) for part in text.split(",") if part.strip()])
    except ValueError as error:
        raise UserError(
            f"{flag} takes numbers separated by commas, such as 2,3. Received: {text!r}."
        ) from error


# Options of sections that all tasks had, whether these read them or not.
_FORMER = {
    "data": (
        "dir", "train", "validation", "test", "validation_fraction", "join_validation", "download",
        "limit",
    ),
    "training": (
        "batch_tokens", "label_smoothing", "class_weights", "pretraining_epochs",
        "pretraining_learning_rate",
    ),
}  # fmt: skip


_UNREAD = "is not an option of this task, which never read it"


def _successor(config_class: type, section: str, key: str, value: object = None) -> str | None:
    """Return what became of a key of an earlier version; None: it is as it was, or never was."""
    entry_type = _arrays(config_class).get(f"--{section}.{key}")
    if entry_type is not None:
        if not isinstance(value, str):
            return None
        entries = json.loads(_json_array(f"{section}.{key}", value, entry_type))
        return f"is an array: write {key} = {_toml(tuple(entries))}"
    if key in fields_of(config_class)[section] or key not in _FORMER.get(section, ()):
        return None
    successor = getattr(config_class, "successors", {}).get(f"{section}.{key}")
    if successor:
        return f"is not an option of this task: use {successor}"
    return _UNREAD


def _check_key(section: str, key: str, config_class: type, where: str) -> None:
    fields = fields_of(config_class)
    if key in fields[section]:
        return
    elsewhere = [f"{other}.{key}" for other, names in fields.items() if key in names]
    hint = f" Did you mean {elsewhere[0]!r}?" if elsewhere else nearest(key, fields[section])
    raise UserError(f"{where}: unknown key {section}.{key}.{hint}")


def _check_recipes(config_class: type, arguments: Sequence[str]) -> None:
    # The library's message for an unknown key does not name the nearest valid one; ours does.
    for index, word in enumerate(arguments):
        if word == "--config" and index + 1 < len(arguments):
            read_recipe(arguments[index + 1], config_class)
        elif word.startswith("--config="):
            read_recipe(word.removeprefix("--config="), config_class)


def _explain(message: str, config_class: type) -> str:
    """Turn the parser's message into one line that names the nearest valid flag or value."""
    flags = [
        f"--{section}.{name}"
        for section, names in fields_of(config_class).items()
        for name in names
    ]
    line = " ".join(message.split())
    unknown = re.search(r"[Uu]nrecognized arguments: (\S+)", line)
    if unknown:
        flag = unknown.group(1).split("=")[0]
        section, _, key = flag.removeprefix("--").partition(".")
        if section in _sections(config_class):
            successor = _successor(config_class, section, key)
            if successor:
                return f"{flag} {successor}."
        return f"Unknown argument {flag}.{nearest(flag, flags)} See --help."
    line = line.replace("Parser key ", "").replace("typing.Literal", "one of ")
    value = re.search(r"one of \[(.*?)\].*Got value: (\S+)", line)
    if value:
        choices = [choice.strip(" '\"") for choice in value.group(1).split(",")]
        line += f".{nearest(value.group(2), choices)}"
    return line
