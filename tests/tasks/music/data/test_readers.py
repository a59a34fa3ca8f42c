"""Pieces in files: upstream's MATLAB files, MIDI, lines of notes."""

import zipfile

import numpy as np
import pytest
from scipy.io import savemat

from seqsuite.config import build_config
from seqsuite.errors import UserError
from seqsuite.tasks.music import MusicConfig
from seqsuite.tasks.music.data import files, poly_music
from seqsuite.tasks.music.midi import write_midi
from seqsuite.tasks.music.notes import roll_of_text

JSB = poly_music.READERS[0]


def options(**data):
    return build_config(MusicConfig, {"data": data}).data


def of_files(path, **data):
    return files.load("train", options(source="files", train=path, **data)).features["notes"]


def write_mat(path, **pieces):
    cells = {}
    for name, texts in pieces.items():
        cells[name] = np.empty((1, len(texts)), object)
        for number, text in enumerate(texts):
            cells[name][0, number] = roll_of_text(text).astype(float)
    savemat(path, cells)


def test_upstreams_files_are_read_by_split(tmp_path):
    write_mat(
        tmp_path / "JSB_Chorales.mat",
        traindata=["60,64 62", "-"],
        validdata=["50"],
        testdata=["21 108"],
    )
    data = options(source="jsb_chorales", dir=tmp_path, steps_per_beat=1)
    assert JSB.load("train", data).features["notes"] == ["60,64 62", "-"]
    assert JSB.load("validation", data).features["notes"] == ["50"]
    assert JSB.load("test", data).features["notes"] == ["21 108"]
    with pytest.raises(UserError, match=r"set --data\.steps_per_beat 1"):
        JSB.load("test", options(source="jsb_chorales", dir=tmp_path, steps_per_beat=2))


@pytest.mark.parametrize("damage", ["text", "cut", "names", "width"])
def test_damaged_files_are_one_error(tmp_path, damage):
    path = tmp_path / "JSB_Chorales.mat"
    write_mat(path, traindata=["60", "62"])
    if damage == "names":
        write_mat(path, other=["60"])
    elif damage == "width":
        savemat(path, {"traindata": np.ones((2, 5))})
    else:
        path.write_bytes({"text": b"no matrix", "cut": path.read_bytes()[:200]}[damage])
    with pytest.raises(UserError, match=r"JSB_Chorales\.mat"):
        JSB.load("train", options(source="jsb_chorales", dir=tmp_path, steps_per_beat=1))
    with pytest.raises(UserError, match="was not found"):
        JSB.load("train", options(source="jsb_chorales", dir=tmp_path.parent, steps_per_beat=1))


def test_midi_files_of_a_folder_or_an_archive_are_pieces(tmp_path, capsys):
    folder = tmp_path / "midi"
    folder.mkdir()
    write_midi(roll_of_text("60 62"), 2, 100, folder / "a.mid")
    write_midi(roll_of_text("64 - 65"), 2, 100, folder / "B.MIDI")
    (folder / "c.mid").write_bytes(b"no music")
    (folder / "notes.txt").write_text("x")
    with zipfile.ZipFile(tmp_path / "midi.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"x/{file.name}")
    assert sorted(of_files(folder)) == ["60 62", "64 - 65"]
    assert "1 of 3 files" in capsys.readouterr().err
    assert sorted(of_files(tmp_path / "midi.zip")) == ["60 62", "64 - 65"]
    assert of_files(folder / "a.mid", steps_per_beat=4) == ["60 60 62 62"]
    with pytest.raises(UserError, match="is not a readable MIDI file"):
        of_files(folder / "c.mid")


def test_lines_of_notes_are_pieces_and_others_name_their_line(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("60,64 62\r\n\n  50 -\n")
    assert of_files(path) == ["60,64 62", "50 -"]
    path.write_text("60\n60 H\n")
    with pytest.raises(UserError, match=r"x\.txt, line 2: Step 2 \('H'\)"):
        of_files(path)
    path.write_text("\n")
    with pytest.raises(UserError, match="holds no pieces"):
        of_files(path)
