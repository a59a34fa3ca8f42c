import numpy as np
import pytest
import scipy.fft

from tests.reference import audio


def test_a_thousand_hertz_are_a_thousand_mel():
    assert audio.mel(0) == 0
    assert audio.mel(1000) == pytest.approx(1000, abs=0.02)


def test_neighbouring_triangles_share_a_frequency_between_them():
    weights = [audio.mel_weight(1234.0, band, 6, 0.0, 4000.0) for band in range(6)]
    assert sum(weights) == pytest.approx(1)
    assert sum(weight > 0 for weight in weights) == 2


def test_a_tone_is_loudest_in_its_band_and_silence_is_the_floor():
    tone = np.sin(2 * np.pi * 1000 / 8000 * np.arange(400))
    features = audio.log_mel(tone, 8000, 10, 200, 80, 256)
    assert features.shape == (3, 10)
    loudest = np.argmax([audio.mel_weight(1000, band, 10, 20.0, 4000.0) for band in range(10)])
    assert (features.argmax(axis=1) == loudest).all()
    silence = audio.log_mel(np.full(200, 0.5), 8000, 10, 200, 80, 256)
    np.testing.assert_allclose(silence, -30 * np.log(2))


def test_white_noise_has_its_variance_as_power():
    noise = np.random.default_rng(0).normal(0, 0.1, 80_000)
    features = audio.log_mel(noise, 8000, 1, 200, 80, 256, preemphasis=0.0)
    hertz = np.arange(129) * 8000 / 256
    width = sum(audio.mel_weight(f, 0, 1, 20.0, 4000.0) for f in hertz)
    assert np.exp(features).mean() / width == pytest.approx(0.01, rel=0.05)


def test_the_cosine_transform_is_that_of_scipy():
    values = np.random.default_rng(0).normal(size=7)
    np.testing.assert_allclose(audio.cosine_transform(values), scipy.fft.dct(values, norm="ortho"))
