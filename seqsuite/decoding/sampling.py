"""Which symbol follows: temperature, top-k, nucleus, and the draw itself.

The settings are tensors with one value per row, so that a served graph takes a different setting
with every request, and requests of different settings in one batch.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from seqsuite.decoding.uniform_numbers import BITS

Tensor = Any

EXCLUDED = -1e9
"""The logit of a symbol that must not be drawn; what stays has at least half of it."""

_LARGEST = 1e30
# A nucleus has reached p when this little is missing: float32 cannot say 0.3 any better.
_ROUNDING = 1e-6


def filtered_logits(
    logits: Tensor, temperature: Tensor = 1.0, top_k: Tensor = 0, top_p: Tensor = 1.0
) -> Tensor:
    """Scale logits by a temperature and exclude unlikely symbols, each row by its own settings.

    In this order: temperature, top-k, then the nucleus among the symbols that top-k has left. Among
    equal logits the lower id counts as the likelier one, and the likeliest symbol always stays. A
    symbol whose logit lies 1e9 or more below the best, or is NaN, is excluded from the start.

    Args:
        logits: Floating ``(batch, vocabulary)``; infinite and huge ones do no harm.
        temperature: ``(batch,)`` or a scalar. 1 leaves the probabilities as they are, less makes
            the likely ones likelier. 0 is greedy: only the likeliest symbol stays.
        top_k: Integer ``(batch,)`` or a scalar: this many of the likeliest symbols stay. 0 is off.
        top_p: ``(batch,)`` or a scalar: the smallest set of likeliest symbols stays whose
            probability reaches it, to within 1e-6. 1 is off.

    Returns:
        float32 ``(batch, vocabulary)``: the scaled logits less the largest of their row, so that
        the best is 0, and `EXCLUDED` where a symbol is excluded.

    References:
        Fan, Lewis, Dauphin 2018, "Hierarchical Neural Story Generation" (top-k);
        Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration" (nucleus).

    Example:
        >>> logits = ops.log(ops.array([[0.5, 0.3, 0.15, 0.05]] * 3))
        >>> kept = filtered_logits(logits, [1.0, 1.0, 0.0], [3, 0, 0], [1.0, 0.7, 1.0]) > EXCLUDED
        >>> kept.numpy().astype(int).tolist()
        [[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]]
    """
    for name, value, fits in (
        ("top_p", top_p, lambda value: 0 <= value <= 1),
        ("top_k", top_k, lambda value: value >= 0),
    ):
        if isinstance(value, int | float) and not fits(value):
            expected = "in [0, 1]" if name == "top_p" else "0 or more"
            raise ValueError(f"Argument `{name}` must be {expected}. Received: {name}={value}")
    relative = _relative_to_best(logits)
    temperature, top_p = _column(temperature, "float32"), _column(top_p, "float32")
    greedy = ops.logical_not(temperature > 0)
    divisor = ops.where(greedy, 1.0, ops.maximum(temperature, 1.0 / _LARGEST))
    top_k = ops.where(greedy, 0, _column(top_k, "int32"))
    top_p = ops.where(greedy, 1.0, top_p)

    def without_limits():
        return ops.full_like(relative[:, :1], EXCLUDED), ops.zeros_like(relative[:, :1], "int32")

    # Sorting takes most of the time, and most requests do without.
    least, count = ops.cond(
        ops.any((top_k > 0) | (top_p < 1.0)),
        lambda: _limits(relative, divisor, top_k, top_p),
        without_limits,
    )
    least, count = ops.where(greedy, 0.0, least), ops.where(greedy, 1, count)
    scaled = ops.maximum(relative / divisor, EXCLUDED / 2)
    return ops.where(_largest_entries(relative, least, count), scaled, EXCLUDED)


def sample(logits: Tensor, uniform_numbers: Tensor) -> Tensor:
    """Draw one symbol per row from the softmax of its logits, by inverting the cumulative sum.

    Sums in float64, in the order of the ids: an excluded symbol is never drawn. The numbers have
    24 bits, so a probability is met to within 6e-8.

    Args:
        logits: Floating ``(batch, vocabulary)``, as from `filtered_logits` or any others.
        uniform_numbers: float32 ``(batch,)`` in [0, 1), as from `uniform`.

    Returns:
        Ids, int32 ``(batch,)``.

    Example:
        >>> sample(ops.log(ops.array([[0.5, 0.3, 0.2]] * 3)), [0.1, 0.6, 0.9]).numpy().tolist()
        [0, 1, 2]
    """
    relative = _relative_to_best(logits)
    weights = ops.exp(ops.cast(relative, "float64"))
    cumulative = ops.cumsum(weights, axis=-1)
    number = ops.minimum(_column(uniform_numbers, "float32"), 1.0 - 2.0**-BITS)
    # Each number stands for an interval that begins with it: its middle keeps 0 from drawing
    # whatever comes first, however unlikely.
    middle = ops.cast(number, "float64") + 2.0 ** -(BITS + 1)
    passed = cumulative <= middle * cumulative[:, -1:]
    return ops.sum(ops.cast(passed, "int32"), axis=-1)


def _limits(
    relative: Tensor, divisor: Tensor, top_k: Tensor, top_p: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the least logit that stays and how many symbols stay, both ``(batch, 1)``."""
    descending = -ops.sort(-relative, axis=-1)
    place = ops.arange(descending.shape[-1], dtype="int32")[None, :]
    candidates = (descending > EXCLUDED) & ((place < top_k) | (top_k <= 0))
    weights = ops.exp(ops.cast(descending / divisor, "float64"))
    weights = ops.where(candidates, weights, 0.0)
    reached = ops.cumsum(weights, axis=-1)
    # The total is the last cumulative sum: a reduction may add up one row in another order than
    # many rows, and then a row alone could differ from the same row in a batch.
    needed = ops.cast(top_p - _ROUNDING, "float64") * reached[:, -1:]
    in_nucleus = (reached - weights < needed) | (top_p >= 1.0) | (place == 0)
    kept = ops.cast(candidates & in_nucleus, "int32")
    count = ops.sum(kept, axis=-1, keepdims=True)
    return ops.take_along_axis(descending, count - 1, axis=-1), count


def _largest_entries(relative: Tensor, least: Tensor, count: Tensor) -> Tensor:
    """Mark what is above `least`, then as many equals of it, lower ids first, as `count` allows."""
    above, equal = relative > least, ops.cast(relative == least, "int32")
    open_places = count - ops.sum(ops.cast(above, "int32"), axis=-1, keepdims=True)
    return above | ((equal > 0) & (ops.cumsum(equal, axis=-1) <= open_places))


def _relative_to_best(logits: Tensor) -> Tensor:
    """Return finite float32 logits less the largest of their row."""
    logits = ops.cast(logits, "float32")
    logits = ops.where(ops.isnan(logits), -_LARGEST, ops.clip(logits, -_LARGEST, _LARGEST))
    # Without `initial`, `ops.max` refuses a batch of no rows.
    return logits - ops.max(logits, axis=-1, keepdims=True, initial=-_LARGEST)


def _column(value: Tensor, dtype: str) -> Tensor:
    """Return ``(batch, 1)``, or ``(1, 1)`` of a scalar."""
    return ops.reshape(ops.cast(value, dtype), (-1, 1))
