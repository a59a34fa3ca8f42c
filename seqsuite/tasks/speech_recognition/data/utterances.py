"""From files with transcripts to examples of speech recognition."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.tasks.speech_recognition.config import SpeechDataConfig
from seqsuite.tasks.speech_recognition.data.audio import read_waveform, waveform_of_samples
from seqsuite.tasks.speech_recognition.data.waveforms import Waveform

SAMPLE_RATE = 8000
"""Samples a second where the data section names no ``sample_rate``."""


@dataclass(frozen=True)
class Recording:
    """An utterance that is not read yet.

    Args:
        source: The audio file or its content.
        transcript: What is said.
        speaker: Who says it; ``""`` when that is not known.
        unique_id: Its name within its data set.
        where: Named in errors.
        start: Where in the file it begins, in seconds.
        end: Where it ends; None: with the file.
    """

    source: Path | bytes
    transcript: str
    speaker: str = ""
    unique_id: str = ""
    where: str = ""
    start: float = 0.0
    end: float | None = None


def read_recordings(
    recordings: Iterable[Recording], where: object, split: str, options: SpeechDataConfig
) -> Examples:
    """Read audio files; a bad one among them does not lose the others.

    Args:
        recordings: What to read.
        where: Where they come from, for notes and errors.
        split: ``train``, ``validation`` or ``test``.
        options: The data section: ``sample_rate``, and ``max_seconds``: longer utterances are not
            learned (0 or absent: no limit). What is validated and tested on is never left out.

    Returns:
        ``audio``, a :class:`~seqsuite.tasks.speech_recognition.data.waveforms.Waveform` each, and
        transcripts as labels, grouped by speaker. What is left out is counted on standard error.

    Raises:
        UserError: There is none, or none can be read.
    """
    sample_rate = getattr(options, "sample_rate", SAMPLE_RATE)
    waveforms: list[Waveform] = []
    transcripts: list[str] = []
    failures: list[str] = []
    for item in recordings:
        try:
            waveform = read_waveform(
                item.source,
                sample_rate,
                item.unique_id,
                item.speaker,
                where=item.where,
                start=item.start,
                end=item.end,
            )
        except UserError as error:
            failures.append(str(error))
            continue
        waveforms.append(waveform)
        transcripts.append(item.transcript)
    report_failures(failures, len(waveforms), where)
    return examples_of_speech(waveforms, transcripts, where, split, options)


def examples_of_speech(
    waveforms: Sequence[Waveform],
    transcripts: Sequence[str],
    where: object,
    split: str,
    options: SpeechDataConfig,
) -> Examples:
    """Return utterances as examples, as :func:`read_recordings` does.

    Args:
        waveforms: Utterances.
        transcripts: What is said in each.
        where: Named in notes and errors.
        split: ``train``, ``validation`` or ``test``.
        options: The data section.
    """
    groups = speaker_groups([audio.speaker for audio in waveforms])
    examples = Examples({"audio": waveforms}, transcripts, groups)
    return short_enough(examples, [audio.seconds for audio in waveforms], where, split, options)


def resampled(examples: Examples, sample_rate: int) -> Examples:
    """Return utterances at another sample rate.

    Args:
        examples: Of one rate, with ``audio``.
        sample_rate: Samples a second to return.
    """
    waveforms = [
        audio
        if audio.sample_rate == sample_rate
        else waveform_of_samples(
            audio.samples, audio.sample_rate, sample_rate, audio.unique_id, audio.speaker
        )
        for audio in examples.features["audio"]
    ]
    return Examples({"audio": waveforms}, examples.labels, examples.groups)


def report_failures(failures: Sequence[str], num_read: int, where: object) -> None:
    """Count on standard error what could not be read.

    Args:
        failures: What was wrong with each.
        num_read: How many could be read.
        where: Where they come from.

    Raises:
        UserError: None could.
    """
    if failures and not num_read:
        raise UserError(
            f"{where}: none of {len(failures):,} recordings can be read. The first: {failures[0]}"
        )
    if not num_read:
        raise UserError(f"{where} holds no recording.")
    if failures:
        print(
            f"warning: {where}: {len(failures):,} of {len(failures) + num_read:,} recordings "
            f"cannot be read and are left out. The first: {failures[0]}",
            file=sys.stderr,
        )


def short_enough(
    examples: Examples,
    seconds: Sequence[float],
    where: object,
    split: str,
    options: SpeechDataConfig,
) -> Examples:
    """Leave out of training what is longer than ``max_seconds``, and say how many.

    Args:
        examples: Utterances.
        seconds: The length of each.
        where: Named in notes and errors.
        split: Of others than ``train`` nothing is left out.
        options: The data section; ``max_seconds`` 0 or absent: no limit.

    Raises:
        UserError: All are longer.
    """
    longest = getattr(options, "max_seconds", 0)
    if not longest or split != "train":
        return examples
    kept = [i for i, length in enumerate(seconds) if length <= longest]
    if not kept:
        raise UserError(
            f"{where}: every recording is longer than {longest:g} s. Raise --data.max_seconds."
        )
    if len(kept) < len(seconds):
        print(
            f"note: {where}: {len(seconds) - len(kept):,} of {len(seconds):,} recordings are "
            f"longer than {longest:g} s (--data.max_seconds) and are not learned",
            file=sys.stderr,
        )
    return examples.select(kept)


def speaker_groups(speakers: Sequence[str]) -> list[int] | None:
    """Return the number of each example's speaker, so that no cut has one on both sides.

    Args:
        speakers: One an example; whose speaker is not known (``""``) is a group of its own.

    Returns:
        Numbers in the order of the names, or None when no speaker is known.

    Example:
        >>> speaker_groups(["mary", "adam", "mary", ""])
        [1, 0, 1, 2]
    """
    known = {name: number for number, name in enumerate(sorted(set(speakers) - {""}))}
    if not known:
        return None
    unknown = iter(range(len(known), len(known) + len(speakers)))
    return [known[name] if name else next(unknown) for name in speakers]
