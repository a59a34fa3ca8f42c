"""Drawings in files: arrays of sketch-RNN, InkML, JSON lines, path data."""

import io
import json
import pickle
import tarfile
import zipfile

import numpy as np
import pytest

from seqsuite.config import build_config
from seqsuite.errors import UserError
from seqsuite.tasks.handwriting import HandwritingConfig
from seqsuite.tasks.handwriting.data import crohme, files, ink, sketch_rnn
from seqsuite.tasks.handwriting.data.unpickling import read_object_arrays

INKML = """<?xml version="1.0"?>
<ink xmlns="http://www.w3.org/2003/InkML">
<annotation type="truth">$x$</annotation>
<trace id="0">10 20 0.1, 12 24 0.2,
 13 25 0.3</trace>
<trace id="1">1.5 2</trace>
</ink>"""


def options(**data):
    return build_config(HandwritingConfig, {"data": data}).data


def of_files(path, split="train", **data):
    return files.load(split, options(source="files", **{"train": path, split: path, **data}))


def write_npz(path, **arrays):
    objects = {}
    for name, rows in arrays.items():
        objects[name] = np.empty(len(rows), object)
        objects[name][:] = rows
    np.savez(path, **objects)


def test_arrays_of_sketch_rnn_are_read_in_all_dtypes(tmp_path):
    drawings = [np.array([[1, 2, 0], [3, 4, 1]], "int16"), np.array([[0.5, -1, 1]], "float64")]
    write_npz(tmp_path / "aaron_sheep.npz", train=drawings, valid=drawings[1:], test=drawings[:1])
    reader = sketch_rnn.READERS[0]
    loaded = reader.load("train", options(source=reader.NAME, dir=tmp_path))
    assert loaded.features["drawing"] == ["m1,2 3,4", "m0.5,-1"]
    assert reader.load("validation", options(source=reader.NAME, dir=tmp_path)).features[
        "drawing"
    ] == ["m0.5,-1"]
    assert of_files(tmp_path / "aaron_sheep.npz", "test").features["drawing"] == ["m1,2 3,4"]


def test_a_pickle_that_runs_code_is_refused_and_not_run(tmp_path):
    class Harmful:
        def __reduce__(self):
            return (open, (str(tmp_path / "written"), "w"))

    content = io.BytesIO()
    array = np.empty(1, object)
    array[0] = Harmful()
    np.lib.format.write_array(content, array)
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("train.npy", content.getvalue())
    with pytest.raises(UserError, match="which no array needs"):
        read_object_arrays(tmp_path / "x.npz", "train")
    assert not (tmp_path / "written").exists()


