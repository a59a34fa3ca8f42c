"""Checks of requests in the graph: a refusal is INVALID_ARGUMENT and names the input.

TensorFlow Serving hands on whatever has the right dtypes and ranks. An exported function bounds the
work of a request, and refuses inputs that have no answer, by ops of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from seqsuite.config import TextServingConfig
from seqsuite.layers.nested import Nested

Tensor = Any

# Recurrent states of a trained network are far below this, and products with it far from overflow.
MAX_STATE = 1e6


def check(condition: Tensor, *message: Any) -> tf.Operation | None:
    """Refuse the request unless a condition holds.

    TensorFlow runs all that does not depend on a check at the same time: hand what the check
    returns to :func:`after`.

    Args:
        condition: Bool scalar.
        *message: Strings and tensors, which the error joins.

    Returns:
        The check; None outside of a graph.

    Raises:
        tf.errors.InvalidArgumentError: It does not hold; in a graph, when that runs.
    """
    # The raw op: the Python wrapper adds a conditional, with a function of its own, for each check.
    data = [tf.convert_to_tensor(part) for part in message]
    return tf.raw_ops.Assert(condition=condition, data=data, summarize=10)


def after(checks: Sequence[tf.Operation | None], values: Nested) -> Any:
    """Return tensors, in any nesting, that are there only once all checks hold."""
    with tf.control_dependencies([one for one in checks if one is not None]):
        return tf.nest.map_structure(tf.identity, values)


def same_rows(features: dict[str, Tensor]) -> dict[str, Tensor]:
    """Refuse inputs whose first axes differ, which would be broadcast or cut in silence.

    Args:
        features: Input name -> tensor ``(batch, ...)``.

    Returns:
        The inputs.
    """
    (first, tensor), *others = features.items()
    rows, checks = tf.shape(tensor)[0], []
    for name, other in others:
        found = tf.shape(other)[0]
        message = f"Inputs {first} and {name} must have the same number of rows. Received:"
        checks.append(check(found == rows, message, rows, found))
    return after(checks, features)


def check_magnitude(name: str, values: Tensor, largest: float = MAX_STATE) -> tf.Operation | None:
    """Refuse an input with numbers that no client can have been given: NaN, infinite, or huge.

    Args:
        name: Name of the input.
        values: Numbers of any shape.
        largest: The largest absolute value.
    """
    limit = tf.constant(largest, values.dtype)
    message = f"Input {name} must be finite, and at most so large:"
    return check(tf.reduce_all(tf.abs(values) <= limit), message, limit, "Received:", values)


def check_size(
    name: str, rows: Tensor, size: Tensor, largest: float, setting: str
) -> tf.Operation | None:
    """Refuse a request whose rows, padded to the longest of them, are too much work.

    Args:
        name: Name of the input.
        rows: Rows of the request, scalar.
        size: Size of the longest row, scalar.
        largest: The greatest product of the two.
        setting: The setting that says so.
    """
    product = tf.cast(rows, tf.float64) * tf.cast(size, tf.float64)
    return check(
        product <= largest,
        f"Input {name}: rows times the longest row must be at most {largest:g} ({setting}). "
        "Received rows, and the size of the longest:",
        rows,
        size,
    )


def cut_texts(text: Tensor, max_length: int, keep_end: bool = False) -> tuple[Tensor, Tensor]:
    """Cut texts to a number of bytes, between two characters.

    Args:
        text: Strings of any shape.
        max_length: Bytes that are kept of each at most.
        keep_end: Keep the end of a text instead of its beginning.

    Returns:
        The texts, and which were cut, bool of the same shape.

    Example:
        >>> texts, truncated = cut_texts(tf.constant(["short", "naïveté"]), 6)
        >>> [t.decode() for t in texts.numpy()], truncated.numpy().tolist()
        (['short', 'naïve'], [False, True])
    """
    length = tf.strings.length(text)
    truncated = length > max_length
    # The cut moves to the nearest byte that begins a character, at most three bytes away.
    place = length - max_length if keep_end else tf.fill(tf.shape(length), max_length)
    first = tf.clip_by_value(place if keep_end else place - 3, 0, length)
    around = tf.strings.substr(text, first, tf.fill(tf.shape(length), 4))
    codes = tf.io.decode_raw(around, tf.uint8, fixed_length=4)
    begins = tf.cast(tf.bitwise.bitwise_and(codes, 0xC0) != 0x80, tf.int32)
    if keep_end:
        start = first + tf.argmax(begins, axis=-1, output_type=tf.int32)
        size = tf.fill(tf.shape(length), max_length)
    else:
        backward = tf.reverse(begins[..., : min(3, max_length) + 1], axis=[-1])
        start = tf.zeros_like(length)
        size = max_length - tf.argmax(backward, axis=-1, output_type=tf.int32)
    kept = tf.strings.substr(text, tf.minimum(start, length), size)
    return tf.where(truncated, kept, text), truncated


def longest_text(text: Tensor) -> Tensor:
    """Return the bytes of the longest text, int32 scalar; 0 where there is none."""
    return tf.reduce_max(tf.concat([[0], tf.reshape(tf.strings.length(text), [-1])], axis=0))


def limited_texts(
    features: dict[str, Tensor], name: str, limits: TextServingConfig, keep_end: bool = False
) -> tuple[Tensor, Tensor]:
    """Cut the texts of an input, and refuse more of them than one request may have.

    Args:
        features: The inputs.
        name: Name of the input, strings ``(batch,)``.
        limits: A ``seqsuite.config.TextServingConfig``.
        keep_end: Keep the end of a text that is too long instead of its beginning.

    Returns:
        The texts, and which were cut, bool ``(batch,)``.
    """
    texts, truncated = cut_texts(features[name], limits.max_length, keep_end)
    rows, longest = tf.shape(texts)[0], longest_text(texts)
    fits = check_size(name, rows, longest, limits.max_request, "serving.max_request")
    return after([fits], (texts, truncated))
