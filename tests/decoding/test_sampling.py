"""Sampling: uniform numbers, filters of logits and draws, against NumPy and exact probabilities."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from seqsuite.decoding import filtered_logits, numpy_uniform, sample, uniform
from seqsuite.decoding.sampling import EXCLUDED
from tests.reference import sampling

EXTREME_INTEGERS = [0, 1, -1, 2, 2**31 - 1, -(2**31), 2**16, 12345]


def as_numpy(function, *arguments):
    return np.asarray(function(*arguments))


# Uniform numbers


def test_numpy_and_tensorflow_draw_the_same_bits():
    generator = np.random.default_rng(0)
    seed, position = generator.integers(-(2**31), 2**31, size=(2, 1_000_000)).astype("int32")
    expected = numpy_uniform(seed, position)
    assert expected.dtype == np.float32
    np.testing.assert_array_equal(as_numpy(uniform, seed, position), expected)
    np.testing.assert_array_equal(as_numpy(tf.function(uniform), seed, position), expected)


def test_numbers_are_those_of_unbounded_integers():
    pairs = list(itertools.product(EXTREME_INTEGERS, EXTREME_INTEGERS))
    expected = [sampling.uniform_number(*pair) for pair in pairs]
    seed, position = np.array(pairs, "int32").T
    assert numpy_uniform(seed, position).tolist() == expected
    assert as_numpy(uniform, seed, position).tolist() == expected


def test_a_seed_counts_by_its_low_32_bits():
    assert numpy_uniform(-1, 5) == numpy_uniform(2**32 - 1, 5)
    assert numpy_uniform(7, 5) == numpy_uniform(7 + 2**32, 5)


def test_numbers_have_24_bits_and_stay_below_1():
    numbers = numpy_uniform(3, np.arange(1_000_000))
    assert numbers.min() >= 0
    assert numbers.max() < 1
    scaled = numbers.astype("float64") * 2**24
    np.testing.assert_array_equal(scaled, np.round(scaled))


def test_a_row_does_not_depend_on_its_batch():
    seed, position = np.array([5, -3, 9], "int32"), np.array([2, 0, 4], "int32")
    together = as_numpy(uniform, seed, position)
    alone = [as_numpy(uniform, seed[i : i + 1], position[i])[0] for i in range(3)]
    assert together.tolist() == alone
    assert as_numpy(uniform, seed[:0], 3).shape == (0,)


COUNT = 2**18
SERIES = {
    "positions": (77, np.arange(COUNT)),
    "late positions": (77, 10**9 + np.arange(COUNT)),
    "seeds": (np.arange(COUNT), 0),
    "negative seeds": (-np.arange(COUNT), 3),
    "multiples of a power of two": (np.arange(COUNT) * 4096, 1),
    "seeds and positions": (np.repeat(np.arange(512), 512), np.tile(np.arange(512), 512)),
    "seed falls as position rises": (-np.arange(COUNT), np.arange(COUNT)),
}


@pytest.mark.parametrize("name", SERIES)
def test_series_pass_for_independent_uniform_numbers(name):
    """All within 5 standard deviations of what independent numbers would give."""
    numbers = numpy_uniform(*SERIES[name]).astype("float64")
    centred = (numbers - 0.5) * np.sqrt(12)  # mean 0, variance 1
    assert abs(centred.mean()) < 5 / np.sqrt(COUNT)
    # The fourth moment of a uniform number of variance 1 is 9/5.
    assert abs(np.mean(centred**2) - 1) < 5 * np.sqrt(0.8 / COUNT)
    for lag in (1, 2, 3, 16, 512):
        correlation = np.mean(centred[lag:] * centred[:-lag])
        assert abs(correlation) < 5 / np.sqrt(COUNT - lag), f"lag {lag}"
    assert_even(np.floor(numbers * 1000), 1000)
    assert_even(np.floor(numbers * 2**24) % 256, 256)
    pairs = np.floor(numbers[0::2] * 32) * 32 + np.floor(numbers[1::2] * 32)
    assert_even(pairs, 32 * 32)


def assert_even(bins: np.ndarray, num_bins: int) -> None:
    """Chi-square: its mean is the degrees of freedom, its variance twice that."""
    expected = len(bins) / num_bins
    chi_square = np.sum((np.bincount(bins.astype(int), minlength=num_bins) - expected) ** 2)
    freedom = num_bins - 1
    assert abs(chi_square / expected - freedom) < 5 * np.sqrt(2 * freedom)


@pytest.mark.parametrize("which", ["seed", "position"])
def test_each_input_bit_flips_each_output_bit_half_the_time(which):
    count = 20_000
    seed, position = np.arange(count) - count // 2, np.arange(count) % 997
    before = (numpy_uniform(seed, position) * 2**24).astype("int64")
    for bit in range(32):
        flipped = {"seed": seed, "position": position}
        flipped[which] = flipped[which] ^ (1 << bit)
        after = (numpy_uniform(**flipped) * 2**24).astype("int64")
        odds = [np.mean((before ^ after) >> output & 1) for output in range(24)]
        np.testing.assert_allclose(odds, 0.5, atol=5 * 0.5 / np.sqrt(count))


def test_neighbouring_seeds_do_not_share_their_numbers():
    numbers = np.stack([numpy_uniform(seed, np.arange(1000)) for seed in range(200)])
    correlations = np.corrcoef(numbers) - np.eye(200)
    assert np.abs(correlations).max() < 5.5 / np.sqrt(1000)
    # In another order neither: 200,000 of 2 ** 24 values meet by chance some 1,200 times.
    coincidences = numbers.size - len(np.unique(numbers))
    chance = numbers.size**2 / 2 / 2**24
    assert abs(coincidences - chance) < 5 * np.sqrt(chance)


# Filters

SETTINGS = [
    (1.0, 0, 1.0), (0.0, 0, 1.0), (0.7, 3, 1.0), (1.0, 0, 0.5), (2.5, 4, 0.8),
    (1.0, 1, 1.0), (1.0, 100, 1.0), (0.3, 0, 0.95), (1.0, 0, 0.0), (0.0, 5, 0.3),
]  # fmt: skip


def columns(settings):
    temperature, top_k, top_p = zip(*settings, strict=True)
    return (
        np.array(temperature, "float32"),
        np.array(top_k, "int32"),
        np.array(top_p, "float32"),
    )


def random_logits(rows: int, vocabulary: int, ties: bool) -> np.ndarray:
    logits = np.random.default_rng(rows + vocabulary).normal(size=(rows, vocabulary)) * 2
    return (np.round(logits) if ties else logits).astype("float32")


def kept(logits) -> np.ndarray:
    return np.asarray(logits) > EXCLUDED


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("vocabulary", [1, 2, 7, 40])
def test_filters_agree_with_the_reference_for_mixed_settings_in_one_batch(vocabulary, ties):
    settings = SETTINGS * 20
    logits = random_logits(len(settings), vocabulary, ties)
    found = as_numpy(filtered_logits, logits, *columns(settings))
    assert found.dtype == np.float32
    assert np.all((found == EXCLUDED) | (found >= EXCLUDED / 2))
    softmax = np.exp(found.astype("float64"))
    softmax /= softmax.sum(axis=1, keepdims=True)
    for row, setting in enumerate(settings):
        expected = sampling.kept_ids(logits[row], *setting)
        assert np.flatnonzero(kept(found[row])).tolist() == sorted(expected), setting
        exact = sampling.probabilities(logits[row], *setting)
        np.testing.assert_allclose(softmax[row], exact, atol=1e-6)
    np.testing.assert_array_equal(found.max(axis=1), 0.0)


def test_filters_are_the_same_in_a_graph_of_unknown_batch():
    logits = random_logits(len(SETTINGS), 9, ties=True)
    eager = as_numpy(filtered_logits, logits, *columns(SETTINGS))
    kinds = [("float32", (None, 9)), *((d, (None,)) for d in ("float32", "int32", "float32"))]
    signature = [tf.TensorSpec(shape, dtype) for dtype, shape in kinds]
    graph = tf.function(filtered_logits, input_signature=signature)
    np.testing.assert_array_equal(as_numpy(graph, logits, *columns(SETTINGS)), eager)


def test_a_row_alone_is_filtered_as_in_a_batch():
    logits = random_logits(len(SETTINGS), 5000, ties=False)
    together = as_numpy(filtered_logits, logits, *columns(SETTINGS))
    for row, setting in enumerate(SETTINGS):
        alone = as_numpy(filtered_logits, logits[row : row + 1], *columns([setting]))
        np.testing.assert_array_equal(alone[0], together[row])


def test_settings_may_be_scalars():
    logits = random_logits(4, 6, ties=False)
    expected = as_numpy(filtered_logits, logits, *columns([(0.5, 3, 0.9)] * 4))
    np.testing.assert_array_equal(as_numpy(filtered_logits, logits, 0.5, 3, 0.9), expected)


def test_equal_logits_stay_in_the_order_of_their_ids():
    logits = np.array([[1.0, 2.0, 2.0, 1.0, 2.0, 1.0]], "float32")
    assert np.flatnonzero(kept(filtered_logits(logits, 0.0))).tolist() == [1]
    assert np.flatnonzero(kept(filtered_logits(logits, 1.0, 2))).tolist() == [1, 2]
    assert np.flatnonzero(kept(filtered_logits(logits, 1.0, 4))).tolist() == [0, 1, 2, 4]


@pytest.mark.parametrize(("top_p", "count"), [(0.1, 1), (0.3, 3), (0.7, 7), (0.75, 8), (1.0, 10)])
def test_a_nucleus_of_equal_symbols_has_the_size_that_reaches_p(top_p, count):
    found = kept(filtered_logits(np.zeros((1, 10), "float32"), 1.0, 0, top_p))
    assert np.flatnonzero(found).tolist() == list(range(count))


def test_a_temperature_near_0_is_greedy_and_a_huge_one_is_even():
    logits = np.array([[0.0, 3.0, 1.0]], "float32")
    cold = np.exp(as_numpy(filtered_logits, logits, 1e-30))
    np.testing.assert_array_equal(cold, [[0.0, 1.0, 0.0]])
    for temperature in (1e30, np.inf):
        hot = np.exp(as_numpy(filtered_logits, logits, temperature))
        np.testing.assert_allclose(hot, [[1.0, 1.0, 1.0]], atol=1e-6)


INFINITY, NAN, HUGE = np.inf, np.nan, 3e38
EXTREME_LOGITS = {
    "infinite": ([INFINITY, 0.0, -INFINITY], [0]),
    "several infinite": ([0.0, INFINITY, INFINITY], [1, 2]),
    "huge": ([-HUGE, HUGE, 0.0], [1]),
    "minus infinity": ([-INFINITY, 0.0, -1.0], [1, 2]),
    "forbidden": ([0.0, -1e9, -1.0], [0, 2]),
    "not a number": ([NAN, 0.0, -1.0], [1, 2]),
    "nothing allowed": ([-INFINITY, -INFINITY, NAN], [0, 1, 2]),
    "equal": ([5.0, 5.0, 5.0], [0, 1, 2]),
}


@pytest.mark.parametrize("name", EXTREME_LOGITS)
def test_extreme_logits_give_numbers_and_ids_that_may_be_drawn(name):
    logits, allowed = EXTREME_LOGITS[name]
    found = as_numpy(filtered_logits, np.array([logits], "float32"))
    assert np.flatnonzero(kept(found[0])).tolist() == allowed
    extremes = itertools.product((0.0, 1e-45, 1e-30, 1.0, 1e38), (0, 1, 2**31 - 1), (0.0, 0.5, 1.0))
    settings = list(extremes)
    rows = np.array([logits] * len(settings), "float32")
    found = as_numpy(filtered_logits, rows, *columns(settings))
    assert np.all((found == EXCLUDED) | ((found >= EXCLUDED / 2) & (found <= 0)))
    assert np.all(kept(found).any(axis=1))
    assert set(np.flatnonzero(kept(found).any(axis=0))) <= set(allowed)
    for number in (0.0, 0.5, 1 - 2.0**-24):
        drawn = as_numpy(sample, found, np.full(len(settings), number, "float32"))
        assert np.all(kept(found)[np.arange(len(settings)), drawn])


# Draws


def test_draws_divide_the_unit_interval_by_the_probabilities():
    """Of evenly spaced numbers each symbol gets its share, exact to one number at either end."""
    count = 4096
    numbers = np.arange(count, dtype="float32") / count
    for setting in SETTINGS:
        logits = random_logits(1, 7, ties=False)
        found = filtered_logits(np.repeat(logits, count, axis=0), *setting)
        drawn = as_numpy(sample, found, numbers)
        assert drawn.dtype == np.int32
        assert np.all(np.diff(drawn) >= 0)
        share = np.bincount(drawn, minlength=7) / count
        exact = sampling.probabilities(logits[0], *setting)
        np.testing.assert_allclose(share, exact, atol=1.01 / count)


def test_frequencies_of_draws_are_the_probabilities():
    """Each within 5 standard deviations of a binomial count."""
    count = 200_000
    logits = random_logits(1, 5, ties=False)
    exact = sampling.probabilities(logits[0], 1.3, 4, 0.97)
    found = ops.repeat(filtered_logits(logits, 1.3, 4, 0.97), count, axis=0)
    drawn = as_numpy(sample, found, numpy_uniform(2024, np.arange(count)))
    share = np.bincount(drawn, minlength=5) / count
    assert np.all(np.abs(share - exact) <= 5 * np.sqrt(exact * (1 - exact) / count))


@pytest.mark.parametrize("number", [0.0, 2.0**-24, 0.5, 1 - 2.0**-24, np.nextafter(1, 0), 1.0])
@pytest.mark.parametrize("vocabulary", [5, 5000])
def test_an_excluded_symbol_is_never_drawn(number, vocabulary):
    for only in (1, vocabulary - 2):
        logits = np.full((1, vocabulary), EXCLUDED, "float32")
        logits[0, only] = -50.0
        assert as_numpy(sample, logits, [number]).tolist() == [only]
    likely = random_logits(1, vocabulary, ties=False)
    likely[:, [0, -1]] = -np.inf
    assert 0 < as_numpy(sample, likely, [number])[0] < vocabulary - 1


def test_the_least_number_does_not_draw_what_is_next_to_impossible():
    assert as_numpy(sample, np.array([[-40.0, 0.0]], "float32"), [0.0]).tolist() == [1]


def test_a_row_alone_draws_as_in_a_batch():
    logits, numbers = random_logits(50, 3000, ties=False), numpy_uniform(1, np.arange(50))
    together = as_numpy(sample, logits, numbers)
    alone = [as_numpy(sample, logits[i : i + 1], numbers[i : i + 1])[0] for i in range(50)]
    assert together.tolist() == alone


def test_a_batch_of_no_rows_has_no_draws():
    empty = np.zeros((0, 4), "float32")
    settings = [np.zeros(0, dtype) for dtype in ("float32", "int32", "float32")]
    found = filtered_logits(empty, *settings)
    assert found.shape == (0, 4)
    assert as_numpy(sample, found, np.zeros(0, "float32")).shape == (0,)


def test_logits_of_half_precision_are_computed_in_float32():
    logits = random_logits(3, 6, ties=False).astype("float16")
    found = as_numpy(filtered_logits, logits, 0.9, 4)
    np.testing.assert_array_equal(found, filtered_logits(logits.astype("float32"), 0.9, 4))


@pytest.mark.parametrize(
    ("limits", "named"),
    [({"top_p": -0.1}, "top_p"), ({"top_p": 1.5}, "top_p"), ({"top_k": -1}, "top_k")],
)
def test_limits_that_cannot_be_are_refused(limits, named):
    settings = {"temperature": 1.0, "top_k": 0, "top_p": 1.0} | limits
    with pytest.raises(ValueError, match=f"`{named}` must be"):
        filtered_logits(np.zeros((1, 3), "float32"), **settings)
