import numpy as np

from tests.reference.ngram import count, kneser_ney, witten_bell

# 0 1 0 1 0 2: after 0 came 1, 1, 2; after 1 came 0, 0.
COUNTS = count([0, 1, 0, 1, 0, 2], max_order=1)


def test_counts_by_hand():
    np.testing.assert_array_equal(COUNTS.row("counts", (), 3), [3, 2, 1])
    np.testing.assert_array_equal(COUNTS.row("counts", (0,), 3), [0, 2, 1])
    # Symbol 0 began the text and followed 1; symbols 1 and 2 followed 0 alone.
    np.testing.assert_array_equal(COUNTS.row("preceded", (), 3), [2, 1, 1])
    np.testing.assert_array_equal(COUNTS.row("preceded", (0,), 3), [0, 2, 1])


def test_a_window_hides_what_was_before_it():
    counts = count([0, 1, 0, 1, 0, 2], max_order=1, window=2)
    np.testing.assert_array_equal(counts.row("counts", (0,), 3), [0, 2, 1])
    assert (1,) not in counts.counts


def test_witten_bell_by_hand():
    lowest, highest = witten_bell(COUNTS, (1,), 3, escape=1)
    np.testing.assert_allclose(lowest, [4 / 9, 3 / 9, 2 / 9])
    np.testing.assert_allclose(highest, [(2 + 4 / 9) / 3, 1 / 9, 2 / 27])


def test_kneser_ney_by_hand():
    half = np.array([0, 0.5, 0.5, 0.5])
    found = kneser_ney(COUNTS, (0,), 3, [half, half])
    lower = (np.array([1.5, 0.5, 0.5]) + 0.5) / 4
    np.testing.assert_allclose(found, (np.array([0, 1.5, 0.5]) + 1.0 * lower) / 3)
    np.testing.assert_allclose(found.sum(), 1)
