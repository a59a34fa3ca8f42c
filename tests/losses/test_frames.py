"""Cross-entropy of frames: by hand, padded, and empty."""

import numpy as np
import pytest

from seqsuite.losses import FrameCrossentropy


def test_values_of_a_frame_are_summed_and_real_frames_averaged():
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(2, 3, 5)).astype("float32")
    frames = generator.integers(2, size=(2, 3, 5))
    frames[1, 1:] = -1
    probabilities = 1 / (1 + np.exp(-logits))
    nats = -np.log(np.where(frames == 1, probabilities, 1 - probabilities)).sum(axis=-1)
    real = frames[..., 0] >= 0
    assert float(FrameCrossentropy()(frames, logits)) == pytest.approx(nats[real].mean(), rel=1e-5)
    weights = np.array([2.0, 1.0])
    expected = (nats * real * weights[:, None]).sum() / (real * weights[:, None]).sum()
    found = FrameCrossentropy()(frames, logits, weights)
    assert float(found) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("rows", [0, 2])
def test_no_real_frames_have_no_loss(rows):
    assert float(FrameCrossentropy()(np.full((rows, 3, 5), -1), np.ones((rows, 3, 5)))) == 0


def test_large_logits_stay_finite():
    loss = FrameCrossentropy()(np.array([[[1, 0]]]), np.array([[[-1e4, 1e4]]], "float32"))
    assert float(loss) == pytest.approx(2e4)
