"""AN4 of CMU (1991): spelled words, numbers and commands, as mel-frequency cepstra."""

from __future__ import annotations

import re
from pathlib import Path

from seqsuite.data import encodings, raw_files, upstream
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.tasks.speech_recognition.config import SpeechDataConfig
from seqsuite.tasks.speech_recognition.data.cepstra import read_cepstra
from seqsuite.tasks.speech_recognition.data.utterances import (
    report_failures,
    short_enough,
    speaker_groups,
)

NAME = "an4"
DESCRIPTION = "AN4 (Census) of CMU, 948/-/130 utterances of 84 speakers, 13 cepstra a frame"

FRAMES_PER_SECOND = 100

_PLACES = tuple(
    f"{folder}{name}"
    for folder in ("speech/an4_mfcc/", "an4_mfcc/", "")
    for name in ("an4_mfcc.tar.gz", "an4")
)
_LINE = re.compile(r"(?:<s>)?(?P<words>.*?)(?:</s>)?\s*\((?P<name>[^()\s]+)\)")


def load(split: str, options: SpeechDataConfig) -> Examples | None:
    """Read a split in the layout of CMU Sphinx: ``an4/etc`` and ``an4/feat``.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section (``dir``, and ``max_seconds``: longer utterances are not learned).

    Returns:
        ``features``, float32 ``(frames, 13)`` of each utterance, 100 frames a second, with
        transcripts in capitals as labels, grouped by speaker; None for ``validation``, which
        upstream does not have.

    Raises:
        UserError: The files are not there, or none can be used.

    Reference:
        Acero, "Acoustical and Environmental Robustness in Automatic Speech Recognition", 1990.
    """
    if split == "validation":
        return None
    path = upstream.find(options, _PLACES)
    if path is None:
        raise upstream.not_fetched(
            NAME,
            options,
            _PLACES[:2],
            "Its features (13 cepstra, an4/etc and an4/feat) are those of the CMU Sphinx project; "
            "put the folder an4, or an archive of it, there",
        )
    files = _files(path, split)
    names = _text(files, f"an4/etc/an4_{split}.fileids", path).split()
    spoken = _transcripts(_text(files, f"an4/etc/an4_{split}.transcription", path))
    features, labels, speakers = [], [], []
    failures: list[str] = []
    for name in names:
        member, utterance = f"an4/feat/{name}.mfc", name.rpartition("/")[2]
        try:
            if utterance not in spoken:
                raise UserError(f"{path}: {name} has no transcript.")
            if member not in files:
                raise UserError(f"{path} has no {member}.")
            frames = read_cepstra(files[member], f"{path}:{member}")
        except UserError as error:
            failures.append(str(error))
            continue
        features.append(frames)
        labels.append(spoken[utterance])
        speakers.append(name.split("/")[-2] if "/" in name else "")
    report_failures(failures, len(features), path)
    examples = Examples({"features": features}, labels, speaker_groups(speakers))
    seconds = [len(frames) / FRAMES_PER_SECOND for frames in features]
    return short_enough(examples, seconds, path, split, options)


def _files(path: Path, split: str) -> dict[str, bytes]:
    """Return what a split needs, by its name from ``an4`` on."""
    part = {"train": "an4_clstk", "test": "an4test_clstk"}[split]

    pattern = re.compile(rf"an4/(?:feat/{part}/.+\.mfc|etc/an4_{split}\..+)")
    if path.is_dir():
        files = {f"an4/{file.relative_to(path).as_posix()}": file for file in path.rglob("*.*")}
        return {name: file.read_bytes() for name, file in files.items() if pattern.fullmatch(name)}
    found = raw_files.members(path, lambda name: pattern.search(name) is not None)
    return {match[0]: data for name, data in found if (match := pattern.search(name))}


def _text(files: dict[str, bytes], name: str, path: Path) -> str:
    if name not in files:
        raise UserError(f"{path} is not {NAME}: it has no {name}.")
    return encodings.decode(files[name], f"{path}:{name}")


def _transcripts(text: str) -> dict[str, str]:
    """Return what is said by the name of the utterance, which stands behind it."""
    matches = [_LINE.fullmatch(line.strip()) for line in text.splitlines()]
    return {match["name"]: match["words"].strip() for match in matches if match}
