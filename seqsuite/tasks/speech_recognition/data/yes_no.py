"""YesNo (OpenSLR 1): eight words of Hebrew in a row, each "yes" or "no", by one speaker, 8 kHz."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from seqsuite.data import raw_files, upstream
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.tasks.speech_recognition.config import SpeechDataConfig
from seqsuite.tasks.speech_recognition.data.utterances import Recording, read_recordings

NAME = "yes_no"
DESCRIPTION = "YesNo of OpenSLR (Hebrew), 31/-/29 recordings of eight words each"

URL = "https://www.openslr.org/resources/1/waves_yesno.tar.gz"
# As torchaudio states it for the same archive.
SHA256 = "c3f49e0cca421f96b75b41640749167b52118f232498667ca7a5f9416aef8e73"
WORDS = {"0": "no", "1": "yes"}
# Kaldi's split, by the first word.
FIRST = {"train": "0", "test": "1"}

_PLACES = tuple(
    f"{folder}{name}"
    for folder in ("speech/yes_no/", "yes_no/", "")
    for name in ("waves_yesno.tar.gz", "waves_yesno")
)
_FILE = re.compile(r"[01](_[01])*\.wav")


def load(split: str, options: SpeechDataConfig) -> Examples | None:
    """Read a split, or fetch the archive when that was asked for.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section (``dir``, ``download``, ``sample_rate``, ``max_seconds``).

    Returns:
        Waveforms with transcripts such as ``no yes yes no no no yes yes``; None for ``validation``,
        which there is not.

    Raises:
        UserError: The files are not there, or are no such files.
    """
    if split == "validation":
        return None
    path = upstream.find(options, _PLACES)
    if path is None and not options.download:
        raise upstream.missing(NAME, options, _PLACES[:2])
    if path is None:
        path = upstream.fetch(URL, name="waves_yesno.tar.gz", sha256=SHA256)
    return read_recordings(_recordings(path, FIRST[split]), path, split, options)


def _recordings(path: Path, first: str) -> Iterator[Recording]:
    sources: list[tuple[str, Any]]
    if path.is_dir():
        sources = [(file.name, file) for file in path.iterdir()]
    else:
        found = raw_files.members(path, lambda name: name.endswith(".wav"))
        sources = [(PurePosixPath(name).name, data) for name, data in found]
    sources = sorted((name, source) for name, source in sources if _FILE.fullmatch(name))
    if not sources:
        raise UserError(f"{path} is not {NAME}: expected files such as 0_1_0_0_1_1_0_1.wav.")
    for name, source in sources:
        words = name.removesuffix(".wav").split("_")
        if words[0] == first:
            spoken = " ".join(WORDS[word] for word in words)
            yield Recording(source, spoken, unique_id="_".join(words), where=f"{path}:{name}")
