"""Schedules as pure functions of the step; whoever moves a weight by one is elsewhere.

Every function takes a number and returns a float, or takes a NumPy array of steps and returns an
array, so that a schedule can be drawn as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from seqsuite.errors import nearest

if TYPE_CHECKING:
    import tensorflow as tf


LEARNING_RATE_SCHEDULES = ("constant", "cosine", "exponential", "reduce_on_plateau")

# A geometric decay never reaches zero; this is where it ends when zero is asked for.
_SMALLEST_FRACTION = 1e-6


def constant(step: float | tf.Tensor, value: float) -> Any:
    """Return ``value`` at every step.

    Args:
        step: Steps done.
        value: The value.

    Returns:
        ``value``.

    Example:
        >>> constant(7, 0.25)
        0.25
    """
    return value + 0.0 * step


def linear(
    step: float | tf.Tensor, total_steps: float, start: float = 1.0, end: float = 0.0
) -> Any:
    """Move from ``start`` to ``end`` in a straight line and stay there.

    Args:
        step: Steps done.
        total_steps: Steps until ``end`` is reached; 0 means at once.
        start: Value at step 0.
        end: Value from ``total_steps`` on.

    Returns:
        The value at ``step``.

    Raises:
        ValueError: ``total_steps`` is negative.

    Example:
        >>> [linear(step, 10, start=0.2, end=1.0) for step in (0, 5, 10, 99)]
        [0.2, 0.6, 1.0, 1.0]
    """
    if total_steps < 0:
        raise ValueError(
            f"Argument `total_steps` must not be negative. Received: total_steps={total_steps}"
        )
    share = _share(step, total_steps)
    return _plain((1.0 - share) * start + share * end)


def exponential(step: float | tf.Tensor, decay: float) -> Any:
    """Return ``decay ** step``.

    Args:
        step: Steps done.
        decay: Factor per step, in (0, 1].

    Returns:
        The value at ``step``, 1 at step 0.

    Raises:
        ValueError: ``decay`` is out of range.

    Example:
        >>> exponential(2, 0.5)
        0.25

    Reference:
        Bengio et al., "Scheduled Sampling", 2015, https://arxiv.org/abs/1506.03099
    """
    if not 0 < decay <= 1:
        raise ValueError(f"Argument `decay` must be in (0, 1]. Received: decay={decay}")
    return decay**step


def inverse_sigmoid(step: float | tf.Tensor, k: float) -> Any:
    """Return ``k / (k + exp(step / k))``: flat at first, then a fall, then flat near 0.

    Args:
        step: Steps done.
        k: Speed, at least 1; the fall is half done at step ``k * log(k)``.

    Returns:
        The value at ``step``, ``k / (k + 1)`` at step 0.

    Raises:
        ValueError: ``k`` is below 1.

    Example:
        >>> inverse_sigmoid(0, 9.0)
        0.9

    Reference:
        Bengio et al., "Scheduled Sampling", 2015, https://arxiv.org/abs/1506.03099
    """
    if k < 1:
        raise ValueError(f"Argument `k` must be at least 1. Received: k={k}")
    # exp overflows long after the result has become 0.
    exponent = np.minimum(np.asarray(step, float) / k, 700.0)
    return _plain(k / (k + np.exp(exponent)))


def sampling_probability(
    schedule: str | Callable[..., float],
    step: float | tf.Tensor,
    maximum: float = 1.0,
    **settings: float,
) -> float:
    """Return how often a decoder is fed its own predictions at a step.

    Args:
        schedule: Name of a schedule of this module, which tells the share of true tokens that is
            left (``constant``: none); or a function from a step to a probability.
        step: Steps done.
        maximum: What the probability tends to, in [0, 1].
        **settings: The schedule's own.

    Returns:
        The probability, in [0, 1].

    Example:
        >>> [sampling_probability("linear", step, 0.5, total_steps=10) for step in (0, 5, 11)]
        [0.0, 0.25, 0.5]

    Reference:
        Bengio et al., "Scheduled Sampling", 2015, https://arxiv.org/abs/1506.03099
    """
    if callable(schedule):
        share = schedule(step, **settings)
    elif schedule == "constant":
        share = 1.0 - constant(step, 0.0, **settings)
    else:
        left: dict[str, Callable[..., Any]] = {
            "linear": linear,
            "exponential": exponential,
            "inverse_sigmoid": inverse_sigmoid,
        }
        if schedule not in left:
            names = ["constant", *left]
            raise ValueError(
                f"Argument `schedule` must be one of {names}, or a function. Received: "
                f"schedule={schedule!r}.{nearest(schedule, names)}"
            )
        share = 1.0 - left[schedule](step, **settings)
    return min(max(maximum * float(share), 0.0), 1.0)


def learning_rate_factor(
    kind: str,
    step: float | tf.Tensor,
    total_steps: int,
    warm_up_steps: int = 0,
    final_fraction: float = 0.0,
) -> Any:
    """Return the share of the peak learning rate at a step, in [0, 1].

    The factor rises in equal parts from ``1 / warm_up_steps`` at step 0 to 1 at step
    ``warm_up_steps - 1``; then the shape begins, and it ends at step ``total_steps``.

    Args:
        kind: ``constant``, ``cosine`` (half a cosine), ``exponential`` (the same factor each
            step), or ``reduce_on_plateau`` (constant here: what validation says is not a function
            of the step).
        step: Steps done before this one.
        total_steps: Steps of the whole run.
        warm_up_steps: Steps of linear rise.
        final_fraction: Share of the peak at the end, for cosine and exponential; exponential
            takes 0 as one millionth.

    Returns:
        The factor.

    Raises:
        ValueError: Unknown ``kind``, negative steps, or a fraction outside [0, 1].

    Example:
        >>> [round(learning_rate_factor("cosine", step, 10), 2) for step in (0, 5, 10)]
        [1.0, 0.5, 0.0]
        >>> [learning_rate_factor("constant", step, 10, warm_up_steps=4) for step in range(5)]
        [0.25, 0.5, 0.75, 1.0, 1.0]

    Reference:
        Cosine: Loshchilov and Hutter, "SGDR", 2017, https://arxiv.org/abs/1608.03983
    """
    _check(kind, total_steps, warm_up_steps, final_fraction)
    share = _share(np.asarray(step, float) - warm_up_steps, total_steps - warm_up_steps)
    if kind == "cosine":
        shape = final_fraction + (1 - final_fraction) * 0.5 * (1 + np.cos(np.pi * share))
    elif kind == "exponential":
        shape = max(final_fraction, _SMALLEST_FRACTION) ** share
    else:
        shape = np.ones_like(share)
    if warm_up_steps:
        shape = np.where(step < np.asarray(warm_up_steps), (step + 1.0) / warm_up_steps, shape)
    return _plain(shape)


def _check(kind: str, total_steps: int, warm_up_steps: int, final_fraction: float) -> None:
    if kind not in LEARNING_RATE_SCHEDULES:
        raise ValueError(
            f"Argument `kind` must be one of {LEARNING_RATE_SCHEDULES}. Received: kind={kind!r}"
        )
    for name, value in (("total_steps", total_steps), ("warm_up_steps", warm_up_steps)):
        if value < 0:
            raise ValueError(f"Argument `{name}` must not be negative. Received: {name}={value}")
    if not 0 <= final_fraction <= 1:
        raise ValueError(
            "Argument `final_fraction` must be in [0, 1]. Received: "
            f"final_fraction={final_fraction}"
        )


def _share(step: float | tf.Tensor, total_steps: float) -> Any:
    """Return how much of ``total_steps`` is done, in [0, 1]."""
    if total_steps <= 0:
        return np.where(np.asarray(step) < 0, 0.0, 1.0)
    return np.clip(np.asarray(step, float) / total_steps, 0.0, 1.0)


def _plain(value: Any) -> Any:
    """Return a float for a single number, an array otherwise."""
    return float(value) if value.ndim == 0 else value
