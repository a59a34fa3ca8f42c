"""Resampling in the graph: what is kept, what is removed, and how much is left."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
import tensorflow as tf

from seqsuite.tasks.speech_recognition import resampling_graph

# The last rate has hardly a common divisor with the other.
RATES = [(44100, 16000), (48000, 16000), (8000, 16000), (16000, 8000), (22050, 16000), (9001, 8000)]


@pytest.fixture(scope="module")
def resample():
    graphs = {}

    def run(samples, source, target):
        if target not in graphs:
            graphs[target] = tf.function(
                lambda samples, rate: resampling_graph.resample(samples, rate, target),
                input_signature=[tf.TensorSpec([None]), tf.TensorSpec([], tf.int32)],
                autograph=False,
            )
        return graphs[target](np.asarray(samples, "float32"), source).numpy()

    return run


@pytest.mark.parametrize(("source", "target"), RATES)
def test_a_sweep_below_the_cut_is_what_it_would_be_at_the_other_rate(resample, source, target):
    seconds, highest = 0.5, 0.8 * min(source, target) / 2

    def sweep(rate):
        return scipy.signal.chirp(np.arange(int(seconds * rate)) / rate, 50, seconds, highest)

    found = resample(sweep(source), source, target)
    expected = sweep(target)
    assert len(found) == len(expected)
    inner = slice(target // 100, -target // 100)  # the ends hear the silence beyond
    np.testing.assert_allclose(found[inner], expected[inner], atol=2e-4)
    if source != 9001:
        # SciPy's own filter strays from the truth by as much as this allows.
        divisor = np.gcd(source, target)
        of_scipy = scipy.signal.resample_poly(sweep(source), target // divisor, source // divisor)
        np.testing.assert_allclose(found[inner], of_scipy[inner], atol=5e-3)


@pytest.mark.parametrize("source", [44100, 48000])
def test_what_the_lower_rate_cannot_hold_is_removed(resample, source):
    seconds = np.arange(source) / source
    for hertz in (8500.0, 12000.0, 20000.0):
        found = resample(np.sin(2 * np.pi * hertz * seconds), source, 16000)
        assert np.abs(found[500:-500]).max() < 2e-4


@pytest.mark.parametrize(("source", "target"), RATES)
@pytest.mark.parametrize("count", [0, 1, 2, 441, 5000])
def test_the_length_is_rounded_up_and_a_constant_stays(resample, source, target, count):
    found = resample(np.full(count, 0.5), source, target)
    assert len(found) == -(-count * target // source)
    inner = found[100:-100]
    np.testing.assert_allclose(inner, 0.5, atol=1e-5)


def test_the_same_rate_changes_nothing(resample):
    samples = np.random.default_rng(0).normal(size=77).astype("float32")
    np.testing.assert_array_equal(resample(samples, 16000, 16000), samples)


def test_both_ways_to_compute_it_agree(monkeypatch):
    samples = np.random.default_rng(0).normal(size=3000).astype("float32")
    expected = resampling_graph.resample(tf.constant(samples), 44100, 16000)
    monkeypatch.setattr(resampling_graph, "_MOST_WEIGHTS", 0)
    found = resampling_graph.resample(tf.constant(samples), 44100, 16000)
    np.testing.assert_allclose(found, expected, atol=1e-5)
