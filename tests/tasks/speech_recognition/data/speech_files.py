"""Small audio files of every kind for the tests of speech readers."""

from __future__ import annotations

import io
import tarfile

import numpy as np
import soundfile

RATE = 8000


def tone(seconds=0.5, rate=RATE, frequency=440.0, amplitude=0.5):
    """A sine, float64 ``(num_samples,)``."""
    times = np.arange(round(seconds * rate)) / rate
    return amplitude * np.sin(2 * np.pi * frequency * times)


def audio_bytes(samples, rate=RATE, kind="WAV", subtype="PCM_16"):
    """The content of an audio file."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=kind, subtype=subtype)
    return file.getvalue()


def write_archive(path, members):
    """Write name -> content as a tar archive, gzipped when its name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def write_folder(path, members):
    """Write name -> content as files of a folder."""
    for name, data in members.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def names(examples):
    """The unique ids of the waveforms."""
    return [audio.unique_id for audio in examples.features["audio"]]
