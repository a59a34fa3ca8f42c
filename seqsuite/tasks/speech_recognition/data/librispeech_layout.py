"""Folders and archives in the layout of LibriSpeech: audio files beside ``*.trans.txt``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from seqsuite.data import encodings, raw_files
from seqsuite.errors import UserError
from seqsuite.tasks.speech_recognition.data.utterances import Recording

AUDIO = (".flac", ".wav", ".ogg", ".mp3")
_TRANSCRIPTS = ".trans.txt"


def recordings(path: Path) -> Iterator[Recording]:
    """Find utterances at any depth: a line of ``*.trans.txt`` is a name, a space and the words.

    Without words, nothing is spoken.

    Args:
        path: A folder, or an archive of one. Archives are read into memory; unpack large ones.

    Yields:
        Recordings in the order of the transcripts' files; the speaker is what stands before the
        first hyphen of a name (``61-70968-0000``). A missing audio file is one that cannot be read.

    Raises:
        UserError: There are no transcripts.
    """
    sources = _sources(path)
    listings = sorted(name for name in sources if name.endswith(_TRANSCRIPTS))
    if not listings:
        raise UserError(
            f"{path} holds no *{_TRANSCRIPTS}: expected the layout of LibriSpeech, with "
            "SPEAKER/CHAPTER/SPEAKER-CHAPTER.trans.txt beside the audio files that it names, or a "
            "manifest (csv, tsv, jsonl)."
        )
    for listing in listings:
        source, where = sources[listing], f"{path}:{listing}"
        data = source if isinstance(source, bytes) else raw_files.content(source)
        for line in encodings.decode(data, where).splitlines():
            if not line.strip():
                continue
            name, *words = line.split(maxsplit=1)
            stem = str(PurePosixPath(listing).parent / name)
            found = [stem + ending for ending in AUDIO if stem + ending in sources]
            member = found[0] if found else stem + AUDIO[0]
            speaker = name.partition("-")[0] if "-" in name else ""
            audio = sources.get(member, path / member)
            text = words[0].strip() if words else ""
            yield Recording(audio, text, speaker, name, f"{path}:{member}")


def _sources(path: Path) -> dict[str, Path | bytes]:
    """Return where the content of each file is, by its name within ``path``."""
    if path.is_dir():
        return {f.relative_to(path).as_posix(): f for f in path.rglob("*") if _wanted(f.name)}
    return dict(raw_files.members(path, _wanted))


def _wanted(name: str) -> bool:
    return name.endswith((*AUDIO, _TRANSCRIPTS))
