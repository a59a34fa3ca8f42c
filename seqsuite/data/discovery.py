"""Discovery of readers of raw examples.

A reader is a module of the package ``data`` in a task's package. It defines ``NAME`` (what
``data.source`` says), ``DESCRIPTION`` (one line) and ``load(split, options)``, which returns
:class:`Examples`, or None when the source has no such split. A module of many data sets of one kind
holds a reader for each in ``READERS`` instead: objects with these three attributes. Readers
import TensorFlow on first use.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from typing import Any

from seqsuite.config import FileDataConfig
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError, nearest


def load_examples(
    source: str, split: str, options: FileDataConfig, package: str
) -> Examples | None:
    """Load one split of a source.

    Args:
        source: ``sample``, ``files``, a data set's name, or ``tfds:<builder[/config]>``.
        split: ``train``, ``validation`` or ``test``.
        options: The task's data section.
        package: The task's package.

    Returns:
        Raw examples, or None when the source has no such split.

    Raises:
        UserError: Unknown source, or its data cannot be read.
    """
    return reader(source, package).load(split, options)


def reader(source: str, package: str) -> Any:
    """Return the reader of a source.

    Args:
        source: As for :func:`load_examples`.
        package: The task's package.

    Raises:
        UserError: Unknown source.

    Example:
        >>> reader("multi30k", "seqsuite.tasks.translation").DIRECTION
        ('en', 'de')
    """
    readers = _readers(package)
    name = source.split(":", 1)[0]
    if name not in readers:
        task = package.rpartition(".")[2]
        raise UserError(
            f"Unknown data.source {source!r} for task {task}.{nearest(name, readers)} "
            f"Sources are {', '.join(sorted(readers))}."
        )
    return readers[name]


def sources(package: str) -> dict[str, str]:
    """Return name -> description of the sources of a task.

    Example:
        >>> "sample" in sources("seqsuite.tasks.sentiment")
        True
    """
    return {name: reader.DESCRIPTION for name, reader in _readers(package).items()}


def _readers(package: str) -> dict[str, Any]:
    data = importlib.import_module(f"{package}.data")
    modules = [
        importlib.import_module(f"{data.__name__}.{info.name}")
        for info in pkgutil.iter_modules(data.__path__)
    ]
    readers = [reader for module in modules for reader in getattr(module, "READERS", (module,))]
    return {reader.NAME: reader for reader in readers if hasattr(reader, "NAME")}
