"""Feature files of CMU Sphinx: mel-frequency cepstra of an utterance."""

from __future__ import annotations

import numpy as np

from seqsuite.errors import UserError


def read_cepstra(data: bytes, where: str, num_coefficients: int = 13) -> np.ndarray:
    """Read a ``.mfc`` file: the number of values, then the values of one frame after another.

    Args:
        data: Its content: an int32, then as many float32, all big-endian.
        where: Named in errors.
        num_coefficients: Values a frame.

    Returns:
        float32 ``(frames, num_coefficients)``.

    Raises:
        UserError: It is cut off, holds no frames, or values that are not finite numbers.

    Example:
        >>> header, frame = np.array([13], ">i4"), np.arange(13, dtype=">f4")
        >>> read_cepstra(header.tobytes() + frame.tobytes(), "one frame").shape
        (1, 13)
    """
    count = int(np.frombuffer(data[:4], ">i4")[0]) if len(data) >= 4 else -1
    if count < 0 or len(data) != 4 + 4 * count:
        raise UserError(
            f"{where} is damaged: {len(data):,} bytes, but a header that says {count:,} values of "
            "4 bytes behind 4 of its own."
        )
    if not count or count % num_coefficients:
        raise UserError(
            f"{where} holds {count:,} values: expected frames of {num_coefficients} each, and at "
            "least one."
        )
    values = np.frombuffer(data, ">f4", offset=4).astype(np.float32)
    if not np.isfinite(values).all():
        raise UserError(f"{where} holds values that are not finite numbers.")
    return values.reshape(-1, num_coefficients)
