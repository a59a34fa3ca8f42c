"""Checks of requests in the graph, which fail as INVALID_ARGUMENT and name the input.

TensorFlow Serving checks only dtypes and ranks. Exported functions limit the work of a request, and
refuse invalid inputs, by ops of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from seqsuite.config import TextServingConfig
from seqsuite.layers.nested import Nested

Tensor = Any

# Far above the recurrent states of trained networks, and far from overflow in products.
MAX_STATE = 1e6


def check(condition: Tensor, *message: str | Tensor) -> tf.Operation | None:
    """Refuse the request unless a condition holds.

    TensorFlow runs ops that do not depend on the check in parallel: pass the check to
    :func:`after`.

    Args:
        condition: Bool scalar.
        *message: Strings and tensors of the error message.

    Returns:
        The op; None outside of a graph.

    Raises:
        tf.errors.InvalidArgumentError: If the condition is false; in a graph, when the op runs.
    """
    # The Python wrapper of this op adds a conditional and a function for each check.
    data = [tf.convert_to_tensor(part) for part in message]
    return tf.raw_ops.Assert(condition=condition, data=data, summarize=10)


def after(checks: Sequence[tf.Operation | None], values: Nested) -> Nested:
    """Return tensors, in any structure, that depend on checks."""
    with tf.control_dependencies([one for one in checks if one is not None]):
        return tf.nest.map_structure(tf.identity, values)


def same_rows(features: dict[str, Tensor]) -> dict[str, Tensor]:
    """Refuse inputs with different batch sizes, which would be broadcast or cut silently.

    Args:
        features: Input name -> tensor ``(batch, ...)``.

    Returns:
        The inputs.
    """
    (first, tensor), *others = features.items()
    rows, checks = tf.shape(tensor)[0], []
    for name, other in others:
        size = tf.shape(other)[0]
        message = f"Inputs {first} and {name} must have the same number of rows. Received:"
        checks.append(check(size == rows, message, rows, size))
    return after(checks, features)


def check_magnitude(name: str, values: Tensor, largest: float = MAX_STATE) -> tf.Operation | None:
    """Refuse an input with NaN, infinite or huge numbers.

    Args:
        name: Name of the input.
        values: Numbers of any shape.
        largest: The largest allowed absolute value.
    """
    limit = tf.constant(largest, values.dtype)
    message = f"Input {name} must be finite, with magnitudes of at most:"
    return check(tf.reduce_all(tf.abs(values) <= limit), message, limit, "Received:", values)


def check_size(
    name: str, rows: Tensor, size: Tensor, largest: float, setting: str
) -> tf.Operation | None:
    """Refuse a request whose rows, padded to the longest, are too large in total.

    Args:
        name: Name of the input.
        rows: Rows of the request, scalar.
        size: Size of the longest row, scalar.
        largest: The largest allowed product of the two.
        setting: Name of the setting with this limit.
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
    """Truncate texts to a number of bytes, at a character boundary.

    Args:
        text: UTF-8 strings of any shape.
        max_length: Maximum length in bytes.
        keep_end: Keep the end of a text instead of its beginning.

    Returns:
        The texts, and whether each was truncated, bool of the same shape.

    Example:
        >>> texts, truncated = cut_texts(tf.constant(["short", "naïveté"]), 6)
        >>> [t.decode() for t in texts.numpy()], truncated.numpy().tolist()
        (['short', 'naïve'], [False, True])
    """
    length = tf.strings.length(text)
    truncated = length > max_length
    # Move the cut to the nearest first byte of a character, at most three bytes away.
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
    """Return the length of the longest text in bytes, int32 scalar; 0 for no texts."""
    return tf.reduce_max(tf.concat([[0], tf.reshape(tf.strings.length(text), [-1])], axis=0))


def limited_texts(
    features: dict[str, Tensor], name: str, limits: TextServingConfig, keep_end: bool = False
) -> tuple[Tensor, Tensor]:
    """Truncate the texts of an input, and refuse requests that are too large.

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
