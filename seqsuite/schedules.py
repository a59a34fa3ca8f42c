"""Schedules as pure functions of the step; whoever moves a weight by one is elsewhere."""

from __future__ import annotations

import math

LEARNING_RATE_SCHEDULES = ("constant", "cosine", "exponential", "reduce_on_plateau")


def constant(step: float, value: float) -> float:
    """Return ``value`` at every step.

    Example:
        >>> constant(7, 0.25)
        0.25
    """
    return value


def linear(step: float, total_steps: float, start: float, end: float) -> float:
    """Move from ``start`` to ``end`` in a straight line and stay there.

    Args:
        step: Steps done.
        total_steps: Steps until ``end`` is reached.
        start: Value at step 0.
        end: Value from ``total_steps`` on.

    Example:
        >>> linear(5, 10, 0.0, 1.0)
        0.5
    """
    share = min(1.0, step / total_steps) if total_steps > 0 else 1.0
    return start + (end - start) * share


def exponential(step: float, decay: float) -> float:
    """Return ``decay ** step``, for a decay in (0, 1).

    Example:
        >>> exponential(2, 0.5)
        0.25

    Reference:
        Bengio et al., "Scheduled Sampling", 2015, https://arxiv.org/abs/1506.03099
    """
    return decay**step


def inverse_sigmoid(step: float, k: float) -> float:
    """Return ``k / (k + exp(step / k))``, for ``k`` at least 1.

    Example:
        >>> inverse_sigmoid(0, 9.0)
        0.9

    Reference:
        Bengio et al., "Scheduled Sampling", 2015, https://arxiv.org/abs/1506.03099
    """
    exponent = step / k
    # exp overflows long after the result has become 0.
    return 0.0 if exponent > 700 else k / (k + math.exp(exponent))


def learning_rate_factor(
    kind: str,
    step: int,
    total_steps: int,
    warm_up_steps: int = 0,
    final_fraction: float = 0.0,
) -> float:
    """Return the share of the peak learning rate at a step, in [0, 1].

    Args:
        kind: ``constant``, ``cosine``, ``exponential``, or ``reduce_on_plateau`` (constant here:
            what validation says is not a function of the step).
        step: Steps done.
        total_steps: Steps of the whole run.
        warm_up_steps: Steps of linear rise before the shape begins.
        final_fraction: Share of the peak at the end, for cosine and exponential (there above 0).

    Returns:
        The factor.

    Raises:
        ValueError: Unknown ``kind``.

    Example:
        >>> [round(learning_rate_factor("cosine", s, 10), 2) for s in (0, 5, 10)]
        [1.0, 0.5, 0.0]
    """
    if kind not in LEARNING_RATE_SCHEDULES:
        raise ValueError(
            f"Argument `kind` must be one of {LEARNING_RATE_SCHEDULES}. Received: kind={kind}"
        )
    if step < warm_up_steps:
        return (step + 1) / warm_up_steps
    share = min(1.0, (step - warm_up_steps) / max(1, total_steps - warm_up_steps))
    if kind == "cosine":
        return final_fraction + (1 - final_fraction) * 0.5 * (1 + math.cos(math.pi * share))
    if kind == "exponential":
        return max(final_fraction, 1e-6) ** share
    return 1.0
