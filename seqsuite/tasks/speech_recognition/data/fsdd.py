"""The Free Spoken Digit Dataset: recordings of zero to nine by six speakers, 8 kHz."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from seqsuite.data import raw_files, upstream
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError, nearest
from seqsuite.tasks.speech_recognition.config import SpeechDataConfig
from seqsuite.tasks.speech_recognition.data.digit_strings import join_recordings
from seqsuite.tasks.speech_recognition.data.utterances import Recording, read_recordings

NAME = "fsdd"
DESCRIPTION = "Free Spoken Digit Dataset, 2,700/-/300 recordings of six speakers (CC BY-SA 4.0)"

SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
# Upstream's: of each speaker and digit, these are for the test and all others for training.
TEST_INDICES = range(5)
REPOSITORY = "https://github.com/Jakobovski/free-spoken-digit-dataset"

_PLACES = tuple(
    f"{folder}{name}"
    for folder in ("speech/fsdd/", "fsdd/", "free-spoken-digit-dataset/", "")
    for name in ("fsdd_recordings.tar.gz", "recordings")
)
_FILE = re.compile(r"(?P<digit>\d)_(?P<speaker>[a-z]+)_(?P<index>\d+)\.wav")


def load(split: str, options: SpeechDataConfig) -> Examples | None:
    """Read a split.

    Every five recordings of a speaker and digit are a group: a validation set cut by groups then is
    what the test split is, five others of each. With a held-out speaker too, validation is on
    speakers who are learned: of five, none can be spared.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section (``dir``, ``sample_rate``, ``max_seconds``), where there may be
            ``held_out_speaker``: all recordings of that speaker are the test split, and all of the
            others are for training; ``digit_strings``: the test split is so many strings of two to
            five digits instead, joined from its recordings; ``training_strings``: so many strings
            joined from training recordings are added to these.

    Returns:
        ``audio``: waveforms, with the digits' names as transcripts; None for ``validation``, which
        upstream does not have.

    Raises:
        UserError: The files are not there or no such files, or the speaker is unknown.
    """
    held_out = _held_out_speaker(options)
    if split == "validation":
        return None
    path = upstream.find(options, _PLACES)
    if path is None:
        raise upstream.not_fetched(
            NAME,
            options,
            _PLACES[:2],
            f"Clone {REPOSITORY} and give its folder with --data.dir",
        )
    found = read_recordings(_recordings(path, split, held_out), path, split, options)
    waveforms, transcripts = list(found.features["audio"]), list(found.labels or [])
    groups = _blocks_of_recordings(waveforms)
    tested = getattr(options, "digit_strings", 0) if split == "test" else 0
    learned = getattr(options, "training_strings", 0) if split == "train" else 0
    if tested:
        waveforms, transcripts, groups = join_recordings(
            waveforms, transcripts, groups, tested, f"{NAME} {split} strings"
        )
    if learned:
        more = join_recordings(waveforms, transcripts, groups, learned, f"{NAME} {split} strings")
        waveforms, transcripts, groups = (
            waveforms + more[0],
            transcripts + more[1],
            groups + more[2],
        )
    return Examples({"audio": waveforms}, transcripts, groups)


def _held_out_speaker(options: SpeechDataConfig) -> str:
    speaker = getattr(options, "held_out_speaker", "") or ""
    if speaker and speaker not in SPEAKERS:
        raise UserError(
            f"{NAME} has no speaker {speaker!r}.{nearest(speaker, SPEAKERS)} Set "
            f"--data.held_out_speaker to one of {', '.join(SPEAKERS)}."
        )
    return speaker


def _recordings(path: Path, split: str, held_out: str) -> Iterator[Recording]:
    """Yield the recordings of a split, in the order of digits, speakers and indices."""
    sources: dict[str, Any]
    if path.is_dir():
        sources = {file.name: file for file in path.iterdir()}
    else:
        members = raw_files.members(path, lambda name: _FILE.fullmatch(_base(name)) is not None)
        sources = {_base(name): data for name, data in members}
    found = [(match, sources[name]) for name in sources if (match := _FILE.fullmatch(name))]
    if not found:
        raise UserError(f"{path} is not {NAME}: expected files such as recordings/0_george_12.wav.")
    for match, source in sorted(found, key=lambda pair: _order(pair[0])):
        digit, speaker, index = _order(match)
        tested = speaker == held_out if held_out else index in TEST_INDICES
        if tested == (split == "test"):
            name = match[0].removesuffix(".wav")
            where = f"{path}:{match[0]}"
            yield Recording(source, DIGITS[digit], speaker, name, where)


def _base(name: str) -> str:
    return PurePosixPath(name).name


def _order(match: re.Match) -> tuple[int, str, int]:
    return int(match["digit"]), match["speaker"], int(match["index"])


def _blocks_of_recordings(waveforms: list) -> list[int]:
    return [int(audio.unique_id.rpartition("_")[2]) // len(TEST_INDICES) for audio in waveforms]
