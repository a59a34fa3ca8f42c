"""Settings that keep a task's sample small."""

from __future__ import annotations

from typing import Any

from seqsuite.config import fields_of
from seqsuite.task import TaskSpec


def small(task: TaskSpec, examples: int, **training: Any) -> dict[str, dict[str, Any]]:
    """Return sections of a task's configuration, as far as the task has the options.

    Args:
        task: The task.
        examples: Training examples, of tasks whose examples can be limited.
        **training: Section ``training``.
    """
    wanted = {"data": {"limit": examples}, "training": training}
    known = fields_of(task.config_class)
    return {
        section: {key: value for key, value in values.items() if key in known[section]}
        for section, values in wanted.items()
    }


def as_flags(settings: dict[str, dict[str, Any]]) -> list[str]:
    """Return settings as words of the command line."""
    return [
        f"--{section}.{key}={value}"
        for section, values in settings.items()
        for key, value in values.items()
    ]
