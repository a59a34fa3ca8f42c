"""SegRNN in plain NumPy, one row, one segment and one layer at a time."""

from __future__ import annotations

import numpy as np

from tests.reference import recurrent


def cut(row, segment_length):
    """Segments of one row (time, channels), the first of which may begin with zeros."""
    missing = -len(row) % segment_length
    row = np.concatenate([np.zeros((missing, row.shape[1])), row])
    return [
        row[start : start + segment_length].ravel() for start in range(0, len(row), segment_length)
    ]


def relu(x):
    return np.maximum(x, 0)


def step(cell, x, states, levels):
    """One step of a stack, for one row: the output and the next states."""
    count, following, x = recurrent.num_states(cell), [], x[None]
    for index, level in enumerate(levels):
        own = states[index * count : (index + 1) * count]
        new, _ = recurrent.STEPS[cell][0](x, own, level)
        following += new
        x = new[0]
    return x[0], following


def forecast(cell, row, weights, segment_length, num_segments, series=None, future=None):
    """Forecast one row.

    Args:
        cell: "gru" or "lstm".
        row: (time, channels), without padding.
        weights: A dict of "segment" and "output" (kernel, bias), "levels" (a list of kernel,
            recurrent kernel, bias), "positions", and, where they are used, "series" (kernel),
            "future" and "feedback" (kernel, bias). With "feedback" decoding is recurrent.
        segment_length: Steps of a segment.
        num_segments: Segments to forecast.
        series: (features,).
        future: (num_segments * segment_length, features).

    Returns:
        (num_segments, width of the output layer).
    """
    units = weights["segment"][0].shape[1]
    states = [np.zeros((1, units))] * (len(weights["levels"]) * recurrent.num_states(cell))
    for segment in cut(row, segment_length):
        x = relu(segment @ weights["segment"][0] + weights["segment"][1])
        _, states = step(cell, x, states, weights["levels"])
    found, previous = [], np.zeros(weights["output"][0].shape[1])
    for index in range(num_segments):
        if "feedback" in weights:
            x = relu(previous @ weights["feedback"][0] + weights["feedback"][1])
        else:
            x = weights["positions"][index]
        if series is not None:
            x = x + series @ weights["series"]
        if future is not None:
            known = future[index * segment_length : (index + 1) * segment_length].ravel()
            x = x + relu(known @ weights["future"][0] + weights["future"][1])
        output, following = step(cell, x, states, weights["levels"])
        if "feedback" in weights:
            states = following
        previous = output @ weights["output"][0] + weights["output"][1]
        found.append(previous)
    return np.stack(found)
