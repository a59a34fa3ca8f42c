"""Treebanks of Universal Dependencies: words, part-of-speech tags and morphology (CoNLL-U)."""

from __future__ import annotations

from dataclasses import dataclass

from seqsuite.data import upstream
from seqsuite.data.examples import Examples
from seqsuite.tasks.pos_tagging.config import PosTaggingDataConfig
from seqsuite.tasks.pos_tagging.data import conllu

_PARTS = {"train": "train", "validation": "dev", "test": "test"}


@dataclass(frozen=True)
class Treebank:
    """A reader of one treebank; its capital attributes are what a reader's module has.

    Args:
        NAME: What ``data.source`` says.
        DESCRIPTION: One line.
        repository: Name of upstream's repository, and of a checkout of it.
        commit: Whose files the checksums are of. A commit rather than a branch, so they stay true.
        stem: What upstream's file names begin with.
        sha256: Split -> checksum of its file.
    """

    NAME: str
    DESCRIPTION: str
    repository: str
    commit: str
    stem: str
    sha256: dict[str, str]

    @property
    def url(self) -> str:
        """Where upstream's files are."""
        host = "https://raw.githubusercontent.com/UniversalDependencies"
        return f"{host}/{self.repository}/{self.commit}/"

    def load(self, split: str, options: PosTaggingDataConfig) -> Examples | None:
        """Read a split, or fetch it when that was asked for.

        Args:
            split: ``train``, ``validation`` or ``test``.
            options: The data section (``dir``, ``download``, ``tag_column``).

        Returns:
            Sentences; documents are their groups where upstream marks them.
        """
        name = f"{self.stem}-ud-{_PARTS[split]}.conllu"
        folders = (f"pos/{self.NAME}/", f"{self.NAME}/", f"{self.repository}/", "")
        places = [f"{folder}{name}{end}" for folder in folders for end in (".gz", "")]
        path = upstream.find(options, places)
        if path is None and not options.download:
            raise upstream.missing(self.NAME, options, places[:3])
        if path is None:
            path = upstream.fetch(self.url + name, name=name, sha256=self.sha256[split])
        return conllu.read(path, options)


READERS = (
    Treebank(
        NAME="ud_english_ewt",
        DESCRIPTION="English Web Treebank, 12,544/2,001/2,077 sentences (Silveira et al. 2014)",
        repository="UD_English-EWT",
        commit="15d613d8447b3478787d4c278730a1e48a945efb",
        stem="en_ewt",
        sha256={
            "train": "3fb78e2b55482c8ee00caa653af436c88c9e5bc9a73ce26e4ae3ddc79d2b7e7b",
            "validation": "531a54ff90d6ab12201c5a50c3e78e6ddac4de69abc4bce5d275d3cd29efe2b6",
            "test": "e266e515a0a7547657ed3d90d9ba46487d6bd251f27ad4269d4e8a427c8555cd",
        },
    ),
    Treebank(
        NAME="ud_french_sequoia",
        DESCRIPTION="French Sequoia treebank, 2,231/412/456 sentences (Candito and Seddah 2012)",
        repository="UD_French-Sequoia",
        commit="f5b049600c89d2cf15ebbec860f75d703884d32b",
        stem="fr_sequoia",
        sha256={
            "train": "56424954edf9d20a4d1184e37bfe931fb7c64da82bf2a587b4f35b828d79d767",
            "validation": "a5138dc5e8886484c2f8919e97113f56b9e4329e5cf2a999c021d6ee45e8b45d",
            "test": "a650e7a223fe191009ded17cedae740659449be20354bd68205c376de4ddef2d",
        },
    ),
)
