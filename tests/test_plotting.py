"""Plots are written for ordinary, tiny and awkward data, and show what they are given."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from seqsuite import plotting


@pytest.fixture
def drawn(monkeypatch):
    """The figures that a plot draws, kept for a look at what is on them."""
    figures = []
    save = plotting.save_figure
    monkeypatch.setattr(
        plotting,
        "save_figure",
        lambda figure, path: (figures.append(figure), save(figure, path))[1],
    )
    return figures


def _is_png(path: Path) -> bool:
    return path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_confusion_matrix_shows_the_counts(tmp_path, drawn):
    references, predicted = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    plotting.confusion_matrix(references, predicted, ["no", "yes"], tmp_path / "matrix.png")
    axis = drawn[0].axes[0]
    texts = [text.get_text().split("\n")[0] for text in axis.texts]
    assert texts == ["2", "1", "0", "1"]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["no", "yes"]
    np.testing.assert_allclose(axis.get_images()[0].get_array(), [[2 / 3, 1 / 3], [0, 1]])


@pytest.mark.parametrize(
    "labels",
    [
        ["only", "never"],
        [f"a rather long name of label number {index}" for index in range(20)],
        ["好評", "ไม่ดี", "😀", "$x^", "", "x" * 60],
    ],
    ids=["one example", "twenty long names", "unknown scripts"],
)
def test_confusion_matrix_of_awkward_labels(tmp_path, labels):
    path = plotting.confusion_matrix(np.array([0]), np.array([0]), labels, tmp_path / "m.png")
    assert _is_png(path)


def test_labels_that_the_font_cannot_draw_are_numbered(tmp_path, drawn):
    labels = ["好評", "néant"]
    plotting.confusion_matrix(np.array([0]), np.array([1]), labels, tmp_path / "matrix.png")
    shown = [label.get_text() for label in drawn[0].axes[0].get_xticklabels()]
    assert shown == ["label 0", "néant"]


def test_reliability_diagram_shows_share_right_and_counts(tmp_path, drawn):
    confidence = np.array([0.95, 0.95, 0.95, 0.55])
    correct = np.array([True, True, False, True])
    plotting.reliability_diagram({"before": confidence}, correct, tmp_path / "r.png", num_bins=10)
    top, bottom = drawn[0].axes
    points = top.collections[0].get_offsets()
    np.testing.assert_allclose(points, [[0.55, 1.0], [0.95, 2 / 3]])
    assert [bar.get_height() for bar in bottom.patches] == [0, 0, 0, 0, 0, 1, 0, 0, 0, 3]


@pytest.mark.parametrize("count", [0, 1, 200])
def test_reliability_diagram_before_and_after(tmp_path, count):
    confidence = np.random.default_rng(0).uniform(0.5, 1, count)
    both = {"before scaling": confidence, "after scaling": confidence**0.5}
    path = plotting.reliability_diagram(both, confidence > 0.7, tmp_path / "reliability.png")
    assert _is_png(path)


def test_length_bins_hold_every_text_once_and_never_split_a_length():
    lengths = np.random.default_rng(1).geometric(0.05, 1000)
    masks = list(plotting._bins_of_equal_counts(lengths))
    assert np.sum(masks, axis=0).tolist() == [1] * 1000
    seen = [set(lengths[mask].tolist()) for mask in masks]
    assert sum(map(len, seen)) == len(set.union(*seen))
    assert all(max(a) < min(b) for a, b in itertools.pairwise(seen))


@pytest.mark.parametrize("lengths", [[], [3], [0, 0, 0], list(range(500))])
def test_length_accuracy_of_few_and_many_texts(tmp_path, lengths):
    correct = np.arange(len(lengths)) % 3 > 0
    assert _is_png(plotting.length_accuracy(lengths, correct, tmp_path / "lengths.png"))


@pytest.mark.parametrize(("right", "count"), [(0, 5), (5, 5), (7, 10), (90, 100)])
def test_wilson_interval_solves_its_equation(right, count):
    # The ends are the shares p for which |share - p| = z * sqrt(p * (1 - p) / count).
    share = right / count
    for end in plotting._wilson_interval(share, count):
        expected = 1.96 * np.sqrt(end * (1 - end) / count)
        assert abs(share - end) == pytest.approx(expected, abs=1e-7)


def test_plotting_leaves_pyplot_alone(tmp_path):
    code = (
        "import sys, seqsuite.plotting as p;"
        f"p.length_accuracy([1, 2], [True, False], {str(tmp_path / 'x.png')!r});"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
