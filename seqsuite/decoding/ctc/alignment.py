"""Forced alignment: the most likely frames of the symbols of a labelling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax


@dataclass(frozen=True)
class CTCAlignment:
    """Frames of each symbol of a labelling.

    Attributes:
        starts: First frame of each symbol, int ``(symbols,)``.
        ends: The frame after the last one of each symbol, int ``(symbols,)``.
        confidences: Mean probability over the frames of each symbol, float64 ``(symbols,)``.
        log_probability: Log-probability of this alignment.
    """

    starts: np.ndarray
    ends: np.ndarray
    confidences: np.ndarray
    log_probability: float


def ctc_align(logits: np.ndarray, ids: Sequence[int], blank: int = 0) -> CTCAlignment:
    """Find the most likely path of a labelling (Viterbi).

    Args:
        logits: Logits of one utterance without padding, floating ``(frames, symbols)``.
        ids: The labelling, without blanks.
        blank: Index of the blank.

    Returns:
        The frames of its symbols.

    Raises:
        ValueError: If the labelling does not fit into the frames.

    Example:
        >>> path = [0, 2, 2, 0, 2, 1]
        >>> alignment = ctc_align(9.0 * np.eye(3)[path], [2, 2, 1])
        >>> alignment.starts.tolist(), alignment.ends.tolist()
        ([1, 4, 5], [3, 5, 6])
    """
    log_p = log_softmax(np.asarray(logits, np.float64), axis=-1)
    frames = len(log_p)
    places = np.full(2 * len(ids) + 1, blank)
    places[1::2] = ids
    # A blank may be skipped between two different symbols.
    skips = np.zeros(len(places), bool)
    skips[3::2] = places[3::2] != places[1:-2:2]
    best = np.full(len(places), -np.inf)
    best[0] = 0.0  # before the first frame, a blank that costs nothing
    steps = np.zeros((frames, len(places)), np.int8)
    for frame in range(frames):
        ways = np.full((3, len(places)), -np.inf)
        ways[0] = best
        ways[1, 1:] = best[:-1]
        ways[2, 2:] = np.where(skips[2:], best[:-2], -np.inf)
        steps[frame] = ways.argmax(axis=0)
        best = ways.max(axis=0) + log_p[frame, places]
    place = len(places) - 1
    if len(ids) and best[place - 1] >= best[place]:
        place -= 1
    log_probability = float(best[place])
    if log_probability == -np.inf:
        raise ValueError(
            "Argument `ids` must fit into `logits`: one frame for each symbol and one more between "
            f"equal ones, none of probability 0. Received: {len(ids)} ids, {frames} frames"
        )
    path = np.zeros(frames, int)
    for frame in range(frames - 1, -1, -1):
        path[frame] = place
        place -= int(steps[frame, place])  # an int8 would make `place` one
    starts = np.searchsorted(path, np.arange(1, len(places), 2))
    ends = np.searchsorted(path, np.arange(2, len(places) + 1, 2))
    sums = np.append(0.0, np.cumsum(np.exp(log_p[np.arange(frames), places[path]])))
    confidences = (sums[ends] - sums[starts]) / (ends - starts)
    return CTCAlignment(starts, ends, confidences, log_probability)
