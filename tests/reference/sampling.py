"""Sampling of one row, as it is told: sort, cut, draw; the hash in Python's integers."""

from __future__ import annotations

import math

import numpy as np

ROUNDING = 1e-6
WORD = 2**32


def kept_ids(logits, temperature: float, top_k: int, top_p: float) -> list[int]:
    """Return the ids that stay, likeliest first, lower ids first among equals."""
    order = sorted(range(len(logits)), key=lambda index: (-logits[index], index))
    if temperature == 0:
        return order[:1]
    if top_k > 0:
        order = order[:top_k]
    if top_p >= 1:
        return order
    best = float(logits[order[0]])
    weights = [math.exp((float(logits[index]) - best) / temperature) for index in order]
    reached = 0.0
    for count, weight in enumerate(weights, start=1):
        reached += weight / sum(weights)
        if reached >= top_p - ROUNDING:
            return order[:count]
    return order


def probabilities(logits, temperature: float, top_k: int, top_p: float) -> np.ndarray:
    """Return the distribution ``(vocabulary,)`` from which the next symbol is drawn, float64."""
    kept = kept_ids(logits, temperature, top_k, top_p)
    found = np.zeros(len(logits))
    best = float(logits[kept[0]])
    for index in kept:
        found[index] = math.exp((float(logits[index]) - best) / (temperature or 1.0))
    return found / found.sum()


def draw(distribution: np.ndarray, number: float) -> int:
    """Return the first id at which the cumulative sum passes the number."""
    reached = 0.0
    for index, probability in enumerate(distribution):
        reached += probability
        if reached > number:
            return index
    return int(np.flatnonzero(distribution)[-1])


def uniform_number(seed: int, position: int) -> float:
    """Return the number of one (seed, position), in integers that cannot overflow."""
    first = mix(seed + 0x3C6EF372)
    second = mix(first + 0x3C6EF372)
    return (mix(mix(position % WORD ^ first) ^ second) >> 8) / 2**24


def mix(value: int) -> int:
    """Multiply and fold one 32-bit integer."""
    value %= WORD
    value ^= value >> 16
    value = value * 0x21F0AAAD % WORD
    value ^= value >> 15
    value = value * 0x735A2D97 % WORD
    return value ^ value >> 15
