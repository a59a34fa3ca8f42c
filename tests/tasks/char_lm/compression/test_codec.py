"""Compression is lossless for any bytes, as small as the model allows; errors are one line."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib

import numpy as np
import pytest

from seqsuite.errors import UserError
from seqsuite.tasks.char_lm.compression import codec
from seqsuite.tasks.char_lm.compression.codec import (
    compress,
    compress_measured,
    decompress,
    standard_sizes,
)
from seqsuite.tasks.char_lm.compression.container import MAGIC, VERSION, Contents, pack, unpack

ALPHABET = "\n\r abcdefghijklmnopqrstuvwxyz.,ABTW"
TEXT = ("What one man can invent, another can discover.\r\nBut not at once.\n" * 40).lower()


class FixedModel:
    """The same probabilities whatever has been read."""

    def __init__(self, probabilities=None, symbols=None, byte_level=False, fingerprint="f1" * 32):
        self.symbols = [-1, *map(ord, ALPHABET)] if symbols is None else symbols
        size = len(self.symbols)
        self.probabilities = np.full(size, 1 / size) if probabilities is None else probabilities
        self.unknown_id, self.byte_level, self.fingerprint = 0, byte_level, fingerprint

    def start(self, lanes):
        return np.tile(self.probabilities, (lanes, 1))

    def advance(self, ids):
        assert ids.dtype == np.int32
        return self.start(len(ids))


class CountModel(FixedModel):
    """Adaptive: what has followed the last symbol in this lane, counted from a twentieth."""

    def start(self, lanes):
        size = len(self.symbols)
        self.counts = np.full((lanes, size, size), 0.05)
        self.last = np.zeros(lanes, np.int32)
        return self._predict()

    def advance(self, ids):
        self.counts[np.arange(len(ids)), self.last, ids] += 1
        self.last = ids.copy()
        return self._predict()

    def _predict(self):
        rows = self.counts[np.arange(len(self.last)), self.last].astype(np.float32)
        return rows / rows.sum(axis=1, keepdims=True)


def byte_model(**arguments) -> FixedModel:
    return CountModel(symbols=[-1, *range(256)], byte_level=True, **arguments)


BYTES = {
    "empty": b"",
    "one character": b"a",
    "one unknown character": "é".encode(),
    "line ends": b"a\r\nb\nc\rd\r\n\r\n\n",
    "byte order mark": b"\xef\xbb\xbfab",
    "other scripts": "a 東京 \U0001f600 ñ\u0000 \u2028 e\u0301 ".encode() * 5,
    "first and last code point": "\u0000\U0010ffff\ud7ff\ue000".encode(),
    "invalid UTF-8": b"ab\xff\xfec\xc3",
    "encoded surrogates": "\ud800 \udcff \udfff".encode("utf-8", "surrogatepass"),
    "overlong": b"\xc0\x80 \xf5\x80\x80\x80 \xf4\x90\x80\x80",
    "all bytes": bytes(range(256)),
    "random": np.random.default_rng(0).bytes(700),
    "text": TEXT[:1500].encode(),
}


@pytest.mark.full(default=40)
@pytest.mark.parametrize("model", [FixedModel(), CountModel(), byte_model()])
@pytest.mark.parametrize("lanes", [None, 1, 2, 7, 1000])
@pytest.mark.parametrize("name", BYTES)
def test_any_bytes_come_back(name, lanes, model):
    data = BYTES[name]
    assert decompress(compress(data, model, lanes), model) == data


@pytest.mark.parametrize("num_symbols", [1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17])
@pytest.mark.parametrize("lanes", [1, 2, 3, 4, 8])
def test_any_length_in_any_number_of_lanes_comes_back(num_symbols, lanes):
    data = "".join(ALPHABET[index * 7 % len(ALPHABET)] for index in range(num_symbols)).encode()
    model = CountModel()
    result = compress_measured(data, model, lanes)
    assert decompress(result.blob, model) == data
    assert (result.num_symbols, result.escapes) == (num_symbols, 0)


@pytest.mark.parametrize("lanes", [1, 3, 16])
def test_the_size_is_the_ideal_one(lanes):
    data = TEXT.encode()
    result = compress_measured(data, CountModel(), lanes)
    # By hand: the same counts, one lane after the other, without a coder.
    bits = 0.0
    lengths = [(len(TEXT) + lanes - 1 - lane) // lanes for lane in range(lanes)]
    assert sum(lengths) == len(TEXT)
    place = 0
    for length in lengths:
        model = CountModel()
        probabilities = model.start(1)
        for character in TEXT[place : place + length]:
            index = 1 + ALPHABET.index(character)
            bits -= np.log2(float(probabilities[0, index]))
            probabilities = model.advance(np.array([index], np.int32))
        place += length
    assert result.ideal_bits == pytest.approx(bits, rel=1e-6)
    assert result.escapes == 0
    assert 8 * len(result.blob) <= 1.001 * result.ideal_bits + 8 * (26 + 4 * lanes)
    assert 8 * len(result.blob) >= result.ideal_bits


def test_unknown_symbols_cost_the_unknown_id_and_their_code_point():
    probabilities = np.array([0.25, 0.5, 0.25])
    model = FixedModel(probabilities, symbols=[-1, ord("a"), ord("b")])
    result = compress_measured("aaéb東".encode(), model)
    assert result.escapes == 2
    assert result.ideal_bits == pytest.approx(1 + 1 + (2 + 21) + 2 + (2 + 21))
    model = FixedModel(probabilities, symbols=[-1, ord("a"), ord("b")], byte_level=True)
    assert compress_measured(b"\xffa", model).ideal_bits == pytest.approx(2 + 8 + 1)


def test_impossible_symbols_come_back_and_count_as_the_rarest():
    model = FixedModel(np.array([0.0, 1.0, 0.0]), symbols=[-1, ord("a"), ord("b")])
    result = compress_measured(b"aaba" + "é".encode(), model)
    assert decompress(result.blob, model) == b"aaba" + "é".encode()
    assert result.ideal_bits == pytest.approx(24 + 24 + 21)


def test_a_short_text_does_not_drown_in_its_header():
    model = FixedModel()
    assert len(compress(b"", model)) == 23
    assert len(compress(b"a", model)) <= 24 + 1
    assert len(compress(b"abc" * 20, model)) <= 24 + np.log2(len(model.symbols)) * 60 / 8 + 2


def test_short_texts_take_one_lane_and_long_ones_at_most_64():
    model = FixedModel()
    sizes = {0: 0, 1: 1, 8191: 1, 8192: 2, 80_000: 19, 300_000: 64}
    for size, lanes in sizes.items():
        assert len(unpack(compress(b"a" * size, model)).codes) == lanes


def test_encoder_and_decoder_ask_the_model_the_same_questions():
    asked = []

    class Recorder(CountModel):
        def start(self, lanes):
            asked.append(("start", lanes))
            return super().start(lanes)

        def advance(self, ids):
            asked.append(("advance", ids.tolist()))
            return super().advance(ids)

    data = TEXT[:500].encode() + b"\xff\xff" + TEXT[:3].encode()
    blob = compress(data, Recorder(), 4)
    first, asked = asked, []
    decompress(blob, Recorder())
    assert asked == first
    assert len(first) == -(-len(data) // 4)
    assert first[0] == ("start", 4)


def test_progress_ends_at_the_number_of_symbols():
    seen = []
    blob = compress(TEXT.encode(), FixedModel(), 3, lambda *counts: seen.append(counts))
    decompress(blob, FixedModel(), lambda *counts: seen.append(counts))
    half = seen[: len(seen) // 2]
    assert seen == half * 2
    assert half == sorted(set(half))
    assert half[-1] == (len(TEXT), len(TEXT))
    assert len(half) > 1


def test_fewer_than_one_lane_is_refused():
    with pytest.raises(ValueError, match="Argument `lanes` must"):
        compress(b"abc", FixedModel(), lanes=0)


def _one_line(blob, model, *parts):
    with pytest.raises(UserError) as caught:
        decompress(blob, model)
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message


def test_mistakes_are_named():
    model = FixedModel()
    blob = compress(TEXT.encode(), model, 3)
    _one_line(b"", model, "not compressed by seqsuite")
    _one_line(gzip.compress(b"abc"), model, "not compressed by seqsuite")
    newer = blob[: len(MAGIC)] + bytes([VERSION + 1]) + blob[len(MAGIC) + 1 :]
    _one_line(newer, model, f"version {VERSION + 1}", "Update")
    _one_line(blob[:-1], model, "cut off", str(len(blob) - 1))
    _one_line(blob[:15], model, "cut off")
    _one_line(blob + b"\0", model, "damaged")
    _one_line(blob[:-1] + bytes([blob[-1] ^ 1]), model, "damaged")
    other = FixedModel(fingerprint="0e" * 32)
    _one_line(blob, other, "f1" * 8, "0e" * 8)


def test_a_model_that_computes_other_floats_is_noticed():
    data = TEXT.encode() + "é東".encode() * 20
    probabilities = np.random.default_rng(0).dirichlet(np.ones(len(ALPHABET) + 1))
    blob = compress(data, FixedModel(probabilities), 3)
    for seed in range(1, 40):
        drifted = np.random.default_rng(seed).permutation(probabilities)
        _one_line(blob, FixedModel(drifted), "checksum", "same kind of machine")
    blob = compress(data, byte_model(), 3)
    weights = np.random.default_rng(0).dirichlet(np.ones(257))
    wrong = FixedModel(weights, symbols=[-1, *range(256)], byte_level=True)
    _one_line(blob, wrong, "checksum")


@pytest.mark.parametrize("lanes", [1, 5])
def test_damage_is_an_error_of_the_user_never_a_crash(lanes):
    model, rng = CountModel(), np.random.default_rng(1)
    data = TEXT[:300].encode()
    blob = compress(data, model, lanes)
    for size in range(len(blob)):
        _one_line(blob[:size], model)
    for position in range(len(blob)):
        for flip in (1, 128, int(rng.integers(1, 256))):
            damaged = bytearray(blob)
            damaged[position] ^= flip
            _one_line(bytes(damaged), model)
    for size in rng.integers(0, 300, 300):
        _one_line(MAGIC + bytes([VERSION]) + rng.bytes(size), model)
    _one_line(MAGIC + bytes([VERSION]) + b"\xff" * 100_000, model)


def test_codes_of_other_bytes_under_a_right_checksum_do_not_crash():
    model, rng = CountModel(), np.random.default_rng(2)
    for size in rng.integers(0, 60, 50):
        codes = [rng.bytes(size), b"", rng.bytes(3)]
        blob = pack(Contents(bytes.fromhex("f1" * 8), 0, 100, codes))
        _one_line(blob, model, "checksum")


def test_numbers_that_contradict_each_other_are_damage():
    for num_symbols, codes in [(2, [b"a"] * 3), (0, [b""]), (5, [])]:
        _one_line(pack(Contents(bytes(8), 0, num_symbols, codes)), FixedModel(), "damaged")


def test_contents_come_back_from_their_bytes():
    contents = Contents(b"12345678", zlib.crc32(b"a"), 2**40, [b"", b"x" * 127, b"y" * 128])
    assert unpack(pack(contents)) == contents


def test_standard_programs_unpack_what_is_measured():
    data = TEXT.encode()
    sizes = standard_sizes(data)
    assert sizes["gzip"] == len(gzip.compress(data, 9))
    assert sizes["bz2"] == len(bz2.compress(data, 9))
    assert sizes["xz"] == len(lzma.compress(data, preset=9 | lzma.PRESET_EXTREME))


def test_the_protocol_is_what_the_models_here_offer():
    for name in ("fingerprint", "symbols", "unknown_id", "byte_level", "start", "advance"):
        assert hasattr(codec.NextSymbolModel, name)
        assert hasattr(FixedModel(), name)
