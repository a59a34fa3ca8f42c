"""MIDI files in and out, broken ones too, and sound."""

import io

import mido
import numpy as np
import pytest

from seqsuite.errors import UserError
from seqsuite.tasks.music.midi import SAMPLE_RATE, read_midi, synthesize, write_midi
from seqsuite.tasks.music.notes import roll_of_text, text_of_roll


def midi(*tracks, **settings):
    """The bytes of a file with tracks of (kind, note, ticks before it[, channel])."""
    file = mido.MidiFile(**{"ticks_per_beat": 480, **settings})
    for events in tracks:
        track = mido.MidiTrack()
        for kind, note, time, *channel in events:
            track.append(
                mido.Message(kind, note=note, time=time, channel=channel[0] if channel else 0)
            )
        file.tracks.append(track)
    content = io.BytesIO()
    file.save(file=content)
    return content.getvalue()


def text_of(data, steps_per_beat=2):
    return text_of_roll(read_midi(data, steps_per_beat, "x.mid"))


@pytest.mark.parametrize("steps_per_beat", [1, 2, 3, 7])
def test_what_is_written_is_read(tmp_path, steps_per_beat):
    generator = np.random.default_rng(0)
    roll = (generator.random((40, 88)) < 0.05).astype("uint8")
    roll[0, 3] = roll[-1, 5] = 1
    roll[10:13] = 0
    write_midi(roll, steps_per_beat, 93.5, tmp_path / "x.mid")
    read = read_midi((tmp_path / "x.mid").read_bytes(), steps_per_beat, "x.mid")
    np.testing.assert_array_equal(read, roll)


def test_tracks_and_channels_sound_together_and_drums_do_not():
    first = [("note_on", 60, 480), ("note_off", 60, 480)]
    second = [("note_on", 64, 720, 3), ("note_on", 40, 0, 9), ("note_off", 64, 480, 3)]
    assert text_of(midi(first, second)) == "60 60,64 64"


def test_notes_without_an_end_or_struck_twice_are_notes():
    assert text_of(midi([("note_on", 60, 0), ("note_on", 62, 480)])) == "60 60 62"
    twice = [("note_on", 60, 0), ("note_on", 60, 240), ("note_off", 60, 240), ("note_off", 60, 240)]
    assert text_of(midi(twice)) == "60 60 60"
    assert text_of(midi([("note_on", 60, 0), ("note_off", 60, 1)])) == "60"  # shorter than a step


def test_notes_beyond_a_piano_are_left_out_with_a_note(capsys):
    events = [("note_on", 10, 0), ("note_on", 60, 0), ("note_off", 10, 240), ("note_off", 60, 0)]
    assert text_of(midi(events)) == "60"
    assert "1 of 2 notes are outside" in capsys.readouterr().err


NOTE = [("note_on", 60, 0), ("note_off", 60, 240)]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is not a readable MIDI file"),
        (b"MThd", "is not a readable MIDI file"),
        (b"RIFF" + b"\0" * 60, "is not a readable MIDI file"),
        (midi(NOTE)[:-9], "is not a readable MIDI file"),
        (midi([]), "holds no notes"),
        (midi([("note_on", 36, 0, 9)]), "holds no notes"),
        (midi([("note_on", 5, 0), ("note_off", 5, 9)]), "holds no notes"),
        (midi(NOTE, NOTE, type=2), "several songs"),
        (midi(NOTE)[:12] + b"\xe2\x50" + midi(NOTE)[14:], "frames of film"),
        (midi(NOTE)[:12] + b"\0\0" + midi(NOTE)[14:], "frames of film"),
        (midi([("note_on", 60, 0), ("note_off", 60, 10**8)]), "more than 50,000"),
    ],
)
def test_broken_files_are_one_error(data, message):
    with pytest.raises(UserError, match=message):
        read_midi(data, 2, "x.mid")


def test_sound_has_the_length_and_the_pitch_of_the_notes():
    sound = synthesize(roll_of_text("69 69 69 69 -"), 2, 120)
    assert len(sound) / SAMPLE_RATE == pytest.approx(5 / 4 + 1 / 4, abs=0.01)
    assert np.abs(sound).max() == pytest.approx(0.9, abs=1e-6)
    spectrum = np.abs(np.fft.rfft(sound[:SAMPLE_RATE]))
    assert abs(int(spectrum.argmax()) - 440) <= 1
    assert not synthesize(roll_of_text("- -"), 2, 120).any()
