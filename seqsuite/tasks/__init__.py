"""The tasks, found by discovery: one file each. Importing this package imports no task."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

from seqsuite.errors import UserError, nearest

if TYPE_CHECKING:
    from seqsuite.task import Task


def task_names() -> list[str]:
    """Return the names of all tasks, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def find_task(name: str) -> type[Task]:
    """Return the task class of a name.

    Args:
        name: A name of :func:`task_names`.

    Raises:
        UserError: There is no such task.
    """
    if name not in task_names():
        raise UserError(
            f"There is no task {name!r}.{nearest(name, task_names())} "
            f"Tasks are {', '.join(task_names())}."
        )
    return importlib.import_module(f"{__name__}.{name}").TASK
