"""A decoder with Luong attention in plain NumPy, step by step."""

from __future__ import annotations

import numpy as np

from tests.reference import attention, recurrent


def step(cell, token_ids, states, memory, memory_length, weights):
    """Run one step.

    Args:
        cell: Name of the recurrent cell.
        token_ids: (batch,).
        states: Those of each level, then the last features with input feeding.
        memory: (batch, places, features), or None without attention.
        memory_length: (batch,).
        weights: A dict of "embedding", "levels" (a list of kernel, recurrent kernel, bias),
            "attention" (the kernel of general attention), "combine", "output", "bias", and
            "feed", a bool.

    Returns:
        Logits (batch, vocabulary) and the next states.
    """
    count = recurrent.num_states(cell)
    x = weights["embedding"][token_ids]
    if weights["feed"]:
        x = np.concatenate([x, states[-1]], axis=1)
    following = []
    for index, level in enumerate(weights["levels"]):
        own = states[index * count : (index + 1) * count]
        new, _ = recurrent.STEPS[cell][0](x, own, level)
        following += new
        x = new[0]
    if memory is not None:
        contexts = [
            attention.read(
                attention.luong_scores(query, places, weights["attention"]), places, length
            )[0]
            for query, places, length in zip(x, memory, memory_length, strict=True)
        ]
        x = np.tanh(np.concatenate([contexts, x], axis=1) @ weights["combine"])
    if weights["feed"]:
        following.append(x)
    return x @ weights["output"] + weights["bias"], following


def teacher_forcing(cell, token_ids, states, memory, memory_length, weights):
    """Return the logits (batch, time, vocabulary) after each of the given tokens."""
    logits = []
    for t in range(token_ids.shape[1]):
        found, states = step(cell, token_ids[:, t], states, memory, memory_length, weights)
        logits.append(found)
    return np.stack(logits, axis=1)


def free_running(cell, first, num_steps, states, memory, memory_length, weights):
    """Feed the best token of each step to the next; return the fed tokens and the logits."""
    fed, logits = [np.asarray(first)], []
    for _ in range(num_steps):
        found, states = step(cell, fed[-1], states, memory, memory_length, weights)
        logits.append(found)
        fed.append(found.argmax(axis=1))
    return np.stack(fed[:-1], axis=1), np.stack(logits, axis=1)
