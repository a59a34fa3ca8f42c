"""Audio files as one channel of int16 samples at the rate that is asked for."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from seqsuite.errors import UserError
from seqsuite.tasks.speech_recognition.data.resampling import Resampler
from seqsuite.tasks.speech_recognition.data.waveforms import Waveform

# Audio has such rates; others come from damaged headers, and would ask for filters of any length.
_RATES = (1_000, 768_000)
FULL_SCALE = 32768.0
"""The largest magnitude of a 16-bit sample."""
# Of the file, in samples of all channels.
_BLOCK = 1 << 18


def read_waveform(
    source: Path | bytes,
    sample_rate: int,
    unique_id: str = "",
    speaker: str = "",
    *,
    where: str = "",
    start: float = 0.0,
    end: float | None = None,
) -> Waveform:
    """Read a file, or a part of it.

    Every format of libsndfile is read: wav with 8, 16, 24 or 32 bits or floats, flac, ogg, mp3, ...
    Channels are averaged, another rate is resampled (by
    :class:`~seqsuite.tasks.speech_recognition.data.resampling.Resampler`), and what exceeds full
    scale is clipped. Samples of a 16-bit file of one channel at the wanted rate are returned as
    they are. Of a wav file that was cut off, what is there is read.

    Args:
        source: A file, or its content.
        sample_rate: Samples a second to return.
        unique_id: Of the waveform.
        speaker: Of the waveform.
        where: Named in errors; by default the path or ``unique_id``.
        start: Seconds to leave out at the beginning.
        end: Where to stop, in seconds from the beginning of the file; None: at its end.

    Raises:
        UserError: It is not audio, is damaged, holds no samples or values that are not finite; one
            line that names the file.

    Example:
        >>> import soundfile
        >>> file = io.BytesIO()
        >>> soundfile.write(file, np.zeros((1600, 2)), 16000, format="WAV")
        >>> read_waveform(file.getvalue(), 8000).samples.shape
        (800,)
    """
    where = where or _name(source, unique_id)
    parts = list(_resampled(source, sample_rate, where, start, end))
    return Waveform(np.concatenate(parts), sample_rate, speaker, unique_id)


def waveform_of_samples(
    samples: np.ndarray, source_rate: int, sample_rate: int, unique_id: str = "", speaker: str = ""
) -> Waveform:
    """Return samples that are in memory as a waveform of another rate.

    Args:
        samples: ``(num_samples,)`` or ``(num_samples, channels)``: integers in the range of int16,
            or floats between -1 and 1.
        source_rate: Samples a second of ``samples``.
        sample_rate: Samples a second to return.
        unique_id: Of the waveform.
        speaker: Of the waveform.

    Example:
        >>> waveform_of_samples(np.array([0.5, -2.0]), 8000, 8000).samples.tolist()
        [16384, -32768]
    """
    samples = np.asarray(samples)
    if np.issubdtype(samples.dtype, np.integer):
        samples = samples / FULL_SCALE
    if samples.ndim == 2:
        samples = samples.mean(axis=1)
    resampler = Resampler(source_rate, sample_rate)
    parts = [resampler.push(samples.astype(np.float32)), resampler.finish()]
    return Waveform(_int16(np.concatenate(parts)), sample_rate, speaker, unique_id)


def read_blocks(
    source: Path | bytes, sample_rate: int, seconds: float, where: str = ""
) -> Iterator[np.ndarray]:
    """Read a file block by block: memory does not grow with its length.

    Joined, the blocks are the samples of :func:`read_waveform`.

    Args:
        source: A file, or its content.
        sample_rate: Samples a second to return.
        seconds: Length of the blocks; the last may be shorter.
        where: Named in errors; by default the path.

    Yields:
        int16 ``(num_samples,)``.

    Raises:
        ValueError: Blocks would be shorter than a sample.
        UserError: As for :func:`read_waveform`; of a damaged file, after what can be read.
    """
    size = round(seconds * sample_rate)
    if size < 1:
        raise ValueError(
            f"Argument `seconds` must be at least one sample. Received: seconds={seconds}"
        )
    waiting = np.zeros(0, np.int16)
    for part in _resampled(source, sample_rate, where or _name(source, ""), 0.0, None):
        waiting = np.concatenate([waiting, part])
        whole = len(waiting) // size * size
        yield from waiting[:whole].reshape(-1, size)
        waiting = waiting[whole:]
    if len(waiting):
        yield waiting


def _name(source: Path | bytes, unique_id: str) -> str:
    return str(source) if isinstance(source, Path) else unique_id or "The audio"


def _resampled(
    source: Path | bytes, sample_rate: int, where: str, start: float, end: float | None
) -> Iterator[np.ndarray]:
    """Yield int16 samples at the wanted rate; raise when there are none."""
    found = 0
    with _opened(source, where) as file:
        resampler = Resampler(file.samplerate, sample_rate)
        for block in _channel(file, where, start, end):
            found += len(block)
            yield _int16(resampler.push(block))
        yield _int16(resampler.finish())
    if not found:
        part = f" from {start:g} s on" if start else ""
        raise UserError(f"{where} holds no samples{part}. Leave it out, or give the whole file.")


def _opened(source: Path | bytes, where: str) -> Any:
    if isinstance(source, Path) and not source.is_file():
        raise UserError(f"{where} does not exist or is not a file. Expected an audio file.")
    try:
        file = soundfile.SoundFile(io.BytesIO(source) if isinstance(source, bytes) else source)
    # Soundfile wants to be told the format of names that end in .raw.
    except (soundfile.SoundFileError, TypeError, OSError, ValueError) as error:
        raise _unreadable(where, error) from error
    if not _RATES[0] <= file.samplerate <= _RATES[1]:
        file.close()
        raise UserError(
            f"{where} says it has {file.samplerate:,} samples a second: expected {_RATES[0]:,} to "
            f"{_RATES[1]:,}. The file is damaged, or is no audio."
        )
    return file


def _channel(file: Any, where: str, start: float, end: float | None) -> Iterator[np.ndarray]:
    """Yield blocks of the mean of all channels, float32."""
    position, stop = round(start * file.samplerate), None
    if end is not None:
        stop = round(end * file.samplerate)
    size = max(1, _BLOCK // file.channels)
    try:
        if position:
            file.seek(min(position, file.frames))
        while stop is None or position < stop:
            wanted = size if stop is None else min(size, stop - position)
            block = file.read(wanted, dtype="float32", always_2d=True)
            if not len(block):
                return
            if not np.isfinite(block).all():
                raise UserError(
                    f"{where} holds values that are not finite numbers (NaN or infinity). Write it "
                    "anew from its source."
                )
            position += len(block)
            yield block.mean(axis=1, dtype=np.float32)
    except (soundfile.SoundFileError, OSError) as error:
        raise _unreadable(where, error) from error


def _unreadable(where: str, error: Exception) -> UserError:
    # The library's message names an object in memory before it says what is wrong.
    reason = " ".join(str(getattr(error, "error_string", None) or error).split()).rstrip(".")
    return UserError(
        f"{where} cannot be read as audio: {reason}. Expected wav, flac, ogg, mp3 or another "
        "format of libsndfile."
    )


def _int16(samples: np.ndarray) -> np.ndarray:
    scaled = np.rint(samples * np.float32(FULL_SCALE))
    return np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
