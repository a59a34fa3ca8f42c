"""FeatureDeltas: the slopes of straight lines, at the ends of rows too."""

from __future__ import annotations

import numpy as np
import pytest

from seqsuite.layers import FeatureDeltas

FEATURES = np.random.default_rng(0).normal(size=(4, 7, 2)).astype("float32")
LENGTHS = np.array([7, 3, 1, 0])
REAL = np.arange(7) < LENGTHS[:, None]
SPOILED = np.where(REAL[:, :, None], FEATURES, np.nan).astype("float32")


def slopes(row, width):
    """Fit a line to each frame and its neighbours, the row's ends repeated."""
    extended = np.pad(row.astype("float64"), [(width, width), (0, 0)], mode="edge")
    place = np.arange(2 * width + 1)
    pieces = [extended[start : start + len(place)] for start in range(len(row))]
    return np.array([np.polyfit(place, piece, 1)[0] for piece in pieces])


@pytest.mark.parametrize("width", [1, 2, 3])
def test_they_are_the_slopes_of_lines_through_real_frames(width):
    found = np.array(FeatureDeltas(order=2, width=width)(SPOILED, lengths=LENGTHS))
    for row, length in enumerate(LENGTHS[:3]):
        real = FEATURES[row, :length]
        first = slopes(real, width)
        expected = np.concatenate([real, first, slopes(first, width)], axis=1)
        np.testing.assert_allclose(found[row, :length], expected, atol=1e-5)
    assert not found[~REAL].any()


def test_without_lengths_every_frame_is_real():
    layer = FeatureDeltas()
    expected = layer(FEATURES, lengths=[7] * 4)
    np.testing.assert_array_equal(layer(FEATURES), expected)
    assert layer(FEATURES[:, :0]).shape == (4, 0, 6)


@pytest.mark.parametrize("arguments", [{"order": 0}, {"width": 0}, {"width": 1.5}])
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match="must be a positive integer"):
        FeatureDeltas(**arguments)
