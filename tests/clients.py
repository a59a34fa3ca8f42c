"""Clients of a task beside files that an export lays beside the graph, without a graph."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from seqsuite.data.inputs import Inputs


def lay_files(serving: Any, folder: Path) -> Path:
    """Write what an export lays beside the graph, and return the folder."""
    for name, content in serving.files().items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def client_of(task: Any, folder: Path | None = None, **options: Any) -> Any:
    """Return the client of a task whose model is no more than a folder of files."""
    flags = {
        "column": None,
        "explain": False,
        "output": "-",
        "stream": False,
        "best_path": False,
        "end": None,
        "threshold": None,
    }
    model = SimpleNamespace(extra=folder, signatures={})
    return task.spec.client_class(model, task.config, SimpleNamespace(**flags | options))


def read(client: Any, *words: str, name: str | None = None) -> list[Any]:
    """Return the items of words, or of a file."""
    return list(client.read(Inputs(words, name)))
