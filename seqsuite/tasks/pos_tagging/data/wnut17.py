"""WNUT-17: named entities that are new or rare, in short and noisy texts (BIO tags, six types)."""

from __future__ import annotations

from seqsuite.data import upstream
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.tasks.pos_tagging.config import PosTaggingDataConfig
from seqsuite.tasks.pos_tagging.data import columns

NAME = "wnut17"
DESCRIPTION = "WNUT-17 emerging entities, 3,394/1,009/1,287 sentences (Derczynski et al. 2017)"

# A commit rather than a branch, so that the checksums stay true.
URL = (
    "https://raw.githubusercontent.com/leondz/emerging_entities_17/"
    "e52a2d2a71ac1a051ca2d532eef28653c5c02603/"
)
FILES = {
    "train": "wnut17train.conll",
    "validation": "emerging.dev.conll",
    "test": "emerging.test.annotated",
}
SHA256 = {
    "train": "731820e13f71af324c6b55a1575ec2ce59fbaa2a0806f8f0400b98d56cd6a7a5",
    "validation": "e053b752b8155113ca66e7db08af5f2f5f43ab993694e4774f1ec5bad42312d8",
    "test": "2aa79b764e56ec9264a1b30fdd9b70195bd00ff400b62edd8f399d5f13c178f0",
}


def load(split: str, options: PosTaggingDataConfig) -> Examples | None:
    """Read a split, or fetch it when that was asked for.

    Upstream's oddities are read as they are meant: in the training file most empty lines hold a
    tab, quotes are plain tokens, and tokens may hold characters without width.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section (``dir``, ``download``).

    Returns:
        Texts (a tweet or comment each) as sentences, with a BIO tag for each token.
    """
    if getattr(options, "tag_column", "auto") not in ("auto", "ner"):
        raise UserError(
            f"{NAME} has named entities, no tags for --data.tag_column {options.tag_column}. Leave "
            "it at auto, or choose another --data.source."
        )
    name = FILES[split]
    places = [f"{folder}{name}" for folder in ("ner/wnut17/", "wnut17/", "")]
    path = upstream.find(options, places)
    if path is None and not options.download:
        raise upstream.missing(NAME, options, places[:2])
    if path is None:
        path = upstream.fetch(URL + name, name=name, sha256=SHA256[split])
    # Upstream's layout, whatever the columns of a person's own files are.
    return columns.read(path, None)
