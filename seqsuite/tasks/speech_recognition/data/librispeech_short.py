"""Short utterances of LibriSpeech's test-clean: read English, 16 kHz, our own split by speakers."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from seqsuite.data import encodings, raw_files, upstream
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.tasks.speech_recognition.config import SpeechDataConfig
from seqsuite.tasks.speech_recognition.data import librispeech_layout
from seqsuite.tasks.speech_recognition.data.utterances import Recording, read_recordings

NAME = "librispeech_short"
DESCRIPTION = "up to 5 s of LibriSpeech test-clean, 638/145/167, our own split (CC BY 4.0)"

PARTS = {"train": "train", "validation": "dev", "test": "test"}

_FOLDERS = ("speech/librispeech_short/", "librispeech_short/", "")


def load(split: str, options: SpeechDataConfig) -> Examples | None:
    """Read a split: error rates published for LibriSpeech do not apply to it.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section (``dir``, ``sample_rate``, ``max_seconds``). The files are
            ``librispeech_short_{train,dev,test}.tar``, or folders of these names, or all unpacked
            to one folder ``LibriSpeech``, with ``speakers.tsv`` beside it that says who is in which
            split.

    Returns:
        Waveforms with transcripts in capitals, grouped by speaker.

    Raises:
        UserError: The files are not there, or cannot be read.

    Reference:
        Panayotov et al., "LibriSpeech: an ASR corpus based on public domain audio books", 2015,
        https://www.openslr.org/12
    """
    name = f"{NAME}_{PARTS[split]}"
    endings = (f"{name}.tar", f"{name}.tar.gz", name, "LibriSpeech")
    places = [f"{folder}{ending}" for folder in _FOLDERS for ending in endings]
    path = upstream.find(options, places)
    if path is None:
        raise upstream.not_fetched(
            NAME,
            options,
            (places[0], places[3]),
            "It is a selection from test-clean.tar.gz of https://www.openslr.org/12; to use that "
            "whole, unpack it and name its folder with --data.source files --data.train",
        )
    found: Iterable[Recording] = librispeech_layout.recordings(path)
    if path.name == "LibriSpeech":
        found = _of_split(found, path.parent / "speakers.tsv", PARTS[split])
    return read_recordings(found, path, split, options)


def _of_split(found: Iterable[Recording], table: Path, part: str) -> Iterator[Recording]:
    if not table.is_file():
        raise UserError(
            f"{table} does not exist: it says which speakers of LibriSpeech are for which split. "
            f"Put it there, or give {NAME}_{part}.tar."
        )
    lines = encodings.decode(raw_files.content(table), table).splitlines()
    rows = list(csv.DictReader(lines, delimiter="\t"))
    speakers = {row.get("speaker") for row in rows if row.get("split") == part}
    yield from (item for item in found if item.speaker in speakers)
