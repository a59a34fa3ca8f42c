"""Recipes: configurations as TOML files."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from pathlib import Path
from typing import Any

from seqsuite.configuration.options import arrays_of, fields_of, json_array, sections_of
from seqsuite.errors import UserError, nearest


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
    sections = sections_of(config_class)
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
            successor = successor_of(config_class, section, key, value)
            if successor == UNREAD:
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


UNREAD = "is not an option of this task, which never read it"


def successor_of(config_class: type, section: str, key: str, value: object = None) -> str | None:
    """Return what became of a key of an earlier version; None: it is as it was, or never was."""
    entry_type = arrays_of(config_class).get(f"--{section}.{key}")
    if entry_type is not None:
        if not isinstance(value, str):
            return None
        entries = json.loads(json_array(f"{section}.{key}", value, entry_type))
        return f"is an array: write {key} = {_toml(tuple(entries))}"
    if key in fields_of(config_class)[section] or key not in _FORMER.get(section, ()):
        return None
    successor = getattr(config_class, "successors", {}).get(f"{section}.{key}")
    if successor:
        return f"is not an option of this task: use {successor}"
    return UNREAD


def _check_key(section: str, key: str, config_class: type, where: str) -> None:
    fields = fields_of(config_class)
    if key in fields[section]:
        return
    elsewhere = [f"{other}.{key}" for other, names in fields.items() if key in names]
    hint = f" Did you mean {elsewhere[0]!r}?" if elsewhere else nearest(key, fields[section])
    raise UserError(f"{where}: unknown key {section}.{key}.{hint}")
