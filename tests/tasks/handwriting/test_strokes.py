"""Drawings as text and as points."""

import itertools

import numpy as np
import pytest

from seqsuite.errors import UserError
from seqsuite.tasks.handwriting.strokes import (
    points_of_strokes,
    points_of_text,
    rescaled,
    simplified,
    strokes_of_points,
    text_of_points,
)


def random_points(generator, count):
    offsets = generator.normal(scale=generator.choice([1e-3, 1, 1e4]), size=(count, 2))
    pen = generator.random(count) < 0.3
    return np.column_stack([offsets, pen]).astype("float32")


def test_text_and_points_are_each_other():
    generator = np.random.default_rng(0)
    for count in (1, 2, 7, 30):
        points = random_points(generator, count)
        again = points_of_text(text_of_points(points, lifted=True))
        np.testing.assert_allclose(again, points, rtol=1e-5)
    assert text_of_points(np.zeros((0, 3)), lifted=True) == ""


def test_the_text_is_path_data_of_strokes():
    strokes = [[(1, 1), (3, 2)], [(0, 0)], [(5, 5), (5, 6), (7, 6)]]
    points = points_of_strokes(strokes)
    assert text_of_points(points) == "m0,0 2,1 m-3,-2 m5,5 0,1 2,0"
    found = strokes_of_points(points)
    for ours, theirs in zip(found, strokes, strict=True):
        np.testing.assert_allclose(ours, np.array(theirs) - 1)


def test_empty_strokes_are_passed_over():
    assert points_of_strokes([[], [(0, 0)], [], []]).tolist() == [[0, 0, 1]]
    assert points_of_strokes([]).shape == (0, 3)


@pytest.mark.parametrize(
    "text",
    [
        "m1;2",
        "1",
        "1,2,3",
        "m",
        "m1,nan",
        "1,inf",
        "1e400,0",
        "0,1e7",
        "M1,2",
        "\u0663,\u0661",
        "m 1,2",
    ],
)
def test_what_is_no_point_is_named(text):
    if text == "m":
        assert len(points_of_text(text)) == 0
        return
    with pytest.raises(UserError, match="is no offset"):
        points_of_text(text)


@pytest.mark.parametrize("point", [(1,), ("x", 2), (float("nan"), 0), (1e30, 0), None, 5])
def test_points_without_two_finite_numbers_are_refused(point):
    with pytest.raises(UserError, match="no pair of numbers"):
        points_of_strokes([[(0, 0), point]])


def test_rescaling_makes_offsets_of_size_one():
    points = random_points(np.random.default_rng(1), 50)
    assert np.mean(np.square(rescaled(points)[:, :2])) == pytest.approx(1, rel=1e-4)
    standing = np.zeros((3, 3), "float32")
    assert rescaled(standing).tolist() == standing.tolist()


def test_simplified_drawings_stay_within_the_tolerance():
    generator = np.random.default_rng(2)
    for tolerance in (0.1, 0.5, 2.0):
        points = random_points(generator, 80)
        points[:, :2] /= np.abs(points[:, :2]).max()
        points[-1, 2] = 1
        fewer = simplified(points, tolerance)
        assert fewer[:, 2].sum() == points[:, 2].sum()  # no stroke is lost
        for whole, kept in zip(*map(strokes_of_points, (points, fewer)), strict=True):
            np.testing.assert_allclose(kept[[0, -1]], whole[[0, -1]], atol=1e-4)
            for place in whole:
                assert distance_to_line(place, kept) <= tolerance + 1e-4
    assert simplified(points, 0.0) is points


def distance_to_line(place, corners):
    """Brute force: the distance to each of a thousand points of each segment."""
    ways = [np.linspace(a, b, 1000) for a, b in itertools.pairwise(corners)]
    return np.linalg.norm(np.concatenate([corners, *ways]) - place, axis=1).min()
