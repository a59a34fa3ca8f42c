"""The bytes of a compressed text: which model it needs, how it was cut, and checksums.

In this order: a mark, the format's version, a CRC-32 of all that follows, the beginning of the
model's digest, a CRC-32 of the original, the number of symbols, the number of lanes, the size of
each lane's code, and the codes. Numbers take seven bits to a byte: a short text has 23 bytes of
this, a long one about two more per lane.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from seqsuite.errors import UserError

MAGIC = b"\xf5sqz"  # the first byte never occurs in UTF-8
VERSION = 1
FINGERPRINT_BYTES = 8


@dataclass(frozen=True)
class Contents:
    """What a compressed text consists of.

    Args:
        fingerprint: The first 8 bytes of the digest of the model.
        checksum: CRC-32 of the original.
        num_symbols: Symbols of the original.
        codes: The arithmetic code of each lane.
    """

    fingerprint: bytes
    checksum: int
    num_symbols: int
    codes: list[bytes]


def pack(contents: Contents) -> bytes:
    """Write the bytes of a compressed text.

    Args:
        contents: What it consists of.

    Returns:
        What `unpack` reads.

    Example:
        >>> blob = pack(Contents(b"12345678", 0, 3, [b"code"]))
        >>> len(blob) - len(b"code")
        24
        >>> unpack(blob).codes
        [b'code']
    """
    numbers = [contents.num_symbols, len(contents.codes), *map(len, contents.codes)]
    head = contents.fingerprint + contents.checksum.to_bytes(4, "little")
    body = head + b"".join([_number(number) for number in numbers] + contents.codes)
    return MAGIC + bytes([VERSION]) + zlib.crc32(body).to_bytes(4, "little") + body


def unpack(blob: bytes) -> Contents:
    """Read the bytes of a compressed text.

    Args:
        blob: What `pack` wrote.

    Returns:
        What it consists of.

    Raises:
        UserError: For bytes that `pack` did not write, or not all of them, or a newer version.
    """
    # A beginning of the mark is a file that was cut off there.
    if not blob or blob[: len(MAGIC)] != MAGIC[: len(blob)]:
        raise UserError(
            "This was not compressed by seqsuite: it does not begin with seqsuite's mark. "
            "Give a file that seqsuite wrote, or unpack this one with the program that did."
        )
    start = len(MAGIC) + 1
    version = blob[start - 1 : start]
    if version and version[0] != VERSION:
        raise UserError(
            f"The compressed text has the format version {version[0]}, and this program reads "
            f"version {VERSION}. Update seqsuite."
        )
    body = blob[start + 4 :]
    try:
        contents = _read(body)
    except IndexError:
        raise UserError(
            f"The compressed text is cut off or damaged: it has {len(blob)} bytes, fewer than its "
            "header says. Copy it again from where it was compressed."
        ) from None
    if contents is None or zlib.crc32(body) != int.from_bytes(blob[start : start + 4], "little"):
        raise UserError(
            "The compressed text is damaged: it fails its checksum. "
            "Copy it again from where it was compressed."
        )
    return contents


def _read(body: bytes) -> Contents | None:
    """Part the file; None if its numbers contradict each other, IndexError if it is too short."""
    position = FINGERPRINT_BYTES + 4
    numbers: list[int] = []
    while len(numbers) < 2 or len(numbers) < 2 + numbers[1]:
        number, position = _read_number(body, position)
        numbers.append(number)
    num_symbols, lanes, *sizes = numbers
    if position + sum(sizes) > len(body):
        raise IndexError
    if lanes > num_symbols or bool(lanes) != bool(num_symbols):
        return None
    codes = []
    for size in sizes:
        codes.append(body[position : position + size])
        position += size
    checksum = int.from_bytes(body[FINGERPRINT_BYTES : FINGERPRINT_BYTES + 4], "little")
    return Contents(body[:FINGERPRINT_BYTES], checksum, num_symbols, codes)


def _number(value: int) -> bytes:
    """Seven bits to a byte, the lowest first; the highest bit says that more follow."""
    digits = []
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    return bytes([*digits, value])


def _read_number(body: bytes, position: int) -> tuple[int, int]:
    """Return a number and the position after it; nine bytes are more than any size needs."""
    value = 0
    for shift in range(0, 63, 7):
        byte = body[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            break
    return value, position
