"""Arithmetic coding of many sequences side by side: as few bits as a model is surprised by.

A sequence is a number in an interval that every symbol narrows to its own part, as wide as the
symbol is likely; the number's digits are the code, and ``-log2 p`` of them are enough. A recurrent
model predicts the next symbols of a batch at once, so the coder takes one step in all lanes (rows
of that batch) at once; each lane is a code of its own.

The interval of a lane is 64 bits of a number without end: ``low`` and ``width``. Once it is
narrower than ``2**40``, the highest 24 bits of ``low`` are put out as a word, at most one word a
step. ``low`` may still carry into a word that is out: words are kept in 32 bits, and carries are
settled at the end.

Reference:
    Martin, "Range encoding", 1979; Witten, Neal and Cleary, "Arithmetic Coding for Data
    Compression", Communications of the ACM 30(6), 1987, https://doi.org/10.1145/214762.214771
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

PRECISION = 24  # bits of a quantised probability, and of a word of code
LARGEST_VOCABULARY = 1 << 16

_TOTAL = 1 << PRECISION
_STATE = 64  # bits of `low` and `width`
_NARROWEST = 1 << (_STATE - PRECISION)
_WEIGHT = 2.0**38  # sums of this many units to a row are exact in float64


def quantized(probabilities: np.ndarray) -> np.ndarray:
    """Turn probabilities into whole shares of ``2**24``, at least one for every symbol.

    A row's shares depend on its own numbers alone and not on the order of additions: weights are
    rounded to integers first, whose sums are exact. A symbol of probability ``p`` costs about
    ``-log2(p) + 1.5 * symbols / 2**24`` bits or less, and never more than 24.

    Args:
        probabilities: Floats ``(lanes, symbols)``; rows sum to 1 within 1 %.

    Returns:
        int32 ``(lanes, symbols + 1)``: sums of the shares before each symbol, and the total last.

    Raises:
        ValueError: For rows that are no probabilities, or more than 65536 symbols.

    Example:
        >>> np.diff(quantized(np.array([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0]]))).tolist()
        [[8388607, 4194304, 4194305], [16777214, 1, 1]]
    """
    values = np.asarray(probabilities)
    if values.ndim != 2 or not 1 <= values.shape[1] <= LARGEST_VOCABULARY:
        raise ValueError(
            "Argument `probabilities` must have the shape (lanes, symbols) with 1 to "
            f"{LARGEST_VOCABULARY} symbols. Received: shape={values.shape}"
        )
    lanes, symbols = values.shape
    weights = values.astype(np.float64)
    np.rint(np.multiply(weights, _WEIGHT, out=weights), out=weights)
    sums = weights.cumsum(axis=1)
    whole = sums[:, -1]
    # Written so that NaN fails too.
    if lanes and not (weights.min() >= 0 and np.abs(whole / _WEIGHT - 1).max() <= 0.01):
        raise ValueError(
            "Argument `probabilities` must hold rows of non-negative numbers that sum to 1. "
            f"Received: sums from {whole.min() / _WEIGHT} to {whole.max() / _WEIGHT}, "
            f"smallest number {values.min()}"
        )
    # Shared out are the units that are left when every symbol has one.
    np.floor(np.multiply(sums, ((_TOTAL - symbols) / whole)[:, None], out=sums), out=sums)
    cumulative = np.empty((lanes, symbols + 1), np.int32)
    cumulative[:, 0] = 0
    np.add(sums, np.arange(1, symbols + 1), out=cumulative[:, 1:], casting="unsafe")
    cumulative[:, -1] = _TOTAL
    return cumulative


class ArithmeticEncoder:
    """Writes one code per lane, all lanes a step at a time.

    Args:
        lanes: Number of lanes.

    Example:
        >>> cumulative = quantized(np.array([[0.99, 0.01], [0.5, 0.5]]))
        >>> encoder = ArithmeticEncoder(lanes=2)
        >>> for symbol in [0, 1] * 40:
        ...     encoder.encode(np.array([0, symbol]), cumulative)
        >>> [len(code) for code in encoder.finish()]  # 1.2 bits and 80 bits
        [0, 10]
    """

    def __init__(self, lanes: int) -> None:
        self._low = np.zeros(lanes, np.uint64)
        self._width = np.full(lanes, (1 << _STATE) - 1, np.uint64)
        self._lanes = np.arange(lanes)
        self._num_words = np.zeros(lanes, np.int64)
        self._words = np.zeros((lanes, 256), np.uint32)

    def encode(
        self, ids: np.ndarray, cumulative: np.ndarray, active: np.ndarray | None = None
    ) -> None:
        """Append a symbol to each lane.

        Args:
            ids: Symbols, int ``(lanes,)``.
            cumulative: What `quantized` returned, ``(lanes, symbols + 1)``.
            active: Lanes to append to, bool ``(lanes,)``; all of them when not given. The other
                lanes stay as they are.
        """
        lanes = self._lanes if active is None else np.flatnonzero(active)
        chosen = ids if active is None else ids[lanes]
        starts = cumulative[lanes, chosen]
        sizes = cumulative[lanes, chosen + 1] - starts
        self._narrow(lanes, starts.astype(np.uint64), sizes.astype(np.uint64), PRECISION)

    def encode_uniform(
        self, values: np.ndarray, bits: int, active: np.ndarray | None = None
    ) -> None:
        """Append a number, each as likely as any other, to each lane.

        Args:
            values: Numbers from 0 to ``2**bits - 1``, int ``(lanes,)``.
            bits: Bits that a number takes, at most 24.
            active: As in `encode`.
        """
        _check_bits(bits)
        lanes = self._lanes if active is None else np.flatnonzero(active)
        starts = values[lanes].astype(np.uint64)
        self._narrow(lanes, starts, np.ones(len(lanes), np.uint64), bits)

    def finish(self) -> list[bytes]:
        """Settle the last digits.

        Returns:
            The code of each lane. Zeros are meant to follow it; none are kept.
        """
        return [
            _code(self._words[lane, : self._num_words[lane]], int(low), int(width))
            for lane, (low, width) in enumerate(zip(self._low, self._width, strict=True))
        ]

    def _narrow(self, lanes: np.ndarray, starts: np.ndarray, sizes: np.ndarray, bits: int) -> None:
        """Cut the intervals of distinct lanes down to ``sizes`` of ``2**bits`` parts."""
        units = self._width[lanes] >> bits
        added = starts * units
        low = self._low[lanes] + added
        width = units * sizes
        carried = np.flatnonzero(low < added)
        if len(carried):
            # One carry at most meets a word, because intervals lie within each other.
            of = lanes[carried]
            self._words[of, self._num_words[of] - 1] += 1
        full = np.flatnonzero(width < _NARROWEST)
        if len(full):
            of = lanes[full]
            position = self._num_words[of]
            if position.max() == self._words.shape[1]:
                self._words = np.concatenate([self._words, np.zeros_like(self._words)], axis=1)
            self._words[of, position] = low[full] >> (_STATE - PRECISION)
            self._num_words[of] = position + 1
            low[full] <<= PRECISION
            width[full] <<= PRECISION
        self._low[lanes] = low
        self._width[lanes] = width


class ArithmeticDecoder:
    """Reads what `ArithmeticEncoder` wrote, given the same probabilities in the same order.

    Any bytes decode to something: whether they are the right ones is for a checksum to say.

    Args:
        codes: The code of each lane.

    Example:
        >>> cumulative = quantized(np.array([[0.5, 0.5], [0.9, 0.1]]))
        >>> encoder = ArithmeticEncoder(lanes=2)
        >>> encoder.encode(np.array([1, 0]), cumulative)
        >>> ArithmeticDecoder(encoder.finish()).decode(cumulative).tolist()
        [1, 0]
    """

    def __init__(self, codes: Sequence[bytes]) -> None:
        head, word = _STATE // 8, PRECISION // 8
        num_words = -(-max([len(code) - head for code in codes] + [0]) // word)
        # One word of zeros more, which is read again and again past the end.
        size = head + (num_words + 1) * word
        padded = b"".join(code.ljust(size, b"\0") for code in codes)
        table = np.frombuffer(padded, np.uint8).reshape(len(codes), size)
        self._offset = table[:, :head].copy().view(">u8")[:, 0].astype(np.uint64)
        self._width = np.full(len(codes), (1 << _STATE) - 1, np.uint64)
        digits = table[:, head:].reshape(len(codes), num_words + 1, word).astype(np.uint64)
        self._words = digits[:, :, 0] << 16 | digits[:, :, 1] << 8 | digits[:, :, 2]
        self._position = np.zeros(len(codes), np.int64)
        self._lanes = np.arange(len(codes))

    def decode(self, cumulative: np.ndarray, active: np.ndarray | None = None) -> np.ndarray:
        """Take the next symbol of each lane.

        Args:
            cumulative: What `quantized` returned, ``(lanes, symbols + 1)``.
            active: Lanes to take from, bool ``(lanes,)``; all of them when not given.

        Returns:
            int32 ``(lanes,)``; 0 in the other lanes.
        """
        ids = np.zeros(len(self._lanes), np.int32)
        lanes = self._lanes if active is None else np.flatnonzero(active)
        rows = cumulative if active is None else cumulative[lanes]
        units = self._width[lanes] >> PRECISION
        targets = np.minimum(self._offset[lanes] // units, _TOTAL - 1).astype(np.int32)
        chosen = (rows[:, 1:] > targets[:, None]).argmax(axis=1)
        ids[lanes] = chosen
        starts = cumulative[lanes, chosen]
        sizes = cumulative[lanes, chosen + 1] - starts
        self._narrow(lanes, units, starts.astype(np.uint64), sizes.astype(np.uint64))
        return ids

    def decode_uniform(self, bits: int, active: np.ndarray | None = None) -> np.ndarray:
        """Take a number that `ArithmeticEncoder.encode_uniform` wrote from each lane.

        Args:
            bits: Bits that the number takes, at most 24.
            active: As in `decode`.

        Returns:
            int32 ``(lanes,)``; 0 in the other lanes.
        """
        _check_bits(bits)
        values = np.zeros(len(self._lanes), np.int32)
        lanes = self._lanes if active is None else np.flatnonzero(active)
        units = self._width[lanes] >> bits
        targets = np.minimum(self._offset[lanes] // units, (1 << bits) - 1)
        values[lanes] = targets
        self._narrow(lanes, units, targets, np.ones(len(lanes), np.uint64))
        return values

    def _narrow(
        self, lanes: np.ndarray, units: np.ndarray, starts: np.ndarray, sizes: np.ndarray
    ) -> None:
        """Follow the encoder into the part that was chosen; ``offset`` is the code above low."""
        offset = self._offset[lanes] - starts * units
        width = units * sizes
        full = np.flatnonzero(width < _NARROWEST)
        if len(full):
            of = lanes[full]
            position = self._position[of]
            offset[full] = offset[full] << PRECISION | self._words[of, position]
            width[full] <<= PRECISION
            self._position[of] = np.minimum(position + 1, self._words.shape[1] - 1)
        self._offset[lanes] = offset
        self._width[lanes] = width


def _check_bits(bits: int) -> None:
    if not 0 <= bits <= PRECISION:
        raise ValueError(f"Argument `bits` must be from 0 to {PRECISION}. Received: bits={bits}")


def _code(words: np.ndarray, low: int, width: int) -> bytes:
    """The words of one lane with their carries, and the shortest end within its interval."""
    for num_bytes in range(_STATE // 8 + 1):
        step = 1 << (_STATE - 8 * num_bytes)
        end = -(-low // step) * step
        if end < low + width:
            break
    carries = int.from_bytes(_bytes_of(words >> PRECISION), "big") << PRECISION
    digits = int.from_bytes(_bytes_of(words & (_TOTAL - 1)), "big")
    size = len(words) * PRECISION // 8 + _STATE // 8
    return (((digits + carries) << _STATE) + end).to_bytes(size, "big").rstrip(b"\0")


def _bytes_of(words: np.ndarray) -> bytes:
    """The lower 24 bits of each word, the highest first."""
    return words.astype(">u4").view(np.uint8).reshape(-1, 4)[:, 1:].tobytes()
