"""The coder against a coder of whole numbers without end, and against Shannon's bound."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

from seqsuite.tasks.char_lm.compression.arithmetic_coding import (
    ArithmeticDecoder,
    ArithmeticEncoder,
    quantized,
)

TOTAL = 1 << 24
RNG = np.random.default_rng


def reference_shares(row: np.ndarray) -> list[int]:
    """Shares of one row in exact arithmetic; they may differ by one from rounded arithmetic."""
    weights = [Fraction(float(p)) for p in row]
    sums = [sum(weights[:index], Fraction(0)) for index in range(len(row) + 1)]
    left = TOTAL - len(row)
    bounds = [index + int(s * left / sums[-1]) for index, s in enumerate(sums)]
    return [after - before for before, after in itertools.pairwise(bounds)]


class ReferenceEncoder:
    """One lane, with a `low` of as many digits as it takes: no words, no carries."""

    def __init__(self):
        self.low, self.width, self.words = 0, 2**64 - 1, 0

    def narrow(self, start: int, size: int, bits: int) -> None:
        unit = self.width >> bits
        self.low, self.width = self.low + start * unit, unit * size
        if self.width < 2**40:
            self.low, self.width, self.words = self.low << 24, self.width << 24, self.words + 1

    def holds(self, code: bytes) -> bool:
        """Whether the number that the code stands for lies in the interval."""
        scale = 64 + 24 * self.words
        number = Fraction(int.from_bytes(code, "big"), 256 ** len(code)) * 2**scale
        return self.low <= number < self.low + self.width


class ReferenceDecoder:
    """The way back, on the code as one number."""

    def __init__(self, code: bytes):
        self.code, self.known, self.width = code, 64, 2**64 - 1
        self.low = 0

    def offset(self) -> int:
        padded = self.code.ljust(self.known // 8, b"\0")[: self.known // 8]
        return int.from_bytes(padded, "big") - self.low

    def decode(self, bounds: list[int]) -> int:
        unit = self.width >> 24
        target = self.offset() // unit
        symbol = next(i for i in range(len(bounds) - 1) if bounds[i + 1] > target)
        self.low += bounds[symbol] * unit
        self.width = unit * (bounds[symbol + 1] - bounds[symbol])
        if self.width < 2**40:
            self.low, self.width, self.known = self.low << 24, self.width << 24, self.known + 24
        return symbol


def random_rows(seed: int, steps: int, lanes: int, symbols: int, concentration: float):
    """Probabilities (steps, lanes, symbols) and symbols (steps, lanes) drawn from them."""
    rng = RNG(seed)
    probabilities = rng.dirichlet(np.full(symbols, concentration), size=(steps, lanes))
    draws = rng.random((steps, lanes, 1))
    ids = (probabilities.cumsum(axis=2) < draws).sum(axis=2).clip(0, symbols - 1)
    return probabilities, ids.astype(np.int32)


def encoded(probabilities, ids) -> list[bytes]:
    encoder = ArithmeticEncoder(ids.shape[1])
    for row, chosen in zip(probabilities, ids, strict=True):
        encoder.encode(chosen, quantized(row))
    return encoder.finish()


def decoded(codes, probabilities) -> np.ndarray:
    decoder = ArithmeticDecoder(codes)
    return np.array([decoder.decode(quantized(row)) for row in probabilities])


def ideal_bits(probabilities, ids) -> np.ndarray:
    """Bits of each lane, ``-log2 p`` summed."""
    return -np.log2(np.take_along_axis(probabilities, ids[:, :, None], 2))[:, :, 0].sum(axis=0)


CASES = [(2, 1.0), (2, 0.01), (3, 30.0), (66, 0.1), (66, 5.0), (300, 0.01), (300, 1.0)]


@pytest.mark.parametrize(("symbols", "concentration"), CASES)
def test_codes_lie_in_the_interval_of_the_reference_and_decode(symbols, concentration):
    probabilities, ids = random_rows(symbols, 200, 5, symbols, concentration)
    codes = encoded(probabilities, ids)
    np.testing.assert_array_equal(decoded(codes, probabilities), ids)
    cumulative = [quantized(row) for row in probabilities]
    for lane, code in enumerate(codes):
        reference, decoder = ReferenceEncoder(), ReferenceDecoder(code)
        for bounds, chosen in zip(cumulative, ids[:, lane], strict=True):
            row = bounds[lane].tolist()
            reference.narrow(row[chosen], row[chosen + 1] - row[chosen], 24)
            assert decoder.decode(row) == chosen
        assert reference.holds(code)
        # Not one byte more than it takes, and no zeros at the end.
        assert not code or (code[-1] and not reference.holds(code[:-1]))


@pytest.mark.parametrize(("symbols", "concentration"), CASES)
def test_codes_are_within_a_thousandth_of_ideal(symbols, concentration):
    probabilities, ids = random_rows(symbols, 3000, 4, symbols, concentration)
    sizes = np.array([8 * len(code) for code in encoded(probabilities, ids)])
    ideal = ideal_bits(probabilities, ids)
    assert (sizes <= 1.001 * ideal + 16).all()
    # It cannot be shorter either, but for events rarer than the coder's rarest.
    assert (sizes >= 0.999 * ideal - 16).all()


@pytest.mark.parametrize("likely", [1 - 1e-9, 1.0])
def test_what_is_certain_costs_next_to_nothing_and_the_impossible_24_bits(likely):
    row = np.array([[likely, 1 - likely]])
    ids = np.zeros((4000, 1), np.int32)
    assert len(encoded([row] * len(ids), ids)[0]) <= 1
    ids[::200] = 1
    codes = encoded([row] * len(ids), ids)
    assert 20 * 3 - 2 <= len(codes[0]) <= 20 * 3 + 2
    np.testing.assert_array_equal(decoded(codes, [row] * len(ids)), ids)


@pytest.mark.parametrize("position", [0, 1, 2])
def test_what_lies_at_the_end_of_the_interval_decodes(position):
    # Always the last symbol: ``low`` stays close below the end of the interval, words are full.
    row = np.array([[0.25, 0.25, 0.5]])
    ids = np.full((400, 1), 2, np.int32)
    ids[-1] = position
    codes = encoded([row] * len(ids), ids)
    np.testing.assert_array_equal(decoded(codes, [row] * len(ids)), ids)


def test_a_carry_runs_through_words_that_are_full():
    encoder = ArithmeticEncoder(1)
    # By hand: words 0, ffffff, ffffff and a carry into the last one are the number 1, 0, 0.
    encoder._words[0, :3] = [0, 2**24 - 1, 2**24]
    encoder._num_words[0] = 3
    encoder._low[0], encoder._width[0] = 5 << 56, 1 << 56
    assert encoder.finish() == [bytes([0, 0, 1, 0, 0, 0, 0, 0, 0, 5])]


def test_lanes_end_early_and_numbers_stand_between_symbols():
    steps, lanes = 60, 7
    probabilities, ids = random_rows(3, steps, lanes, 9, 0.3)
    lengths = RNG(4).integers(0, steps + 1, lanes)
    numbers = RNG(5).integers(0, 1 << 21, (steps, lanes))
    escaped = (RNG(6).random((steps, lanes)) < 0.1) & (np.arange(steps)[:, None] < lengths)
    encoder = ArithmeticEncoder(lanes)
    for step in range(steps):
        encoder.encode(ids[step], quantized(probabilities[step]), step < lengths)
        encoder.encode_uniform(numbers[step], 21, escaped[step])
    codes = encoder.finish()
    decoder = ArithmeticDecoder(codes)
    for step in range(steps):
        active = step < lengths
        found = decoder.decode(quantized(probabilities[step]), active)
        np.testing.assert_array_equal(found, np.where(active, ids[step], 0))
        found = decoder.decode_uniform(21, escaped[step])
        np.testing.assert_array_equal(found, np.where(escaped[step], numbers[step], 0))
    # A lane's code is the one that it has alone.
    for lane in range(lanes):
        alone = ArithmeticEncoder(1)
        for step in range(lengths[lane]):
            alone.encode(ids[step, [lane]], quantized(probabilities[step, [lane]]))
            alone.encode_uniform(numbers[step, [lane]], 21, escaped[step, [lane]])
        assert alone.finish() == [codes[lane]]


@pytest.mark.parametrize("bits", [0, 1, 8, 21, 24])
def test_uniform_numbers_cost_their_bits(bits):
    numbers = RNG(bits).integers(0, 1 << bits, (500, 3))
    encoder = ArithmeticEncoder(3)
    for row in numbers:
        encoder.encode_uniform(row, bits)
    codes = encoder.finish()
    assert max(map(len, codes)) <= 500 * bits / 8 + 2
    decoder = ArithmeticDecoder(codes)
    np.testing.assert_array_equal([decoder.decode_uniform(bits) for _ in numbers], numbers)


def test_nothing_and_a_single_symbol():
    assert ArithmeticEncoder(0).finish() == []
    assert ArithmeticEncoder(2).finish() == [b"", b""]
    only = np.ones((2, 1))
    ids = np.zeros((1000, 2), np.int32)
    codes = encoded([only] * 1000, ids)
    assert codes == [b"", b""]
    np.testing.assert_array_equal(decoded(codes, [only] * 1000), ids)
    assert len(ArithmeticDecoder([]).decode(quantized(np.ones((0, 3))))) == 0


def test_foreign_bytes_decode_to_something():
    rng = RNG(7)
    probabilities, _ = random_rows(7, 300, 6, 20, 0.05)
    codes = [b"", b"\xff" * 40, b"\0" * 9, *(rng.bytes(size) for size in (1, 7, 100))]
    ids = decoded(codes, probabilities)
    assert ids.min() >= 0
    assert ids.max() < 20


@pytest.mark.full(default=5)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(("symbols", "concentration"), CASES)
def test_shares_are_those_of_exact_arithmetic(symbols, concentration, dtype):
    rows = random_rows(1, 1, 6, symbols, concentration)[0][0].astype(dtype)
    cumulative = quantized(rows)
    shares = np.diff(cumulative)
    assert cumulative.dtype == np.int32
    assert (cumulative[:, 0] == 0).all()
    assert (cumulative[:, -1] == TOTAL).all()
    assert shares.min() >= 1
    expected = [reference_shares(row) for row in rows]
    # A bound moves by one at most, and by the rounding of weights to 2**-38.
    assert np.abs(shares - expected).max() <= 2


@pytest.mark.parametrize(("symbols", "concentration"), CASES)
def test_quantising_costs_next_to_nothing(symbols, concentration):
    rows = random_rows(2, 1, 50, symbols, concentration)[0][0]
    shares = np.diff(quantized(rows)) / TOTAL
    logarithms = np.log2(np.maximum(rows, 1e-300))
    entropy = -(rows * logarithms).sum(axis=1)
    cost = (rows * (logarithms - np.log2(shares))).sum(axis=1)
    assert (cost <= 1.5 * symbols / TOTAL).all()
    assert cost.mean() <= 0.001 * entropy.mean()


def test_a_row_is_quantised_as_if_it_were_alone_however_it_lies_in_memory():
    rows = random_rows(8, 1, 33, 67, 0.2)[0][0].astype(np.float32)
    together = quantized(rows)
    for index in range(len(rows)):
        np.testing.assert_array_equal(quantized(rows[index : index + 1])[0], together[index])
    np.testing.assert_array_equal(quantized(np.asfortranarray(rows)), together)
    np.testing.assert_array_equal(quantized(rows[::-1])[::-1], together)


@pytest.mark.parametrize(
    "rows",
    [
        [[0.5, 0.4]],
        [[1.5, -0.5]],
        [[np.nan, 1.0]],
        [[np.inf, 0.0]],
        [[0.0, 0.0]],
        [[0.5, 0.5], [3.0, -1.0]],
        [0.5, 0.5],
        np.ones((2, 0)),
    ],
)
def test_what_is_no_probability_is_refused(rows):
    with pytest.raises(ValueError, match="Argument `probabilities` must"):
        quantized(np.array(rows))


def test_numbers_of_too_many_bits_are_refused():
    with pytest.raises(ValueError, match="Argument `bits` must"):
        ArithmeticEncoder(1).encode_uniform(np.zeros(1, int), 25)
    with pytest.raises(ValueError, match="Argument `bits` must"):
        ArithmeticDecoder([b""]).decode_uniform(-1)
