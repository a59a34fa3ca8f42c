"""Options that are read only while other options have certain values.

A section declares them in ``read_when``: option -> :class:`Condition`. Where its condition does not
hold, such an option is refused instead of being ignored silently.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from seqsuite.errors import UserError

ConfigType = TypeVar("ConfigType")
_OFF = (None, False, 0, "", (), "none")


@dataclass(frozen=True)
class Condition:
    """What must be set for an option to be read; joined by ``&`` and ``|``.

    Args:
        holds: Function of the options of a configuration, by name, that says whether it holds.
        text: The condition in words, options as ``<option>``.
        options: The options that it depends on.
    """

    holds: Callable[[Callable[[str], Any]], bool]
    text: str
    options: tuple[str, ...]

    def __and__(self, other: Condition) -> Condition:
        return Condition(
            lambda read: self.holds(read) and other.holds(read),
            f"{self.text} and {other.text}",
            self.options + other.options,
        )

    def __or__(self, other: Condition) -> Condition:
        return Condition(
            lambda read: self.holds(read) or other.holds(read),
            f"{self.text} or {other.text}",
            self.options + other.options,
        )


def when(option: str, *values: Any) -> Condition:
    """Return the condition that an option has one of some values.

    Args:
        option: ``section.option``, or an option of the same section.
        *values: The values; none: any that switches it on. Of ``tfds:name`` the part before the
            colon counts.

    Example:
        >>> when("schedule", "cosine", "exponential").text
        'with <schedule> cosine or exponential'
    """
    if not values:
        return Condition(lambda read: not _is_off(read(option)), f"with <{option}> set", (option,))
    said = " or ".join(map(str, values))
    return Condition(
        lambda read: _kind(read(option)) in values, f"with <{option}> {said}", (option,)
    )


def unless(option: str, *values: Any) -> Condition:
    """Return the condition that an option has none of some values.

    Args:
        option: As for :func:`when`.
        *values: The values; none: any that switches it on.

    Example:
        >>> unless("validation").text
        'without <validation>'
    """
    condition = when(option, *values)
    text = f"with <{option}> other than {' or '.join(map(str, values))}"
    return Condition(
        lambda read: not condition.holds(read), text if values else f"without <{option}>", (option,)
    )


def check_conditions(config: Any) -> None:
    """Refuse an option that differs from its default and would not be read.

    Args:
        config: A configuration.

    Raises:
        UserError: There is one; the message says when it is read.
    """
    for name, condition, default in _unread(config):
        text = re.sub("<(.*?)>", partial(_flag, name), condition.text)
        others = dict.fromkeys(_full(option, name) for option in condition.options)
        read = _reader(config, name)
        values = ", ".join(f"{other} {read(other)!r}" for other in others)
        kept = "leave it out" if _is_off(default) else f"leave it at {default}"
        raise UserError(f"{name} is read {text} only. Found {values}: change that, or {kept}.")


def without_unread(config: ConfigType, kept: Collection[str] = ()) -> ConfigType:
    """Return a configuration in which options that would not be read have their defaults.

    Args:
        config: A configuration.
        kept: Options, ``section.option``, that stay as they are.
    """
    while True:
        changes = [(name, value) for name, _, value in _unread(config) if name not in kept]
        if not changes:
            return config
        for name, default in changes:
            section, _, option = name.partition(".")
            part = dataclasses.replace(getattr(config, section), **{option: default})
            config = dataclasses.replace(config, **{section: part})  # type: ignore[type-var]


def conditions_of(section: Any) -> dict[str, Condition]:
    """Return option -> condition of a section, with those of the classes that it extends."""
    kinds = reversed((section if isinstance(section, type) else type(section)).__mro__)
    return {name: c for kind in kinds for name, c in vars(kind).get("read_when", {}).items()}


def is_read(config: Any, name: str) -> bool:
    """Return whether the condition of an option holds; one without a condition is always read.

    Args:
        config: A configuration.
        name: ``section.option``.
    """
    section, _, option = name.partition(".")
    condition = conditions_of(getattr(config, section)).get(option)
    return condition is None or condition.holds(_reader(config, name))


def _unread(config: Any) -> Iterator[tuple[str, Condition, Any]]:
    """Yield name, condition and default of each option that is set and would not be read."""
    defaults = type(config)()
    for field in dataclasses.fields(config):
        section, default = getattr(config, field.name), getattr(defaults, field.name)
        for option, condition in conditions_of(section).items():
            name, usual = f"{field.name}.{option}", getattr(default, option)
            if getattr(section, option) != usual and not is_read(config, name):
                yield name, condition, usual


def _reader(config: Any, name: str) -> Callable[[str], Any]:
    """Return what reads options by name, as the condition of the option ``name`` says them."""

    def read(option: str) -> Any:
        section, _, key = _full(option, name).partition(".")
        return getattr(getattr(config, section), key)

    return read


def _flag(name: str, match: re.Match[str]) -> str:
    return f"--{_full(match[1], name)}"


def _full(option: str, name: str) -> str:
    return option if "." in option else f"{name.partition('.')[0]}.{option}"


def _kind(value: Any) -> Any:
    return value.partition(":")[0] if isinstance(value, str) else value


def _is_off(value: Any) -> bool:
    return value in _OFF
