"""The best path in the graph beside a loop over its frames, and beside the alignment."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import softmax

from seqsuite.decoding import ctc_align, ctc_greedy_search

LENGTHS = np.array([12, 7, 0, 1, 9])
# Repeats, so that symbols stretch over several frames.
LOGITS = np.random.default_rng(0).normal(size=(5, 6, 4)).repeat(2, axis=1).astype("float32") * 3


def by_loop(logits, blank):
    """`(id, start, end, mean probability)` of each symbol of one utterance."""
    found, frame = [], 0
    for symbol, run in itertools.groupby(logits.argmax(axis=1)):
        end = frame + len(list(run))
        if symbol != blank:
            found.append((symbol, frame, end, softmax(logits, axis=1)[frame:end, symbol].mean()))
        frame = end
    return found


@pytest.mark.parametrize("blank", [0, 3])
@pytest.mark.parametrize("compiled", [False, True])
def test_it_is_the_loop_over_the_frames(blank, compiled):
    search = tf.function(ctc_greedy_search) if compiled else ctc_greedy_search
    found = search(LOGITS, LENGTHS, blank=blank)
    expected = [by_loop(row[:end], blank) for row, end in zip(LOGITS, LENGTHS, strict=True)]
    counts = [len(row) for row in expected]
    assert found.counts.numpy().tolist() == counts
    assert max(counts) > 3
    assert found.ids.shape == (5, max(counts))
    padding = [(-1, 0, 0, 0.0)]
    for row, symbols in enumerate(expected):
        symbols = symbols + padding * (max(counts) - len(symbols))
        columns = (found.ids, found.starts, found.ends, found.confidences)
        for column, values in zip(columns, zip(*symbols, strict=True), strict=True):
            np.testing.assert_allclose(column[row].numpy(), values, rtol=1e-5)


def test_the_likeliest_alignment_of_its_symbols_is_the_path_itself():
    found = ctc_greedy_search(LOGITS, LENGTHS)
    for row, end in enumerate(LENGTHS):
        count = int(found.counts[row])
        aligned = ctc_align(LOGITS[row, :end], found.ids[row, :count].numpy())
        np.testing.assert_array_equal(aligned.starts, found.starts[row, :count])
        np.testing.assert_array_equal(aligned.ends, found.ends[row, :count])
        np.testing.assert_allclose(aligned.confidences, found.confidences[row, :count], rtol=1e-5)
        assert aligned.log_probability == pytest.approx(float(found.log_probability[row]), rel=1e-5)


def test_neither_padding_nor_neighbours_count():
    together = ctc_greedy_search(LOGITS, LENGTHS)
    for row, end in enumerate(LENGTHS):
        alone = ctc_greedy_search(LOGITS[row : row + 1, :end])
        for name in ("ids", "starts", "ends", "confidences"):
            value = getattr(alone, name)[0].numpy()
            expected = getattr(together, name)[row, : len(value)].numpy()
            np.testing.assert_allclose(value, expected, rtol=1e-6)


@pytest.mark.parametrize("shape", [(0, 4, 3), (2, 0, 3)])
def test_nothing_says_nothing(shape):
    found = ctc_greedy_search(np.zeros(shape, "float32"))
    assert found.ids.shape == (shape[0], 0)
    assert found.log_probability.numpy().tolist() == [0.0] * shape[0]
