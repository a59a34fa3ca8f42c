"""Upstream files of named data sets; downloads on request only."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import sys
import urllib.parse
from collections.abc import Sequence
from pathlib import Path

from seqsuite.config import FileDataConfig
from seqsuite.errors import UserError


def find(options: FileDataConfig, candidates: Sequence[str]) -> Path | None:
    """Return the first of ``candidates`` that exists below the data folder.

    Args:
        options: The data section; ``dir`` defaults to the environment variable SEQSUITE_DATA.
        candidates: Paths relative to the data folder.
    """
    base = data_dir(options)
    if base is None:
        return None
    return next((base / name for name in candidates if (base / name).exists()), None)


def data_dir(options: FileDataConfig) -> Path | None:
    """Return the configured data folder.

    Raises:
        UserError: It is given but does not exist.
    """
    given = options.dir or os.environ.get("SEQSUITE_DATA")
    if not given:
        return None
    if not Path(given).is_dir():
        raise UserError(f"The data folder {given} (--data.dir or $SEQSUITE_DATA) does not exist.")
    return Path(given)


def missing(name: str, options: FileDataConfig, candidates: Sequence[str]) -> UserError:
    """Return the error for data that are missing and not to be downloaded."""
    base = data_dir(options) or "--data.dir (or $SEQSUITE_DATA, which is not set)"
    return UserError(
        f"Data set {name} was not found: looked for {', '.join(candidates)} below {base}. Put its "
        "upstream files there, add --data.download true to fetch them, or try --data.source sample."
    )


def not_fetched(
    name: str, options: FileDataConfig, candidates: Sequence[str], where_from: str
) -> UserError:
    """Return the error for missing data without an upstream checksum, which are never fetched.

    Args:
        name: The data set.
        options: The data section.
        candidates: Where files were looked for.
        where_from: How to get them; the beginning of a sentence.
    """
    base = data_dir(options) or "--data.dir (or $SEQSUITE_DATA, which is not set)"
    return UserError(
        f"Data set {name} was not found: looked for {', '.join(candidates)} below {base}. It is "
        f"not fetched, since upstream states no checksum. {where_from}, or try "
        "--data.source sample."
    )


def fetch(url: str, *, name: str, md5: str | None = None, sha256: str | None = None) -> Path:
    """Download a file with a checksum into Keras' cache, if there is a network.

    Args:
        url: Where it is.
        name: File name in the cache.
        md5: Expected checksum, when upstream publishes that.
        sha256: Expected checksum.

    Returns:
        The local file.

    Raises:
        UserError: There is no network, or the checksum differs.
    """
    checksum, algorithm = (sha256, "sha256") if sha256 else (md5, "md5")
    home = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
    cached = home / "seqsuite" / name
    if cached.exists() and checksum is not None and _digest(cached, algorithm) == checksum:
        return cached
    probe(url)
    import keras

    try:
        # Keras passes over a cache folder that does not exist yet.
        home.mkdir(parents=True, exist_ok=True)
        # Keras reports progress on standard output, which may be read by a program.
        with contextlib.redirect_stdout(sys.stderr):
            fetched = keras.utils.get_file(
                name,
                url,
                file_hash=checksum,
                hash_algorithm=algorithm,
                cache_subdir="seqsuite",
                cache_dir=str(home),
            )
    except (Exception, SystemExit) as error:
        raise UserError(f"Could not fetch {url}: {error}.") from error
    return Path(fetched)


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def probe(url: str, timeout_seconds: float = 5.0) -> None:
    """Raise an error at once if the host of ``url`` cannot be reached.

    Args:
        url: The address; ``file:`` needs no network.
        timeout_seconds: How long to wait for the host.

    Raises:
        UserError: There is no network.
    """
    # Downloaders retry for minutes without a network; a look at the host takes seconds.
    parts = urllib.parse.urlparse(url)
    if parts.scheme == "file":
        return
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname, port), timeout=timeout_seconds).close()
    except OSError as error:
        raise UserError(
            f"There is no network to fetch {url} ({error}). Give the files with --data.dir, or try "
            "--data.source sample."
        ) from error
