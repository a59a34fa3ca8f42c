"""What `predict` reads, and the files it writes."""

from types import SimpleNamespace

import mido
import pytest
import soundfile

from seqsuite.config import build_config
from seqsuite.errors import UserError
from seqsuite.tasks.music import TASK, MusicConfig
from seqsuite.tasks.music.midi import read_midi, write_midi
from seqsuite.tasks.music.notes import roll_of_text, text_of_roll
from tests.clients import client_of, read

FLAGS = {"steps": 3, "temperature": 1.0, "seed": 7, "save_to": None, "tempo": None}


def client(**options):
    return client_of(TASK(build_config(MusicConfig)), **{**FLAGS, **options})


def test_words_lines_and_midi_files_are_continued(tmp_path):
    write_midi(roll_of_text("60,64 62"), 2, 100, tmp_path / "x.mid")
    (tmp_path / "x.txt").write_text("50 -\n\n")
    words = read(client(), "64,60", "", str(tmp_path / "x.mid"))
    assert [item.text for item in words] == ["60,64", "", "60,64 62"]
    assert words[0].features == {"notes": "60,64", "steps": 3, "temperature": 1.0, "seed": 7}
    assert [i.text for i in read(client(), name=str(tmp_path / "x.mid"))] == ["60,64 62"]
    assert [i.text for i in read(client(), "60", name=str(tmp_path / "x.txt"))] == [
        "60",
        "50 -",
        "",
    ]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"steps": -1}, "--steps must be between 0"),
        ({"temperature": -1}, "--temperature must be at least 0"),
        ({"temperature": float("nan")}, "--temperature must be at least 0"),
        ({"tempo": 0, "save_to": "x"}, "--tempo must be between 1"),
        ({"seed": 2**40}, "--seed must be between"),
    ],
)
def test_flags_out_of_range_are_refused(flags, message):
    with pytest.raises(UserError, match=message):
        read(client(**flags), "60")


@pytest.mark.parametrize("word", ["hello", "no.mid", "60 x"])
def test_what_is_no_music_is_refused(word):
    with pytest.raises(UserError):
        read(client(), word)


def test_whole_pieces_are_saved_as_midi_sound_and_picture(tmp_path):
    one = client(save_to=str(tmp_path / "out"), tempo=60)
    one.model = lambda **features: {
        "notes": SimpleNamespace(numpy=lambda: [b"67 -"] * len(features["notes"]))
    }
    for _ in range(2):
        (answer,) = one.answer(read(one, "60 62"))
    names = [file.rpartition("/")[2] for file in answer["files"]]
    assert names == ["2.mid", "2.wav", "2.png"]
    roll = read_midi((tmp_path / "out/1.mid").read_bytes(), 2, "")
    assert text_of_roll(roll) == "60 62 67"
    tempo = next(
        m for m in mido.MidiFile(tmp_path / "out/1.mid").tracks[0] if m.type == "set_tempo"
    )
    assert tempo.tempo == 1_000_000
    sound = soundfile.info(tmp_path / "out/1.wav")
    assert sound.duration == pytest.approx(4 / 2 + 1 / 2, abs=0.05)
    assert (tmp_path / "out/2.png").read_bytes().startswith(b"\x89PNG")
