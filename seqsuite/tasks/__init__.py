"""The tasks, found by discovery: a package each. Importing this package imports no task.

Other distributions add tasks by the entry-point group ``seqsuite.tasks``: the name of a task, and
its package, which has a ``TASK`` as those here have.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil
from typing import TYPE_CHECKING

from seqsuite.errors import UserError, nearest

if TYPE_CHECKING:
    from seqsuite.task import TaskSpec


def task_names() -> list[str]:
    """Return the names of all tasks, sorted."""
    return sorted(_packages())


def find_task(name: str) -> TaskSpec:
    """Return the entry of a task.

    Args:
        name: A name of :func:`task_names`.

    Raises:
        UserError: There is no such task.
    """
    packages = _packages()
    if name not in packages:
        raise UserError(
            f"There is no task {name!r}.{nearest(name, packages)} "
            f"Tasks are {', '.join(sorted(packages))}."
        )
    return importlib.import_module(packages[name]).TASK


def _packages() -> dict[str, str]:
    """Return the package of each task by name; a task of ours wins."""
    ours = {module.name: f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)}
    others = importlib.metadata.entry_points(group=__name__)
    return {entry.name: entry.value for entry in others} | ours
