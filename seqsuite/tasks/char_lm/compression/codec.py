"""Lossless compression with a model of the next symbol: the file's size is the model's own loss.

Shannon's bound in practice: an arithmetic coder spends ``-log2 p`` bits on a symbol to which the
model gave the probability ``p``. What a language model saves over gzip or xz is what it knows.

The text is cut into lanes, contiguous slices that are coded side by side as one batch. More lanes
are faster, but each of them starts without context. The decoder must see the very floats that the
encoder saw: one that differs in its last bit can turn all that follows to noise. Therefore both run
the model symbol by symbol, never in parallel over time, with exactly as many rows, and the number
of lanes is in the file. That holds for the same program on the same kind of machine; with other
versions or another processor, a checksum of the original tells whether it held.

Reference:
    Shannon, "A Mathematical Theory of Communication", 1948; Cleary and Witten, "Data Compression
    Using Adaptive Coding and Partial String Matching", IEEE Transactions on Communications, 1984
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from seqsuite.errors import UserError
from seqsuite.tasks.char_lm.compression.arithmetic_coding import (
    PRECISION,
    ArithmeticDecoder,
    ArithmeticEncoder,
    quantized,
)
from seqsuite.tasks.char_lm.compression.container import FINGERPRINT_BYTES, Contents, pack, unpack

MOST_LANES = 64
SYMBOLS_PER_LANE = 4096  # fewer symbols would suffer from starting without context
_RAW_BITS = {False: 21, True: 8}  # of a code point, of a byte
_PROGRESS_STEPS = 64


class NextSymbolModel(Protocol):
    """What a model must offer: its name, its symbols, and one step at a time.

    Ids index `symbols` and the last axis of the probabilities. Equal calls in equal order must give
    equal floats, bit for bit.
    """

    @property
    def fingerprint(self) -> str:
        """Hex digest, 16 digits or more, of all that the probabilities depend on."""

    @property
    def symbols(self) -> Sequence[int]:
        """Code points (or bytes) that ids stand for; a negative number where an id has none."""

    @property
    def unknown_id(self) -> int:
        """Id that stands for every symbol that is not in `symbols`."""

    @property
    def byte_level(self) -> bool:
        """Whether symbols are bytes instead of code points."""

    def start(self, lanes: int) -> np.ndarray:
        """Forget everything and return float ``(lanes, symbols)``: the first symbol of each."""

    def advance(self, ids: np.ndarray) -> np.ndarray:
        """Read ids, int32 ``(lanes,)``, and return float ``(lanes, symbols)`` for the next."""


@dataclass(frozen=True)
class Compressed:
    """A compressed text, and what there is to say about it.

    Args:
        blob: The bytes to keep.
        ideal_bits: Sum of ``-log2 p`` over all symbols, and the raw bits of escapes: the size that
            a perfect coder would reach with this model. No ``p`` counts as less than ``2**-24``.
        num_symbols: Characters (or bytes) of the original.
        escapes: How many of them the model does not know.
    """

    blob: bytes
    ideal_bits: float
    num_symbols: int
    escapes: int


Progress = Callable[[int, int], None]


def compress(
    data: bytes,
    model: NextSymbolModel,
    lanes: int | None = None,
    progress: Progress | None = None,
) -> bytes:
    """Compress bytes of any kind.

    Bytes that are not UTF-8 survive (as lone surrogates), and so do symbols that the model does not
    know: the unknown id, then the code point in 21 bits (a byte in 8).

    Args:
        data: The original.
        model: A model of text that resembles it.
        lanes: Slices that are coded side by side; by default one per 4096 symbols, at most 64.
        progress: Called now and then with the number of symbols done and the number of all.

    Returns:
        What `decompress` takes; about 30 bytes (and 3 per further lane) more than ideal.

    Raises:
        ValueError: For fewer than one lane, or a model whose outputs are no probabilities.

    Example:
        >>> class Coin:
        ...     fingerprint, symbols, unknown_id, byte_level = "c0" * 8, [-1, 97, 98], 0, False
        ...     def start(self, lanes):
        ...         return np.tile([0.02, 0.49, 0.49], (lanes, 1))
        ...     def advance(self, ids):
        ...         return self.start(len(ids))
        >>> blob = compress(b"abba" * 1000, Coin())
        >>> len(blob), decompress(blob, Coin()) == b"abba" * 1000
        (541, True)
    """
    return compress_measured(data, model, lanes, progress).blob


def compress_measured(
    data: bytes,
    model: NextSymbolModel,
    lanes: int | None = None,
    progress: Progress | None = None,
) -> Compressed:
    """Compress as `compress` does, and say what the model made of the text.

    Args:
        data: The original.
        model: A model of text that resembles it.
        lanes: As in `compress`.
        progress: As in `compress`.

    Returns:
        The bytes and their measurements.
    """
    values = _symbols_of(data, model.byte_level)
    if lanes is None:
        lanes = min(MOST_LANES, max(1, len(values) // SYMBOLS_PER_LANE))
    if lanes < 1:
        raise ValueError(f"Argument `lanes` must be at least 1. Received: lanes={lanes}")
    lanes = min(lanes, len(values))
    codes, ideal_bits, escapes = _encode(values, model, lanes, progress)
    blob = pack(Contents(_short(model), zlib.crc32(data), len(values), codes))
    return Compressed(blob, ideal_bits, len(values), escapes)


def decompress(blob: bytes, model: NextSymbolModel, progress: Progress | None = None) -> bytes:
    """Restore the original, bit for bit.

    Args:
        blob: What `compress` returned.
        model: The model that compressed it, on the same kind of machine.
        progress: As in `compress`.

    Returns:
        The original bytes.

    Raises:
        UserError: For other or damaged bytes, another model, or arithmetic that differs.
    """
    contents = unpack(blob)
    if contents.fingerprint != _short(model):
        raise UserError(
            f"The text was compressed with the model {contents.fingerprint.hex()}, and this is the "
            f"model {_short(model).hex()}. Decompress it with the model that compressed it."
        )
    values = _decode(contents, model, progress)
    try:
        data = _bytes_of(values, model.byte_level)
    except (ValueError, OverflowError):  # no code points at all: the same reason, seen earlier
        data = None
    if data is None or zlib.crc32(data) != contents.checksum:
        raise UserError(
            "The decompressed text fails its checksum, although the file is whole: the model "
            "computes other floats here than where the text was compressed. Decompress it on the "
            "same kind of machine, with the same versions."
        )
    return data


def standard_sizes(data: bytes) -> dict[str, int]:
    """Compress with what every machine has, at its highest settings, for comparison.

    Args:
        data: The original.

    Returns:
        Name of the program -> number of bytes.

    Example:
        >>> standard_sizes(b"to be or not to be, " * 50)
        {'gzip': ..., 'bz2': ..., 'xz': ...}
    """
    return {
        "gzip": len(gzip.compress(data, 9, mtime=0)),
        "bz2": len(bz2.compress(data, 9)),
        "xz": len(lzma.compress(data, preset=9 | lzma.PRESET_EXTREME)),
    }


def _encode(
    values: np.ndarray, model: NextSymbolModel, lanes: int, progress: Progress | None
) -> tuple[list[bytes], float, int]:
    """Return the code of each lane, ideal bits, and escapes of symbols ``(num_symbols,)``."""
    if not len(values):
        return [], 0.0, 0
    mask = _mask(len(values), lanes)
    table = np.zeros(mask.shape, np.int32)
    table.T[mask.T] = values  # lane after lane
    ids = _ids(table, model)
    unknown = (ids == model.unknown_id) & mask
    step_escapes = unknown.any(axis=1)
    bits = _RAW_BITS[model.byte_level]
    encoder = ArithmeticEncoder(lanes)
    likelihoods, columns = np.empty(ids.shape), np.arange(lanes)
    for step, row in enumerate(ids):
        probabilities = model.advance(ids[step - 1]) if step else model.start(lanes)
        active = mask[step] if step == len(mask) - 1 else None
        encoder.encode(row, quantized(probabilities), active)
        likelihoods[step] = np.asarray(probabilities)[columns, row]
        if step_escapes[step]:
            encoder.encode_uniform(table[step], bits, unknown[step])
        _report(progress, step, lanes, len(values))
    information = -np.log2(np.maximum(likelihoods, 2.0**-PRECISION))
    escapes = int(unknown.sum())
    ideal_bits = float(information[mask].sum()) + escapes * bits
    return encoder.finish(), ideal_bits, escapes


def _decode(contents: Contents, model: NextSymbolModel, progress: Progress | None) -> np.ndarray:
    """Return the symbols, int32 ``(num_symbols,)``."""
    if not contents.num_symbols:
        return np.zeros(0, np.int32)
    lanes = len(contents.codes)
    mask = _mask(contents.num_symbols, lanes)
    symbols = np.asarray(model.symbols, np.int32)
    decoder = ArithmeticDecoder(contents.codes)
    table = np.empty(mask.shape, np.int32)
    ids = np.zeros(lanes, np.int32)
    for step in range(len(mask)):
        probabilities = model.advance(ids) if step else model.start(lanes)
        active = mask[step] if step == len(mask) - 1 else None
        ids = decoder.decode(quantized(probabilities), active)
        table[step] = symbols[ids]
        unknown = (ids == model.unknown_id) & mask[step]
        if unknown.any():
            table[step, unknown] = decoder.decode_uniform(_RAW_BITS[model.byte_level], unknown)[
                unknown
            ]
        _report(progress, step, lanes, contents.num_symbols)
    return table.T[mask.T]


def _mask(num_symbols: int, lanes: int) -> np.ndarray:
    """Where a lane still has a symbol, bool ``(steps, lanes)``: lengths differ by one at most."""
    lengths = (num_symbols + np.arange(lanes)[::-1]) // lanes
    return np.arange(lengths[0])[:, None] < lengths


def _ids(table: np.ndarray, model: NextSymbolModel) -> np.ndarray:
    """Look up ids, int32 of the same shape; what the model does not know is its unknown id."""
    of_symbol = np.full(256 if model.byte_level else 0x110000, model.unknown_id, np.int32)
    for index, symbol in enumerate(model.symbols):
        if symbol >= 0 and index != model.unknown_id:
            of_symbol[symbol] = index
    return of_symbol[table]


def _symbols_of(data: bytes, byte_level: bool) -> np.ndarray:
    if byte_level:
        return np.frombuffer(data, np.uint8).astype(np.int32)
    text = data.decode("utf-8", "surrogateescape")
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.int32)


def _bytes_of(values: np.ndarray, byte_level: bool) -> bytes:
    if byte_level:
        return bytes(values.tolist())
    text = values.astype("<i4").tobytes().decode("utf-32-le", "surrogatepass")
    return text.encode("utf-8", "surrogateescape")


def _short(model: NextSymbolModel) -> bytes:
    return bytes.fromhex(model.fingerprint)[:FINGERPRINT_BYTES].ljust(FINGERPRINT_BYTES, b"\0")


def _report(progress: Progress | None, step: int, lanes: int, total: int) -> None:
    done = (step + 1) * lanes
    if progress and (step % _PROGRESS_STEPS == _PROGRESS_STEPS - 1 or done >= total):
        progress(min(done, total), total)
