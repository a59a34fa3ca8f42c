"""FeatureNormalization and RunningFeatureNormalization: against NumPy, and in pieces."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from seqsuite.layers import FeatureNormalization, RunningFeatureNormalization

FEATURES = np.random.default_rng(0).normal(-7.0, 3.0, (4, 9, 2)).astype("float32")
LENGTHS = np.array([9, 5, 1, 0])
REAL = np.arange(9) < LENGTHS[:, None]
SPOILED = np.where(REAL[:, :, None], FEATURES, np.nan).astype("float32")


def test_utterances_are_normalised_by_their_real_frames():
    found = np.array(FeatureNormalization()(SPOILED, lengths=LENGTHS))
    for row, length in enumerate(LENGTHS[:2]):
        real = FEATURES[row, :length].astype("float64")
        expected = (real - real.mean(axis=0)) / np.sqrt(real.var(axis=0) + 1e-5)
        np.testing.assert_allclose(found[row, :length], expected, atol=1e-5)
    assert not found[~REAL].any()
    assert not found[2:].any()  # one frame is its own mean; no frame has none


def test_center_and_scale_can_be_left_out():
    real = FEATURES[:1].astype("float64")
    mean, deviation = real.mean(axis=1), real.std(axis=1)
    centred = FeatureNormalization(scale=False)(FEATURES[:1])
    np.testing.assert_allclose(centred, real - mean, atol=1e-5)
    scaled = FeatureNormalization(center=False)(FEATURES[:1])
    np.testing.assert_allclose(scaled, real / deviation, rtol=1e-4)


def test_a_constant_feature_becomes_zero():
    constant = np.full((1, 60_000, 1), -20.794415, "float32")
    np.testing.assert_allclose(FeatureNormalization()(constant), 0, atol=1e-4)


def test_no_frames_at_all_are_allowed():
    for layer in (FeatureNormalization(), FeatureNormalization("global")):
        assert layer(np.zeros((2, 0, 3), "float32")).shape == (2, 0, 3)
    layer = RunningFeatureNormalization(return_state=True)
    outputs, *state = layer(np.zeros((2, 0, 3), "float32"))
    assert outputs.shape == (2, 0, 3)
    assert not any(np.any(part) for part in state)


@pytest.mark.parametrize("layer", [FeatureNormalization("global"), RunningFeatureNormalization()])
def test_batches_add_up_to_the_statistics_of_all_frames(layer):
    frames = FEATURES[REAL].astype("float64")
    layer.adapt(SPOILED[:1], LENGTHS[:1])
    layer.adapt(SPOILED[3:], LENGTHS[3:])  # without a frame
    layer.adapt(SPOILED[1:3], LENGTHS[1:3])
    np.testing.assert_allclose(layer.mean, frames.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(layer.variance, frames.var(axis=0), rtol=1e-5)


def test_global_statistics_normalise_everything():
    layer = FeatureNormalization("global")
    layer.set_statistics([1.0, 2.0], [4.0, 9.0])
    found = np.array(layer(SPOILED, lengths=LENGTHS))
    expected = (FEATURES - [1.0, 2.0]) / [2.0, 3.0]
    np.testing.assert_allclose(found[REAL], expected[REAL], rtol=1e-5)
    assert not found[~REAL].any()
    layer.adapt(FEATURES)  # begins anew
    np.testing.assert_allclose(layer.mean, FEATURES.mean(axis=(0, 1)), rtol=1e-5)


@pytest.mark.parametrize(
    "make", [lambda: FeatureNormalization("global"), RunningFeatureNormalization]
)
def test_statistics_are_saved_with_a_model(make, tmp_path):
    layer = make()
    layer.adapt(FEATURES)
    features = keras.Input((None, 2))
    model = keras.Model(features, layer(features))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(FEATURES), layer(FEATURES))
    assert np.abs(np.mean(again(FEATURES))) < 1  # of features about -7


def running_by_hand(row, mean, variance, prior_frames):
    """Of each frame and those before it, with the prior's frames in addition."""
    result = []
    for end in range(1, len(row) + 1):
        seen = ((row[:end] - mean) / np.sqrt(variance)).astype("float64")
        weight = prior_frames + end
        center = seen.sum(axis=0) / weight
        spread = (prior_frames + (seen**2).sum(axis=0)) / weight - center**2
        result.append((seen[-1] - center) / np.sqrt(spread))
    return np.array(result)


def running(**arguments):
    layer = RunningFeatureNormalization(prior_frames=3.0, return_state=True, **arguments)
    layer.set_statistics([-6.0, -8.0], [4.0, 9.0])
    return layer


def test_running_statistics_are_those_of_the_frames_so_far():
    found, *_ = running()(SPOILED, lengths=LENGTHS)
    expected = running_by_hand(FEATURES[0], np.array([-6.0, -8.0]), np.array([4.0, 9.0]), 3.0)
    np.testing.assert_allclose(found[0], expected, atol=1e-4)
    np.testing.assert_allclose(found[1, :5], running()(FEATURES[1:2, :5])[0][0], atol=1e-6)
    assert not np.array(found)[~REAL].any()


@pytest.mark.parametrize("cuts", [[0, 1, 1, 5], [2, 3, 8], []])
def test_a_stream_in_pieces_is_the_whole(cuts):
    layer = running()
    whole, *final = layer(FEATURES)
    state, parts = None, []
    for start, end in zip([0, *cuts], [*cuts, 9], strict=True):
        part, *state = layer(FEATURES[:, start:end], initial_state=state)
        parts.append(part)
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, atol=1e-6)
    for one, other in zip(state, final, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_padding_does_not_enter_the_state():
    _, *padded = running()(SPOILED, lengths=LENGTHS)
    _, *alone = running()(FEATURES[1:2, :5])
    for one, other in zip(padded, alone, strict=True):
        np.testing.assert_allclose(one[1], other[0], rtol=1e-6)
    np.testing.assert_array_equal(padded[0][:, 0], LENGTHS)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="mode='batch'"):
        FeatureNormalization("batch")
    with pytest.raises(ValueError, match="must be 'global' for statistics"):
        FeatureNormalization().adapt(FEATURES)
    with pytest.raises(ValueError, match="must be 'global' for statistics"):
        FeatureNormalization().set_statistics([0.0], [1.0])
    with pytest.raises(ValueError, match="vectors of the same size"):
        FeatureNormalization("global").set_statistics([0.0], [1.0, 1.0])
    with pytest.raises(ValueError, match="prior_frames=0"):
        RunningFeatureNormalization(prior_frames=0)
