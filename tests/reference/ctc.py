"""CTC by the forward-backward recursion of Graves et al. 2006, and by enumeration of all paths."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.special import log_softmax


def collapse(path, blank=0):
    """Return the labelling of a path: repeats merged, blanks dropped."""
    return tuple(symbol for symbol, _ in itertools.groupby(path) if symbol != blank)


def labelling_probabilities(log_probabilities, blank=0):
    """Return `{labelling: probability}` of one utterance, a sum over all its paths."""
    frames, num_symbols = log_probabilities.shape
    found = {}
    for path in itertools.product(range(num_symbols), repeat=frames):
        score = sum(log_probabilities[frame, symbol] for frame, symbol in enumerate(path))
        labelling = collapse(path, blank)
        found[labelling] = found.get(labelling, 0.0) + np.exp(score)
    return found


def loss_and_gradient(logits, labels, blank=0):
    """Return the loss of one utterance and its gradient by the logits `(frames, symbols)`.

    In float64 and log space. The labels are set between blanks; `forward[t, s]` sums over all
    beginnings of paths that stand at place `s` in frame `t`, `backward[t, s]` over their ends.
    """
    log_p = log_softmax(np.asarray(logits, np.float64), axis=-1)
    frames = len(log_p)
    if not frames:
        return (0.0 if not len(labels) else np.inf), np.zeros(log_p.shape)
    places = np.full(2 * len(labels) + 1, blank)
    places[1::2] = labels
    forward = _forward(log_p, places, blank)
    backward = _forward(log_p[::-1], places[::-1], blank)[::-1, ::-1]
    # Both count the symbol of their own frame.
    through = forward + backward - log_p[:, places]
    total = np.logaddexp.reduce(forward[-1, -2:])
    if total == -np.inf:
        return np.inf, np.zeros(log_p.shape)
    occupied = np.zeros(log_p.shape)
    for place, symbol in enumerate(places):
        occupied[:, symbol] += np.exp(through[:, place] - total)
    return -total, np.exp(log_p) - occupied


def _forward(log_p, places, blank):
    sums = np.full((len(log_p), len(places)), -np.inf)
    sums[0, :2] = log_p[0, places[:2]]
    for frame in range(1, len(log_p)):
        for place, symbol in enumerate(places):
            ways = [sums[frame - 1, place]]
            if place >= 1:
                ways.append(sums[frame - 1, place - 1])
            if place >= 2 and symbol != blank and symbol != places[place - 2]:
                ways.append(sums[frame - 1, place - 2])
            sums[frame, place] = np.logaddexp.reduce(ways) + log_p[frame, symbol]
    return sums
