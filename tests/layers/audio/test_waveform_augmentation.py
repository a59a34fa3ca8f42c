"""WaveformAugmentation: speeds, levels and noises are what was asked for."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.layers import WaveformAugmentation

RATE = 8000
LENGTHS = np.array([1600, 801, 1, 0], "int32")
RANDOM = np.random.default_rng(0).uniform(-0.3, 0.3, (4, 1600)).astype("float32")
REAL = np.arange(1600) < LENGTHS[:, None]
SPOILED = np.where(REAL, RANDOM, np.nan).astype("float32")
NOTHING = {"speed_range": None, "gain_decibels": None, "noise_decibels": None, "probability": 1.0}


def augment(samples, lengths=None, **arguments):
    layer = WaveformAugmentation(**{**NOTHING, "seed": 1, **arguments})
    return tuple(np.array(part) for part in layer(samples, lengths=lengths, training=True))


def tone(hertz, count):
    return np.sin(2 * np.pi * hertz * np.arange(count) / RATE)


@pytest.mark.parametrize("speed", [0.8, 0.9, 0.97, 1.03, 1.1, 2.0])
def test_a_tone_is_shorter_and_higher_by_the_speed(speed):
    hertz = 0.75 * RATE / 2 / max(speed, 1.0)
    samples = np.stack([0.5 * tone(hertz, 1600), 0.5 * tone(hertz, 1600)]).astype("float32")
    found, lengths = augment(samples, [1600, 1000], speed_range=(speed, speed))
    percent = round(100 * speed)
    assert lengths.tolist() == [-(-1600 * 100 // percent), -(-1000 * 100 // percent)]
    assert found.shape == (2, lengths[0])
    expected = 0.5 * tone(hertz * speed, lengths[0])
    for row, length in zip(found, lengths, strict=True):
        inner = slice(40, length - 40)  # the ends hear the silence beyond
        np.testing.assert_allclose(row[inner], expected[inner], atol=1e-3)
        assert not row[length:].any()


def test_faster_speech_does_not_fold():
    samples = 0.5 * tone(3900, 1600)[None].astype("float32")  # would be 5850 hertz
    found, _ = augment(samples, speed_range=(1.5, 1.5))
    assert np.abs(found[0, 40:-40]).max() < 2e-3


def test_speeds_are_drawn_for_each_row_from_the_whole_range():
    samples = np.zeros((300, 600), "float32")
    _, lengths = augment(samples, speed_range=(0.9, 1.1))
    assert set(lengths) == {-(-600 * 100 // percent) for percent in range(90, 111)}


def test_gains_stay_in_their_range():
    found, lengths = augment(SPOILED, LENGTHS, gain_decibels=(-12.0, 6.0))
    np.testing.assert_array_equal(lengths, LENGTHS)
    for row in range(3):
        gains = found[row, : lengths[row]] / RANDOM[row, : lengths[row]]
        np.testing.assert_allclose(gains, gains[0], rtol=1e-4)
        assert 10 ** (-12 / 20) <= gains[0] <= 10 ** (6 / 20)
    assert not found[~REAL].any()
    assert len({*(found[:2, 0] / RANDOM[:2, 0])}) == 2


def test_what_is_too_loud_is_clipped():
    found, _ = augment(RANDOM, gain_decibels=(40.0, 40.0))
    np.testing.assert_allclose(found, np.clip(100 * RANDOM, -1, 1), rtol=1e-5)


@pytest.mark.parametrize("ratio", [0.0, 20.0])
def test_noise_has_the_power_that_was_asked_for_and_no_colour(ratio):
    found, _ = augment(SPOILED, LENGTHS, noise_decibels=(ratio, ratio))
    noise = (found - RANDOM)[:2]
    for row in range(2):
        length = LENGTHS[row]
        heard = noise[row, :length].astype("float64")
        power = np.mean(RANDOM[row, :length].astype("float64") ** 2) / 10 ** (ratio / 10)
        # Five standard deviations of the mean of squares.
        assert np.mean(heard**2) == pytest.approx(power, rel=5 * np.sqrt(2 / length))
        neighbours = np.mean(heard[1:] * heard[:-1]) / power
        assert abs(neighbours) < 5 / np.sqrt(length)
    assert not found[~REAL].any()
    assert not np.allclose(noise[0, :801], noise[1, :801], atol=1e-4)


def test_silence_stays_silent():
    found, _ = augment(np.zeros((2, 500), "float32"), noise_decibels=(-20.0, 0.0))
    assert not found.any()


def test_each_change_is_left_out_by_chance():
    samples = np.full((400, 50), 0.1, "float32")
    found, lengths = augment(
        samples,
        speed_range=(0.8, 0.8),
        gain_decibels=(3.0, 3.0),
        probability=0.25,
    )
    slower, louder = lengths > 50, found[:, 25] > 0.12
    spread = 5 * np.sqrt(0.25 * 0.75 / 400)
    assert slower.mean() == pytest.approx(0.25, abs=spread)
    assert louder.mean() == pytest.approx(0.25, abs=spread)
    assert (slower & louder).mean() == pytest.approx(0.0625, abs=spread)
    neither = ~slower & ~louder
    np.testing.assert_array_equal(found[neither][:, :50], samples[neither])


def test_nothing_happens_outside_training():
    samples, lengths = WaveformAugmentation(probability=1.0)(RANDOM, lengths=LENGTHS)
    np.testing.assert_array_equal(samples, RANDOM)
    np.testing.assert_array_equal(lengths, LENGTHS)
    assert WaveformAugmentation()(RANDOM)[1].numpy().tolist() == [1600] * 4


def test_a_seed_gives_the_same_changes():
    one, other = (
        augment(RANDOM, LENGTHS, speed_range=(0.9, 1.1), noise_decibels=(0.0, 9.0))
        for _ in range(2)
    )
    np.testing.assert_array_equal(one[0], other[0])


def test_one_graph_takes_any_number_of_samples_even_none():
    layer = WaveformAugmentation(probability=1.0)
    function = tf.function(
        lambda samples: layer(samples, training=True),
        input_signature=[tf.TensorSpec([None, None])],
        autograph=False,
    )
    for shape in ((2, 0), (0, 5), (3, 1), (2, 333)):
        samples, lengths = function(tf.ones(shape))
        assert samples.shape == (shape[0], max([*lengths.numpy(), 0]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"speed_range": (0.0, 1.0)}, "at least 0.1"),
        ({"speed_range": (1.1, 0.9)}, "speed_range"),
        ({"gain_decibels": (1.0,)}, "gain_decibels"),
        ({"noise_decibels": (3.0, 2.0)}, "noise_decibels"),
        ({"probability": 1.5}, "probability=1.5"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        WaveformAugmentation(**arguments)
