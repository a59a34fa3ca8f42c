"""What `predict` reads, and the files it writes."""

from xml.etree import ElementTree

import numpy as np
import pytest

from seqsuite.config import build_config
from seqsuite.errors import UserError
from seqsuite.tasks.handwriting import TASK, HandwritingConfig
from seqsuite.tasks.handwriting.config import LABELS_FILE
from seqsuite.tasks.handwriting.pictures import save_png, svg
from tests.clients import client_of, read

FLAGS = {"points": 9, "bias": 0.5, "seed": 3, "drawings": 2, "label": None, "save_to": None}


def client(folder=None, **options):
    config = build_config(HandwritingConfig, {"model": {"condition_on_label": folder is not None}})
    return client_of(TASK(config), folder, **{**FLAGS, **options})


def test_words_and_files_are_completed_with_the_seeds_that_follow(tmp_path):
    items = read(client(), "m0,0 1,2", "")
    assert [item.features["seed"] for item in items] == [3, 4, 3, 4]
    assert [item.features["drawing"] for item in items] == ["m0,0 1,2"] * 2 + [""] * 2
    assert "label" not in items[0].features
    (tmp_path / "a.inkml").write_text("<ink><trace>5 5, 6 7</trace></ink>")
    (tmp_path / "b.jsonl").write_text('{"strokes": [[[5, 5], [6, 7]]]}\n{"drawing": "m1,1"}\n')
    (tmp_path / "c.txt").write_text("m0,0 1,2\n\n")
    texts = {
        name: [item.text for item in read(client(drawings=1), name=str(tmp_path / name))]
        for name in ("a.inkml", "b.jsonl", "c.txt")
    }
    assert texts == {
        "a.inkml": ["m0,0 1,2"],
        "b.jsonl": ["m0,0 1,2", "m1,1"],
        "c.txt": ["m0,0 1,2", ""],
    }
    assert [i.text for i in read(client(drawings=1), str(tmp_path / "a.inkml"))] == ["m0,0 1,2"]


def test_labels_are_for_models_that_read_them(tmp_path):
    (tmp_path / LABELS_FILE).write_text("a\nb c\n")
    assert read(client(tmp_path, label="b c"), "")[0].features["label"] == "b c"
    assert read(client(tmp_path), "")[0].features["label"] == ""
    with pytest.raises(UserError, match=r"no such label\. Labels are a, b c"):
        read(client(tmp_path, label="d"), "")
    with pytest.raises(UserError, match="without model"):
        read(client(label="a"), "")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"points": -1}, "--points must be between 0"),
        ({"bias": -0.1}, "--bias must be at least 0"),
        ({"bias": float("nan")}, "--bias must be at least 0"),
        ({"drawings": 0}, "--drawings must be between 1"),
        ({"seed": 2**31}, "--seed must be between"),
    ],
)
def test_flags_out_of_range_are_refused(flags, message):
    with pytest.raises(UserError, match=message):
        read(client(**flags), "")


def test_what_is_no_drawing_is_refused():
    with pytest.raises(UserError, match="is no offset"):
        read(client(), "hello")
    with pytest.raises(UserError, match="does not exist"):
        read(client(), "missing.inkml")


@pytest.mark.parametrize("rows", [[], [[0, 0, 1]], [[0, 0, 0], [3, 4, 1], [1, 0, 0], [0, 2, 1]]])
def test_pictures_of_any_drawing_are_files(tmp_path, rows):
    points = np.array(rows, float).reshape(-1, 3)
    root = ElementTree.fromstring(svg(points))
    (path,) = root
    assert path.get("d").count("M") == int((points[:, 2] > 0).sum())
    assert save_png(points, tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
