"""Tatoeba: short sentences with their translations, often several of one sentence."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

from seqsuite.data import encodings, raw_files, upstream
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.tasks.translation.config import TranslationDataConfig
from seqsuite.tasks.translation.data.files import examples_of_pairs, language_pair

NAME = "tatoeba"
DESCRIPTION = "Tatoeba pairs en-fr, split by distinct source (tatoeba.org, CC BY 2.0 FR)"

LANGUAGES = ("en", "fr")
# Unless the other is asked for.
DIRECTION = ("en", "fr")
# A commit rather than a branch, so that the checksum stays true.
URL = (
    "https://raw.githubusercontent.com/modelexlab/data/"
    "adddaf33ac35572bcfeb421efec29435e7ea9332/fra-eng.zip"
)
SHA256 = "161c93f18da3a7e6df611ed961426613260de8af06ccf8c79c977afe5135ac44"
# Every so many-th source, as its checksum falls, is for the test split, and as many for validation.
SHARE = 50

_FOLDERS = ("translation/tatoeba_eng_fra/", "tatoeba_eng_fra/", "tatoeba/", "")
_ENDINGS = ("fra.txt", "fra.txt.gz", "fra-eng.zip")


def load(split: str, options: TranslationDataConfig) -> Examples | None:
    """Read a split, or fetch the file when that was asked for.

    There is no official split, and a random one is wrong: a sentence that occurs with thirty
    translations would be learned with some and tested with others. So whole sources are dealt to
    splits, by a checksum of their words that neither the order of the file nor its release changes;
    sources that differ in capitals or punctuation alone go together.

    Training examples are pairs: a source with three translations is three examples. Validation and
    test examples are distinct sources, and the label of each is the tuple of all its translations
    in the order of the file: every one is a reference to BLEU, and the first is the one to use
    where there can be only one, as in perplexity.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section (``dir``, ``download``, ``source_language``, ``target_language``:
            from English to French, or the other way).

    Returns:
        ``source`` and, as labels, a translation (``train``) or a tuple of them.
    """
    source, _ = language_pair(options, DIRECTION, LANGUAGES, NAME)
    places = [f"{folder}{name}" for folder in _FOLDERS for name in _ENDINGS]
    path = upstream.find(options, places)
    if path is None and not options.download:
        raise upstream.missing(NAME, options, places[:3])
    if path is None:
        path = upstream.fetch(URL, name="fra-eng.zip", sha256=SHA256)
    translations: dict[str, dict[str, None]] = {}
    for pair in _pairs(path):
        origin, target = pair if source == "en" else pair[::-1]
        if _split_of(origin) == split:
            translations.setdefault(origin, {})[target] = None
    if split == "train":
        pairs = [(s, target) for s, targets in translations.items() for target in targets]
        return examples_of_pairs([s for s, _ in pairs], [t for _, t in pairs], split, str(path))
    if not translations:
        raise UserError(f"{path} is too short: no sentence of it falls to the {split} split.")
    return Examples({"source": list(translations)}, [tuple(t) for t in translations.values()])


def _split_of(source: str) -> str:
    words = " ".join(re.findall(r"\w+", source.casefold()))
    # A sentence without words is its own key.
    number = zlib.crc32((words or source).encode()) % SHARE
    return {0: "test", 1: "validation"}.get(number, "train")


def _pairs(path: Path) -> list[tuple[str, str]]:
    """Return English and French of each line; later releases add a column of attributions."""
    if raw_files.is_archive(path):
        found = raw_files.members(path, lambda name: Path(name).name == "fra.txt")
        data = b"".join(data for _, data in found)
    else:
        data = raw_files.content(path)
    rows = [line.rstrip("\r").split("\t") for line in encodings.decode(data, path).split("\n")]
    rows = [row for row in rows if row != [""]]
    if not rows or any(len(row) < 2 for row in rows):
        raise UserError(f"{path} is not Tatoeba's: expected English, a tab, French on each line.")
    return [(row[0], row[1]) for row in rows]
