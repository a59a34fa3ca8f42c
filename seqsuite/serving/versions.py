"""Numbered versions of an exported model."""

from __future__ import annotations

from pathlib import Path


def next_version(directory: Path) -> Path:
    """Return the folder of the next version number below ``directory``.

    Example:
        >>> next_version(Path("does_not_exist")).name
        '1'
    """
    return directory / str(1 + max([0, *(int(p.name) for p in _versions(directory))]))


def latest_version(path: str | Path) -> Path:
    """Return the folder of a version: ``path`` itself, or the highest version below it.

    Raises:
        FileNotFoundError: If neither is a SavedModel.
    """
    path = Path(path)
    if (path / "saved_model.pb").is_file():
        return path
    versions = [p for p in _versions(path) if (p / "saved_model.pb").is_file()]
    if not versions:
        raise FileNotFoundError(path)
    return max(versions, key=lambda p: int(p.name))


def _versions(directory: Path) -> list[Path]:
    if not directory.is_dir():
        return []
    return [path for path in directory.iterdir() if path.name.isdigit()]
