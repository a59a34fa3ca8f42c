"""Configurations and flags that record which of their options are read."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from typing import Any

# What reads all options of a section alike: checks, copies and their text.
_READS_ALL = {"__post_init__", "to_toml", "asdict", "astuple", "replace", "__repr__", "__eq__"}


def recording(config: Any, reads: set[str]) -> Any:
    """Return a configuration that adds ``section.option`` to ``reads`` when an option is read.

    Args:
        config: The configuration.
        reads: The set; copies of sections by ``dataclasses.replace`` add to it too.
    """
    sections = {
        field.name: _recording_section(getattr(config, field.name), field.name, reads)
        for field in dataclasses.fields(config)
    }
    copy = object.__new__(type(config))
    copy.__dict__.update(sections)
    return copy


def recording_flags(options: argparse.Namespace, reads: set[str]) -> argparse.Namespace:
    """Return flags that add their names to ``reads`` when they are read, by more than checks.

    Args:
        options: The parsed flags of ``predict``.
        reads: The set.
    """

    class Flags(argparse.Namespace):
        def __getattribute__(self, name):
            caller = sys._getframe(1).f_code
            if not (caller.co_name == "predict" and caller.co_filename.endswith("cli/predict.py")):
                reads.add(name)
            return super().__getattribute__(name)

    return Flags(**vars(options))


def _recording_section(section: Any, name: str, reads: set[str]) -> Any:
    options = {field.name for field in dataclasses.fields(section)}

    def __getattribute__(self, attribute):
        if attribute in options and not _is_read_with_all():
            reads.add(f"{name}.{attribute}")
        return object.__getattribute__(self, attribute)

    kind = type(type(section).__name__, (type(section),), {"__getattribute__": __getattribute__})
    copy = object.__new__(kind)
    copy.__dict__.update(vars(section))
    return copy


def _is_read_with_all() -> bool:
    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_name in _READS_ALL:
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False
