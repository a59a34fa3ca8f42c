"""SpecAugment: where its masks lie, how wide they are, and what they hold."""

from __future__ import annotations

import numpy as np
import pytest

from seqsuite.layers import SpecAugment

# No feature is 0, so zeros are masks.
FEATURES = np.random.default_rng(0).uniform(1.0, 2.0, (300, 30, 8)).astype("float32")
LENGTHS = np.random.default_rng(1).integers(0, 31, 300)


def masked(lengths=None, **arguments):
    """What is masked, ``(rows, time, features)``."""
    settings = {"num_time_masks": 0, "num_frequency_masks": 0, "max_frequency_mask": 3, "seed": 1}
    layer = SpecAugment(**{**settings, **arguments})
    return np.array(layer(FEATURES, lengths=lengths, training=True)) == 0


def test_a_span_of_time_lies_within_the_real_frames_and_within_its_limits():
    found = masked(LENGTHS, num_time_masks=1, max_time_mask=6, max_time_share=0.5)
    spans = found.any(axis=2)
    np.testing.assert_array_equal(found, np.broadcast_to(spans[:, :, None], found.shape))
    assert not (spans & (np.arange(30) >= LENGTHS[:, None])).any()
    widths = spans.sum(axis=1)
    assert (widths <= np.minimum(6, LENGTHS // 2)).all()
    assert set(widths[LENGTHS >= 12]) == set(range(7))
    edges = np.abs(np.diff(np.pad(spans, [(0, 0), (1, 1)]).astype(int))).sum(axis=1)
    assert set(edges) == {0, 2}  # in one piece
    whole = LENGTHS == 30
    assert spans[whole | (LENGTHS > 20)].any(axis=0)[:20].all()  # anywhere


def test_a_band_of_frequencies_covers_all_real_frames_and_no_other():
    found = masked(LENGTHS, num_frequency_masks=1)
    real = np.arange(30) < LENGTHS[:, None]
    bands = found.any(axis=1)
    np.testing.assert_array_equal(found, bands[:, None, :] & real[:, :, None])
    assert set(bands[LENGTHS > 0].sum(axis=1)) == {0, 1, 2, 3}
    assert bands.any(axis=0).all()


def test_every_width_is_equally_likely():
    widths = masked(num_frequency_masks=1).any(axis=1).sum(axis=1)
    shares = np.bincount(widths) / len(widths)
    np.testing.assert_allclose(shares, 0.25, atol=4 * np.sqrt(0.25 * 0.75 / len(widths)))


def test_several_masks_are_drawn_each_on_its_own():
    spans = masked(num_time_masks=4, max_time_mask=3, max_time_share=1.0).any(axis=2)
    edges = np.abs(np.diff(np.pad(spans, [(0, 0), (1, 1)]).astype(int))).sum(axis=1)
    assert edges.max() == 8
    assert spans.sum(axis=1).max() > 6


def test_the_mean_of_real_frames_can_fill_the_masks():
    layer = SpecAugment(num_time_masks=0, num_frequency_masks=1, max_frequency_mask=3, fill="mean")
    spoiled = np.where(np.arange(30)[:, None] < LENGTHS[:, None, None], FEATURES, np.nan)
    found = np.array(layer(spoiled.astype("float32"), lengths=LENGTHS, training=True))
    changed = 0
    for row, length in enumerate(LENGTHS[:100]):
        for feature in range(8 if length > 1 else 0):
            before, after = FEATURES[row, :length, feature], found[row, :length, feature]
            if (before != after).any():
                np.testing.assert_allclose(after, before.mean(), rtol=1e-5)
                changed += 1
    assert changed > 50


def test_nothing_happens_outside_training():
    np.testing.assert_array_equal(SpecAugment(max_frequency_mask=3)(FEATURES), FEATURES)


def test_a_seed_gives_the_same_masks():
    one, other = (masked(num_time_masks=2, num_frequency_masks=2) for _ in range(2))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_time_masks": -1}, "num_time_masks=-1"),
        ({"max_time_share": 1.5}, "max_time_share=1.5"),
        ({"fill": "noise"}, "fill='noise'"),
        ({"max_frequency_mask": 9}, "must be at most 8"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        SpecAugment(**arguments)(FEATURES)
