"""Scheduled sampling over a training: how often a decoder is fed what it put out itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from seqsuite import schedules

if TYPE_CHECKING:
    pass


# What an exponential schedule leaves of the true inputs at the end of training.
_LAST_SHARE = 0.01


def sampling_callbacks(training: Any) -> list[Callable[[Any, int, int], None]]:
    """Return what moves the sampling probability of a model's layer ``decoder``, for ``callbacks``.

    Args:
        training: The section ``training`` of a task, with ``sampling_schedule`` (``none`` moves
            nothing) and ``sampling_probability``, its largest.
    """
    if training.sampling_schedule == "none":
        return []

    def move(model, step, total_steps):
        model.get_layer("decoder").sampling_probability.assign(
            sampling_probability(
                training.sampling_schedule, training.sampling_probability, step, total_steps
            )
        )

    return [move]


def sampling_probability(schedule: str, maximum: float, step: int, total_steps: int) -> float:
    """Return how often the decoder is fed its own predictions; schedules span the training.

    Args:
        schedule: ``constant``, ``linear``, ``exponential`` (fast at first) or
            ``inverse_sigmoid`` (half done in the middle).
        maximum: The probability at the end, or nearly.
        step: Steps done.
        total_steps: Steps of the training.

    Example:
        >>> [sampling_probability("linear", 0.5, step, 10) for step in (0, 5, 10)]
        [0.0, 0.25, 0.5]

    Reference:
        Bengio et al., "Scheduled Sampling", 2015, https://arxiv.org/abs/1506.03099
    """
    settings = {
        "linear": {"total_steps": total_steps},
        "exponential": {"decay": _LAST_SHARE ** (1 / max(1, total_steps))},
        "inverse_sigmoid": {"k": _steepness(total_steps / 2)},
    }.get(schedule, {})
    return schedules.sampling_probability(schedule, step, maximum, **settings)


def _steepness(middle: float) -> float:
    """Return the k of an inverse sigmoid that is half done after so many steps: k log k."""
    k = max(math.e, middle)
    for _ in range(50):
        # Newton's method on the convex k log k - middle.
        k = max(1.0, (k + middle) / (1.0 + math.log(k)))
    return k
