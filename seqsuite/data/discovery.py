"""Readers of raw examples, found by discovery.

A reader is a module of ``seqsuite.datasets`` or of the task's own package ``data`` that defines
``NAME`` (what ``data.source`` says), ``TASKS`` (whom it serves), ``DESCRIPTION`` (one line) and
``load(split, options, task)``, which returns :class:`Examples`, or None when the source has no such
split. A module of many data sets of one kind holds a reader for each in ``READERS`` instead:
objects with these four attributes. Readers of different tasks may share a name: ``files`` of
translation are pairs of files. No reader imports TensorFlow until it has to.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Iterator
from typing import Any

from seqsuite.data.examples import Examples
from seqsuite.errors import UserError, nearest


def load_examples(source: str, split: str, options: Any, task: str) -> Examples | None:
    """Load one split of a source.

    Args:
        source: ``sample``, ``files``, a data set's name, or ``tfds:<builder[/config]>``.
        split: ``train``, ``validation`` or ``test``.
        options: The task's data section.
        task: Name of the task that will use them.

    Returns:
        Raw examples, or None when the source has no such split.

    Raises:
        UserError: Unknown source, or its data cannot be read.
    """
    return reader(source, task).load(split, options, task)


def reader(source: str, task: str) -> Any:
    """Return what reads a source; beside what all have, some tell what is special to their data.

    Args:
        source: As for :func:`load_examples`.
        task: Name of the task.

    Raises:
        UserError: Unknown source.

    Example:
        >>> reader("multi30k", "translation").DIRECTION
        ('en', 'de')
    """
    readers = _readers(task)
    name = source.split(":", 1)[0]
    if name not in readers:
        raise UserError(
            f"Unknown data.source {source!r} for task {task}.{nearest(name, readers)} "
            f"Sources are {', '.join(sorted(readers))}."
        )
    return readers[name]


def sources(task: str) -> dict[str, str]:
    """Return name -> description of all sources that serve a task.

    Example:
        >>> "sample" in sources("sentiment")
        True
    """
    return {name: reader.DESCRIPTION for name, reader in _readers(task).items()}


def _readers(task: str) -> dict[str, Any]:
    readers = [
        reader for module in _modules(task) for reader in getattr(module, "READERS", (module,))
    ]
    return {r.NAME: r for r in readers if hasattr(r, "NAME") and task in r.TASKS}


def _modules(task: str) -> Iterator[Any]:
    for name in ("seqsuite.datasets", f"seqsuite.tasks.{task}.data"):
        if _is_package(name):
            package = importlib.import_module(name)
            for info in pkgutil.iter_modules(package.__path__):
                yield importlib.import_module(f"{name}.{info.name}")


def _is_package(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # the task is a module yet, with no package in it
        return False
