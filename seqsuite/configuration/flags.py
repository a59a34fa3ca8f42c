"""Command-line flags of a configuration."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from typing import Any, TypeVar

from jsonargparse import ArgumentParser

from seqsuite.configuration.conditions import check_conditions, without_unread
from seqsuite.configuration.options import arrays_of, fields_of, json_array, sections_of
from seqsuite.configuration.recipes import read_recipe, successor_of
from seqsuite.errors import UserError, nearest

ConfigType = TypeVar("ConfigType")


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
    for section, section_class in sections_of(config_class).items():
        if sections is not None and section not in sections:
            continue
        parser.add_argument(f"--{section}", type=section_class, default=getattr(defaults, section))
    return parser


def parse(
    config_class: type[ConfigType],
    arguments: Sequence[str],
    parser: ArgumentParser | None = None,
    inherited: bool = False,
) -> tuple[ConfigType, Any]:
    """Parse recipe and flags into a frozen configuration.

    Args:
        config_class: The task's configuration dataclass.
        arguments: Command-line words after the verb.
        parser: A parser of :func:`build_parser` with further arguments; a plain one when absent.
        inherited: The recipe is that of a run: its options that are not read beside the flags get
            their defaults, instead of being refused.

    Returns:
        The configuration, and the namespace that holds the further arguments.

    Raises:
        UserError: An unknown flag or key (with the nearest valid name), an unfit value, or an
            option that would not be read.
    """
    parser = parser or build_parser(config_class)
    _check_recipes(config_class, arguments)
    namespace = parse_flags(config_class, arguments, parser)
    try:
        filled = parser.instantiate(namespace)
    except (argparse.ArgumentError, ValueError, TypeError) as error:
        raise UserError(_explain(str(error), config_class)) from error
    config = config_class(**{name: getattr(filled, name) for name in sections_of(config_class)})
    if inherited:
        given = [word.removeprefix("--").partition("=")[0] for word in arguments]
        config = without_unread(config, kept=given)
    check_conditions(config)
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


def _with_arrays(config_class: type, arguments: Sequence[str]) -> list[str]:
    """Return command-line words in which ``96,192`` is a JSON array where an array is meant."""
    arrays = arrays_of(config_class)
    words, flag = [], None
    for word in arguments:
        name, equals, value = word.partition("=")
        if flag:
            words.append(json_array(flag, word, arrays[flag]))
            flag = None
        elif name in arrays and equals:
            words.append(f"{name}={json_array(name, value, arrays[name])}")
        else:
            words.append(word)
            flag = word if word in arrays else None
    return words


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
        if section in sections_of(config_class):
            successor = successor_of(config_class, section, key)
            if successor:
                return f"{flag} {successor}."
        return f"Unknown argument {flag}.{nearest(flag, flags)} See --help."
    line = line.replace("Parser key ", "").replace("typing.Literal", "one of ")
    value = re.search(r"one of \[(.*?)\].*Got value: (\S+)", line)
    if value:
        choices = [choice.strip(" '\"") for choice in value.group(1).split(",")]
        line += f".{nearest(value.group(2), choices)}"
    return line
