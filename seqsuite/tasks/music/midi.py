"""MIDI files to piano rolls, and piano rolls to MIDI files and sound."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from seqsuite.data.writing import replaced
from seqsuite.errors import UserError
from seqsuite.tasks.music.notes import HIGHEST, LOWEST, NUM_KEYS

try:
    import mido
except ImportError:  # an extra
    mido = None

ENDINGS = (".mid", ".midi")
MAX_STEPS = 50_000
"""Longest piece that is read."""
SAMPLE_RATE = 22_050
"""Samples a second of synthesized sound."""

_DRUMS = 9
_TICKS_PER_BEAT = 480
_VELOCITY = 72
_HARMONICS = (1.0, 0.5, 0.3, 0.15, 0.08)
_DECAY = 2.5  # per second
_ATTACK, _RELEASE = 0.01, 0.05  # seconds


def read_midi(data: bytes, steps_per_beat: int, where: str) -> np.ndarray:
    """Return the piano roll of a MIDI file.

    All tracks and channels but the drums are read together. A note sounds in every step from the
    one nearest to its beginning to the one nearest to its end, one step at least. Silence before
    the first note is left out.

    Args:
        data: Content of the file.
        steps_per_beat: Steps per quarter note.
        where: Name of the file, for errors.

    Returns:
        uint8 ``(time, 88)``.

    Raises:
        UserError: It is no MIDI file, holds no notes, or is too long.
    """
    _check_mido()
    try:
        file = mido.MidiFile(file=io.BytesIO(data))
        notes = list(_notes(file))
    except (OSError, EOFError, ValueError, IndexError, KeyError, TypeError) as error:
        raise UserError(
            f"{where} is not a readable MIDI file: {error or 'it ends early'}."
        ) from error
    if file.type == 2:
        raise UserError(f"{where} holds several songs (MIDI format 2): save each as its own file.")
    if file.ticks_per_beat <= 0 or file.ticks_per_beat >= 0x8000:
        raise UserError(f"{where} counts time in frames of film (SMPTE) instead of beats.")
    playable = [note for note in notes if LOWEST <= note[2] <= HIGHEST]
    if len(playable) < len(notes):
        print(
            f"note: {where}: {len(notes) - len(playable):,} of {len(notes):,} notes are outside of "
            "a piano's keys and are left out",
            file=sys.stderr,
        )
    if not playable:
        raise UserError(f"{where} holds no notes of pitched instruments.")
    ticks = file.ticks_per_beat / steps_per_beat
    first = round(min(start for start, _, _ in playable) / ticks)
    last = max(round(end / ticks) for _, end, _ in playable) - first
    if last > MAX_STEPS:
        raise UserError(
            f"{where} has {last:,} steps at data.steps_per_beat {steps_per_beat}, more than "
            f"{MAX_STEPS:,}: cut it, or take fewer steps."
        )
    roll = np.zeros((last + 1, NUM_KEYS), np.uint8)
    for start, end, note in playable:
        begin = round(start / ticks) - first
        roll[begin : max(begin + 1, round(end / ticks) - first), note - LOWEST] = 1
    return roll[: np.flatnonzero(roll.any(axis=1))[-1] + 1]


def write_midi(roll: np.ndarray, steps_per_beat: int, tempo: float, path: Path) -> None:
    """Write a piano roll as a MIDI file. A key that goes on from step to step is one note.

    Args:
        roll: Zeros and ones ``(time, 88)``.
        steps_per_beat: Steps per quarter note.
        tempo: Quarter notes a minute.
        path: The file.
    """
    _check_mido()
    ticks = _TICKS_PER_BEAT / steps_per_beat
    file = mido.MidiFile(type=0, ticks_per_beat=_TICKS_PER_BEAT)
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo)))
    changes = np.diff(np.pad(roll.astype(int), [[1, 1], [0, 0]]), axis=0)
    before = 0
    for step, row in enumerate(changes):
        # Ends before beginnings, at the same time.
        for kind, sign in (("note_off", -1), ("note_on", 1)):
            for key in np.flatnonzero(row == sign):
                now = round(step * ticks)
                message = {"note": int(key) + LOWEST, "velocity": _VELOCITY, "time": now - before}
                track.append(mido.Message(kind, **message))
                before = now
    with replaced(path) as partial:
        file.save(str(partial))


def synthesize(roll: np.ndarray, steps_per_beat: int, tempo: float) -> np.ndarray:
    """Return the sound of a piano roll: decaying harmonics of each note.

    Args:
        roll: Zeros and ones ``(time, 88)``.
        steps_per_beat: Steps per quarter note.
        tempo: Quarter notes a minute.

    Returns:
        float32 ``(samples,)`` in [-1, 1], `SAMPLE_RATE` a second.
    """
    samples = 60 / tempo / steps_per_beat * SAMPLE_RATE
    sound = np.zeros(int((len(roll) + 1) * samples) + 1)
    changes = np.diff(np.pad(roll.astype(int), [[1, 1], [0, 0]]), axis=0)
    for key in np.flatnonzero(roll.any(axis=0)):
        starts, ends = np.flatnonzero(changes[:, key] == 1), np.flatnonzero(changes[:, key] == -1)
        for start, end in zip(
            (starts * samples).astype(int), (ends * samples).astype(int), strict=True
        ):
            tone = _tone(440 * 2 ** ((key + LOWEST - 69) / 12), end - start)
            sound[start : start + len(tone)] += tone[: len(sound) - start]
    peak = np.abs(sound).max(initial=0)
    return (sound / peak * 0.9 if peak else sound).astype(np.float32)


def _tone(frequency: float, samples: int) -> np.ndarray:
    time = np.arange(samples + int(_RELEASE * SAMPLE_RATE)) / SAMPLE_RATE
    tone = np.zeros(len(time))
    for number, weight in enumerate(_HARMONICS, start=1):
        if number * frequency < SAMPLE_RATE / 2:
            decay = np.exp(-_DECAY * number * time)
            tone += weight * decay * np.sin(2 * np.pi * number * frequency * time)
    attack = np.minimum(1, time / _ATTACK)
    release = np.clip((time[-1] - time) / _RELEASE, 0, 1)
    return tone * attack * release


def _notes(file) -> Iterator[tuple[int, int, int]]:
    """Yield beginning, end (in ticks) and MIDI number of each note that is no drum."""
    for track in file.tracks:
        now = 0
        sounding: dict[tuple[int, int], list[int]] = {}
        for message in track:
            now += message.time
            if message.type not in ("note_on", "note_off") or message.channel == _DRUMS:
                continue
            key = (message.channel, message.note)
            if message.type == "note_on" and message.velocity:
                sounding.setdefault(key, []).append(now)
            elif sounding.get(key):
                yield sounding[key].pop(0), now, message.note
        # Notes that never end last until the track does.
        for (_, note), starts in sounding.items():
            for start in starts:
                yield start, max(now, start + 1), note


def _check_mido() -> None:
    if mido is None:
        raise UserError("MIDI files need mido: pip install 'seqsuite[music]'.")
