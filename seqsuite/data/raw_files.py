"""Content of files, compressed files and archives."""

from __future__ import annotations

import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from seqsuite.errors import UserError

ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")

_UNREADABLE = (
    OSError,
    EOFError,
    lzma.LZMAError,
    zlib.error,
    tarfile.TarError,
    zipfile.BadZipFile,
)


def is_archive(path: Path) -> bool:
    """Return whether a name is that of an archive."""
    return path.name.lower().endswith(ARCHIVES)


def content(path: Path) -> bytes:
    """Return the content of a file, unpacked if its name ends in ``.gz``.

    Raises:
        UserError: It cannot be read or is damaged.
    """
    try:
        return unpacked(path.name, path.read_bytes())
    except _UNREADABLE as error:
        raise UserError(f"{path} cannot be read: {error}.") from error


def unpacked(name: str, data: bytes) -> bytes:
    """Return ``data``, unpacked when ``name`` ends in ``.gz``."""
    return gzip.decompress(data) if name.lower().endswith(".gz") else data


def members(path: Path, wanted: Callable[[str], bool]) -> list[tuple[str, bytes]]:
    """Return name and unpacked content of an archive's files, ordered by name.

    Args:
        path: A file with an ending of ``ARCHIVES``.
        wanted: Predicate on names. Files that operating systems add (``__MACOSX``, names that begin
            with a dot) are left out.

    Raises:
        UserError: It is no such archive, is damaged, or needs a password.
    """

    def asked_for(name: str) -> bool:
        parts = PurePosixPath(name).parts
        return not any(p == "__MACOSX" or p.startswith(".") for p in parts) and wanted(name)

    reader = _zip_members if path.name.lower().endswith(".zip") else _tar_members
    try:
        return sorted((name, unpacked(name, data)) for name, data in reader(path, asked_for))
    except (*_UNREADABLE, RuntimeError, NotImplementedError) as error:
        reason = str(error).split("\n", 1)[0].rstrip(":.")
        raise UserError(f"{path} is not a readable archive: {reason}.") from error


def _zip_members(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir() and wanted(info.filename):
                yield info.filename, archive.read(info)


def _tar_members(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() and wanted(member.name) else None
            if file is not None:
                yield member.name, file.read()
