"""IMDB reviews (Maas et al. 2011): 25,000 training and 25,000 test reviews, two labels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from seqsuite.data import encodings, raw_files, upstream
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.tasks.sentiment.config import SentimentDataConfig

NAME = "imdb"
DESCRIPTION = "IMDB film reviews, official 25,000/25,000 split (Maas et al. 2011)"

URL = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
MD5 = "7c2ac02c03563afcf9b574c7e56c153a"
# Reviews with neighbouring ids are of one film; so many ids make a group that is never split.
IDS_PER_GROUP = 25

_MEMBER = re.compile(r"(?:^|/)aclImdb/(train|test)/(pos|neg)/(\d+)_(\d+)\.txt$")
_LABELS = {"pos": "positive", "neg": "negative"}


def load(split: str, options: SentimentDataConfig) -> Examples | None:
    """Read a split from upstream's folder or archives, or fetch them when that was asked for.

    Args:
        split: ``train`` or ``test``; there is no validation split.
        options: The data section (``dir``, ``download``).

    Returns:
        Reviews in the order of their ids, with groups of neighbouring ids.
    """
    if split not in ("train", "test"):
        return None
    places = [
        f"{folder}{name}"
        for folder in ("sentiment/imdb/", "imdb/", "")
        for name in ("aclImdb", f"aclImdb_{split}.tar.gz", "aclImdb_v1.tar.gz")
    ]
    path = upstream.find(options, places)
    if path is None and not options.download:
        raise upstream.missing(NAME, options, places[:3])
    if path is None:
        path = upstream.fetch(URL, name="aclImdb_v1.tar.gz", md5=MD5)
    members = _folder(path, split) if path.is_dir() else _archive(path, split)
    rows = sorted(members)
    if not rows:
        raise UserError(f"{path} holds no aclImdb/{split}/pos|neg/ID_RATING.txt files.")
    return Examples(
        {"text": [text for _, _, text in rows]},
        [_LABELS[label] for _, label, _ in rows],
        [number // IDS_PER_GROUP for number, _, _ in rows],
    )


def _archive(path: Path, split: str) -> Iterator[tuple[int, str, str]]:
    def wanted(name: str) -> bool:
        match = _MEMBER.search(name)
        return match is not None and match[1] == split

    for name, data in raw_files.members(path, wanted):
        match = _MEMBER.search(name)
        assert match is not None
        yield int(match[3]), match[2], encodings.decode(data, f"{path}:{name}")


def _folder(path: Path, split: str) -> Iterator[tuple[int, str, str]]:
    for file in (path / split).glob("*/*.txt"):
        match = _MEMBER.search(file.as_posix())
        if match:
            yield int(match[3]), match[2], encodings.decode(file.read_bytes(), file)
