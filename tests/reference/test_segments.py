"""The NumPy SegRNN on cases that can be worked by hand."""

from __future__ import annotations

import numpy as np

from tests.reference import segments


def test_the_first_segment_begins_with_zeros():
    row = np.arange(1.0, 6.0)[:, None]
    found = [segment.tolist() for segment in segments.cut(row, 2)]
    assert found == [[0, 1], [2, 3], [4, 5]]
    assert [s.tolist() for s in segments.cut(row[:4], 2)] == [[1, 2], [3, 4]]


def test_every_future_segment_is_one_step_from_the_last_state():
    # A GRU of one unit whose gates are open: its state is the tanh of its input.
    shut = np.array([[-50.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    weights = {
        "segment": (np.array([[0.0], [1.0]]), np.zeros(1)),
        "levels": [(np.array([[0.0, 0.0, 1.0]]), np.zeros((1, 3)), shut)],
        "output": (np.array([[2.0]]), np.array([1.0])),
        "positions": np.array([[0.5], [-1.0]]),
    }
    found = segments.forecast("gru", np.ones((3, 1)), weights, 2, 2)
    np.testing.assert_allclose(found[:, 0], 1 + 2 * np.tanh([0.5, -1.0]))
    # Recurrently, the second one's input is what was predicted for the first.
    weights["feedback"] = (np.array([[1.0]]), np.array([0.5]))
    first = 1 + 2 * np.tanh(0.5)
    found = segments.forecast("gru", np.ones((3, 1)), weights, 2, 2)
    np.testing.assert_allclose(found[:, 0], [first, 1 + 2 * np.tanh(first + 0.5)])
