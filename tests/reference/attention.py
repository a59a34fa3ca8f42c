"""Attention over a memory in plain NumPy: one query of one row at a time."""

from __future__ import annotations

import numpy as np


def softmax(scores):
    exponentials = np.exp(scores - np.max(scores))
    return exponentials / exponentials.sum()


def read(scores, memory, length):
    """Return context and weights from the scores of the first `length` places of one row."""
    weights = np.zeros(len(memory))
    if length > 0:
        weights[:length] = softmax(np.asarray(scores[:length], float))
    return weights @ memory if length > 0 else np.zeros(memory.shape[1]), weights


def luong_scores(query, memory, kernel=None, scale=1.0):
    """`query` (units,), `memory` (places, features), `kernel` (features, units) or None."""
    keys = memory if kernel is None else memory @ kernel
    return np.array([scale * query @ key for key in keys])


def additive_scores(query, memory, weights, scale=None, bias=0.0, location=0.0):
    """`weights`: query kernel, memory kernel, score kernel; `location` (places, units)."""
    query_kernel, memory_kernel, score_kernel = weights
    vector = score_kernel[:, 0]
    if scale is not None:
        vector = scale * vector / np.sqrt((vector**2).sum())
    hidden = np.tanh(query @ query_kernel + memory @ memory_kernel + bias + location)
    return hidden @ vector


def location_features(previous, filters, location_kernel):
    """Correlate the previous weights (places,) with `filters` (width, 1, number)."""
    half = len(filters) // 2
    features = np.zeros((len(previous), filters.shape[2]))
    for place in range(len(previous)):
        for offset in range(-half, half + 1):
            if 0 <= place + offset < len(previous):
                features[place] += previous[place + offset] * filters[offset + half, 0]
    return features @ location_kernel


def over_time(score, queries, memory, memory_length):
    """Attend with `score(query, memory, previous weights)` for each row and step.

    Returns:
        Contexts (batch, time, features) and weights (batch, time, places).
    """
    batch, num_steps = queries.shape[:2]
    contexts = np.zeros((batch, num_steps, memory.shape[2]))
    weights = np.zeros((batch, num_steps, memory.shape[1]))
    for row in range(batch):
        previous = np.zeros(memory.shape[1])
        for step in range(num_steps):
            scores = score(queries[row, step], memory[row], previous)
            found = read(scores, memory[row], memory_length[row])
            contexts[row, step], weights[row, step] = found
            previous = weights[row, step]
    return contexts, weights


def numeric_gradients(function, arrays, epsilon=1e-5):
    """Central differences of a scalar function of float64 arrays."""
    arrays = [np.array(array, float) for array in arrays]
    gradients = [np.zeros_like(array) for array in arrays]
    for array, gradient in zip(arrays, gradients, strict=True):
        for index in np.ndindex(array.shape):
            value = array[index]
            array[index] = value + epsilon
            above = function(*arrays)
            array[index] = value - epsilon
            gradient[index] = (above - function(*arrays)) / (2 * epsilon)
            array[index] = value
    return gradients