@pytest.mark.parametrize("damage", ["empty", "cut", "text", "names", "shape"])
def test_damaged_arrays_are_one_error(tmp_path, damage):
    path = tmp_path / "x.npz"
    write_npz(path, train=[np.zeros((2, 3))])
    data = path.read_bytes()
    if damage == "shape":
        write_npz(path, train=[np.zeros((2, 4))])
    elif damage == "names":
        write_npz(path, learn=[np.zeros((2, 3))])
    else:
        path.write_bytes({"empty": b"", "cut": data[: len(data) // 2], "text": b"m1,2"}[damage])
    with pytest.raises(UserError, match=r"x\.npz"):
        sketch_rnn.points_of_file(path, "train")


@pytest.mark.parametrize("protocol", range(6))
def test_object_arrays_of_every_protocol_are_read(tmp_path, protocol):
    array = np.empty(2, object)
    array[:] = [np.array([[1, 2, 0]], "int16"), np.array([[3.5, 4, 1]])]
    content = io.BytesIO()
    header = np.lib.format.header_data_from_array_1_0(array)
    np.lib.format.write_array_header_1_0(content, header)
    pickle.dump(array, content, protocol=protocol)
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("train.npy", content.getvalue())
    first, second = read_object_arrays(tmp_path / "x.npz", "train")
    assert [first.tolist(), second.tolist()] == [[[1, 2, 0]], [[3.5, 4, 1]]]


def test_ink_is_read_with_its_text(tmp_path):
    points, label = ink.points_of_inkml(INKML.encode(), "a.inkml")
    assert label == "$x$"
    np.testing.assert_allclose(points, [[0, 0, 0], [2, 4, 0], [1, 1, 1], [-11.5, -23, 1]])
    folder = tmp_path / "ink"
    folder.mkdir()
    (folder / "b.inkml").write_text(INKML)
    (folder / "a.inkml").write_text("<ink></ink>")
    (folder / "notes.txt").write_text("not ink")
    loaded = of_files(folder)
    assert loaded.features["label"] == ["$x$"]
    with zipfile.ZipFile(tmp_path / "ink.zip", "w") as archive:
        archive.write(folder / "b.inkml", "x/b.inkml")
    assert of_files(tmp_path / "ink.zip").features == loaded.features


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is no InkML"),
        ("<ink><trace>1 2</trace>", "is no InkML"),
        ("<ink></ink>", "holds no trace"),
        ("<ink><trace>1 2, 3</trace></ink>", "no pair of numbers"),
        ("<ink><trace>1 2, '3 '4</trace></ink>", "no pair of numbers"),
        ("<ink><trace>nan 2</trace></ink>", "no pair of numbers"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><ink>&a;</ink>', "document type"),
    ],
)
def test_broken_ink_is_one_error(content, message):
    with pytest.raises(UserError, match=message):
        ink.points_of_inkml(content.encode(), "a.inkml")


def test_json_lines_hold_drawings_in_three_forms(tmp_path):
    records = [
        {"word": "cat", "drawing": [[[0, 5], [1, 7]], [[2], [2]]]},  # Quick, Draw!
        {"label": "b", "strokes": [[[0, 1, 9.5], [5, 7, 9.6]], [[2, 2, 9.9]]]},
        {"drawing": "m0,0 5,6 m-3,-5"},
    ]
    path = tmp_path / "x.ndjson"
    path.write_text("\n".join(map(json.dumps, records)) + "\n\n")
    loaded = of_files(path)
    assert loaded.features["drawing"] == ["m0,0 5,6 m-3,-5"] * 3
    assert loaded.features["label"] == ["cat", "b", ""]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 1 is no JSON"),
        ("[1]", "must be a JSON object"),
        ('{"x": 1}', "there is no drawing, nor strokes. Keys are x"),
        ('{"drawing": [[[1], [2, 3]]]}', "a list of x and one of y"),
        ('{"drawing": [[1, 2]]}', "a list of x and one of y"),
        ('{"strokes": [[[1]]]}', "no pair of numbers"),
        ('{"drawing": "m1,x"}', "is no offset"),
    ],
)
def test_broken_json_names_its_line(tmp_path, line, message):
    path = tmp_path / "x.jsonl"
    path.write_text(line)
    with pytest.raises(UserError, match=message):
        of_files(path)


def test_broken_drawings_do_not_lose_the_others(tmp_path, capsys):
    path = tmp_path / "x.txt"
    path.write_text("m0,0 1,2\nm1;2\n\n   \nm0,0 3,4\n")
    assert of_files(path).features["drawing"] == ["m0,0 1,2", "m0,0 3,4"]
    assert "1 of 3 drawings" in capsys.readouterr().err


def test_options_clean_drawings_and_say_what_they_leave_out(tmp_path, capsys):
    path = tmp_path / "x.txt"
    path.write_text("m0,0 1,0 1,0 1,0\nm0,0 1,1 1,-1 1,1 1,-1 2,0\n")
    assert of_files(path, tolerance=0.1, max_points=4).features["drawing"] == ["m0,0 3,0"]
    assert "1 drawings longer than data.max_points" in capsys.readouterr().err
    assert of_files(path, rescale=True).features["drawing"][0].startswith("m0,0 1.63299,0")


def test_splits_that_are_not_named_are_none(tmp_path):
    (tmp_path / "x.txt").write_text("m0,0 1,0\n")
    assert files.load("test", options(source="files", train=tmp_path / "x.txt")) is None


def test_formulas_are_read_from_upstreams_archives(tmp_path, capsys):
    for name, contents in (
        ("TrainINKML.tar.xz", [INKML, "<ink>", INKML]),
        ("TestEM2014GT.tar.xz", [INKML]),
    ):
        with tarfile.open(tmp_path / name, "w:xz") as archive:
            for number, content in enumerate(contents):
                member = tarfile.TarInfo(f"set/{number}.inkml")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content.encode()))
    data = options(source="crohme", dir=tmp_path)
    assert crohme.load("train", data).features["label"] == ["$x$"] * 2
    assert "1 of 3 files" in capsys.readouterr().err
    assert len(crohme.load("test", data)) == 1
    assert crohme.load("validation", data) is None
    (tmp_path / "TestEM2014GT.tar.xz").write_bytes(b"\xfd7zXZ\x00damaged")
    with pytest.raises(UserError, match="not a readable archive"):
        crohme.load("test", data)
    with pytest.raises(UserError, match="was not found"):
        crohme.load("test", options(source="crohme", dir=tmp_path.parent / tmp_path.name / ".."))
