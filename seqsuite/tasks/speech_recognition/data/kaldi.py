"""Kaldi's data folders: ``wav.scp`` and ``text``, by option ``segments`` and ``utt2spk``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from seqsuite.data import encodings, raw_files
from seqsuite.errors import UserError
from seqsuite.tasks.speech_recognition.data.utterances import Recording


def is_kaldi_folder(path: Path) -> bool:
    """Return whether a folder holds what names recordings and transcripts."""
    return (path / "wav.scp").is_file() and (path / "text").is_file()


def recordings(folder: Path, encoding: str | None = None) -> Iterator[Recording]:
    """Yield the utterances of a folder, in the order of ``text``.

    Args:
        folder: A folder of :func:`is_kaldi_folder`; relative paths in ``wav.scp`` start there.
        encoding: Encoding of its files; None: by their marks, or UTF-8.

    Raises:
        UserError: A file is damaged, or an audio file is a command.
    """
    audio, speakers = _table(folder, "wav.scp", encoding), _table(folder, "utt2spk", encoding)
    segments = _table(folder, "segments", encoding)
    for name, transcript in _table(folder, "text", encoding).items():
        recording, start, end = name, 0.0, None
        if segments:
            if name not in segments:
                raise UserError(f"{folder / 'segments'} has no line of utterance {name!r}.")
            try:
                recording, first, last = segments[name].split()
                start, end = float(first), float(last)
            except ValueError:
                raise UserError(
                    f"{folder / 'segments'}: the line of {name!r} is no name of a recording with "
                    "start and end in seconds."
                ) from None
            end = None if end < 0 else end
        source = audio.get(recording)
        if source is None:
            raise UserError(f"{folder / 'wav.scp'} has no line of recording {recording!r}.")
        if source.endswith("|"):
            raise UserError(
                f"{folder / 'wav.scp'}: recording {recording!r} is a command ({source[:40]!r}), "
                "which is not run. Write its output to a file and name that."
            )
        path = folder / source
        yield Recording(path, transcript, speakers.get(name, ""), name, str(path), start, end)


def _table(folder: Path, name: str, encoding: str | None) -> dict[str, str]:
    """Return the rest of each line by its first word; of a file that is not there nothing."""
    path = folder / name
    if not path.is_file():
        return {}
    lines = encodings.decode(raw_files.content(path), path, encoding).split("\n")
    parts = (line.strip().partition(" ") for line in lines if line.strip())
    return {key: rest.strip() for key, _, rest in parts}
