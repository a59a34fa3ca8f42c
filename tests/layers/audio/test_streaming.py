"""However a signal is cut into chunks, its features are those of the whole."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers import ConvolutionalSubsampling, LogMelSpectrogram
from seqsuite.layers.audio import streaming as stream

NUM_SAMPLES = 163
SAMPLES = np.random.default_rng(0).uniform(-1, 1, (2, NUM_SAMPLES)).astype("float32")
CUTS = {
    "one chunk": [],
    "sample by sample": list(range(1, NUM_SAMPLES)),
    "empty chunks": [0, 0, 10, 10, 90, 90, NUM_SAMPLES],
    "less than a frame": list(range(7, NUM_SAMPLES, 7)),
    "exactly a frame, then hops": list(range(16, NUM_SAMPLES, 6)),
    "at random": sorted(np.random.default_rng(1).integers(0, NUM_SAMPLES, 9).tolist()),
}


class FrontEnd:
    """A spectrogram and convolutions, with one graph for all chunks."""

    def __init__(self, look_ahead, kernel_sizes=(3, 2), strides=(2, 2)):
        self.log_mel = LogMelSpectrogram(1000, 4, frame_seconds=0.016, hop_seconds=0.006)
        self.subsampling = ConvolutionalSubsampling(
            3, kernel_sizes, strides, activation="tanh", look_ahead=look_ahead
        )
        self.whole = self.subsampling(self.log_mel(SAMPLES))
        unknown = tf.TensorSpec((2, None))
        self.step = tf.function(self._step, autograph=False).get_concrete_function(
            unknown, tf.TensorSpec((2, None, 4)), unknown
        )

    def _step(self, samples, frames, chunk):
        features, samples = stream.continue_log_mel(self.log_mel, samples, chunk)
        outputs, frames = stream.continue_subsampling(self.subsampling, frames, features)
        return features, outputs, samples, frames

    def read(self, samples, cuts):
        waiting = stream.begin_log_mel(2)
        frames = stream.begin_subsampling(self.subsampling, 2, 4)
        features, outputs = [], []
        for chunk in np.split(samples, cuts, axis=1):
            new, out, waiting, frames = self.step(waiting, frames, tf.constant(chunk))
            features.append(new)
            outputs.append(out)
            assert waiting.shape[1] < self.log_mel.frame_length
            assert frames.shape[1] < self.subsampling.receptive_field
        outputs.append(stream.end_subsampling(self.subsampling, frames))
        return np.concatenate(features, axis=1), np.concatenate(outputs, axis=1)


@pytest.fixture(scope="module", params=[None, 0, 2])
def front_end(request):
    return FrontEnd(request.param)


@pytest.mark.parametrize("cuts", CUTS.values(), ids=CUTS)
def test_chunks_have_the_features_of_the_whole(front_end, cuts):
    features, outputs = front_end.read(SAMPLES, cuts)
    np.testing.assert_allclose(features, front_end.log_mel(SAMPLES), atol=1e-5)
    np.testing.assert_allclose(outputs, front_end.whole, atol=1e-5)


@pytest.mark.parametrize("num_samples", [0, 1, 15, 16, 22, 40])
def test_short_streams_end_as_short_utterances(front_end, num_samples):
    samples = SAMPLES[:, :num_samples]
    _, outputs = front_end.read(samples, [num_samples // 2])
    expected = front_end.subsampling(front_end.log_mel(samples))
    assert outputs.shape == expected.shape
    np.testing.assert_allclose(outputs, expected, atol=1e-5)


def test_with_look_ahead_outputs_come_as_soon_as_their_frames_are_there():
    for look_ahead in (0, 3):
        layer = ConvolutionalSubsampling(1, look_ahead=look_ahead)
        frames = stream.begin_subsampling(layer, 1, 4)
        counts = []
        for _ in range(6):
            outputs, frames = stream.continue_subsampling(layer, frames, np.ones((1, 1, 4)))
            counts.append(outputs.shape[1])
        expected = [int(t >= look_ahead and (t - look_ahead) % 2 == 0) for t in range(6)]
        assert counts == expected
