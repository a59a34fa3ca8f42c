"""Sections and options of a configuration, read off its dataclasses."""

from __future__ import annotations

import dataclasses
import functools
import json
import typing

from seqsuite.errors import UserError


def section_names(config_class: type) -> list[str]:
    """Return the sections of a task's configuration."""
    return list(sections_of(config_class))


def fields_of(config_class: type) -> dict[str, list[str]]:
    """Return the keys of each section of a task's configuration."""
    return {
        name: [field.name for field in dataclasses.fields(section)]
        for name, section in sections_of(config_class).items()
    }


def sections_of(config_class: type) -> dict[str, type]:
    """Return the dataclass of each section of a task's configuration."""
    hints = typing.get_type_hints(config_class)
    return {field.name: hints[field.name] for field in dataclasses.fields(config_class)}


@functools.cache
def arrays_of(config_class: type) -> dict[str, type]:
    """Return the flags that take an array, each with the type of an entry."""
    return {
        f"--{section}.{name}": typing.get_args(hint)[0]
        for section, section_class in sections_of(config_class).items()
        for name, hint in typing.get_type_hints(section_class).items()
        if typing.get_origin(hint) is tuple
    }


def json_array(flag: str, text: str, entry_type: type) -> str:
    """Return values separated by commas as a JSON array; an array stays as it is.

    Args:
        flag: Named in errors.
        text: The values.
        entry_type: Type of an entry.

    Raises:
        UserError: A value is not of that type.

    Example:
        >>> json_array("--data.horizons", "4,2", int)
        '[4, 2]'
    """
    if text.startswith("["):
        return text
    try:
        return json.dumps([entry_type(part.strip()) for part in text.split(",") if part.strip()])
    except ValueError as error:
        raise UserError(
            f"{flag} takes numbers separated by commas, such as 2,3. Received: {text!r}."
        ) from error
