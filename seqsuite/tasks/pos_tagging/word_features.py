"""What a word looks like, as ids: characters, prefixes and suffixes, and its shape."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable

import tensorflow as tf

from seqsuite.text.forms import lower_case
from seqsuite.text.truncation import head_and_tail

PADDING_ID = 0

_SHAPE_REWRITES = (
    (r"\p{Lu}", "X"),
    (r"[\p{Ll}\p{Lo}\p{Lm}\p{Lt}]", "x"),
    (r"\pN", "d"),
    # Runs say no more than two of a kind; the length of a word is told by its characters.
    (r"XX+", "XX"),
    (r"xx+", "xx"),
    (r"dd+", "dd"),
)


def fold(words: tf.Tensor) -> tf.Tensor:
    """Return the form under which words are counted: lower case, every digit a 0.

    Args:
        words: UTF-8 strings of any shape.

    Example:
        >>> fold(tf.constant(["May", "1984"])).numpy().tolist()
        [b'may', b'0000']
    """
    return tf.strings.regex_replace(lower_case(words), r"\pN", "0")


def folded(word: str) -> str:
    """Return what `fold` returns, of one word and outside of the graph.

    Example:
        >>> folded("May"), folded("1984")
        ('may', '0000')
    """
    return "".join("0" if unicodedata.category(c)[0] == "N" else c for c in word.lower())


def shapes(words: tf.Tensor) -> tf.Tensor:
    """Return the kinds of a word's characters in order, without their spelling.

    Args:
        words: UTF-8 strings of any shape.

    Example:
        >>> shapes(tf.constant(["McDonald", "F-16", "!?"])).numpy().tolist()
        [b'XxXxx', b'X-dd', b'!?']
    """
    for pattern, replacement in _SHAPE_REWRITES:
        words = tf.strings.regex_replace(words, pattern, replacement)
    return words


def affixes(words: tf.Tensor, longest: int) -> tf.Tensor:
    """Return prefixes and suffixes of 1 to ``longest`` characters, marked by which they are.

    Args:
        words: UTF-8 strings of any shape.
        longest: Characters of the longest.

    Returns:
        Strings of the shape of ``words`` with an axis of ``2 * longest`` added; affixes longer than
        a word are the word.

    Example:
        >>> affixes(tf.constant("walks"), 2).numpy().tolist()
        [b'w<', b'wa<', b'>s', b'>ks']
    """
    lengths = tf.strings.length(words, unit="UTF8_CHAR")
    # One past the last character is no position at all, not even of an empty string.
    zeros = tf.zeros_like(lengths)
    prefixes, suffixes = [], []
    for count in range(1, longest + 1):
        counts = tf.minimum(lengths, count)
        prefix = tf.strings.substr(words, zeros, counts, unit="UTF8_CHAR")
        suffix = tf.strings.substr(words, lengths - counts, counts, unit="UTF8_CHAR")
        prefixes.append(tf.strings.join([prefix, "<"]))
        suffixes.append(tf.strings.join([">", suffix]))
    return tf.stack([*prefixes, *suffixes], axis=-1)


def code_points(words: tf.Tensor, longest: int) -> tf.Tensor:
    """Return the Unicode code points of words, zero-padded; of long words head and tail are kept.

    Args:
        words: UTF-8 strings ``(words,)``.
        longest: Characters kept of a word.

    Returns:
        int32 ``(words, longest)``.

    Example:
        >>> code_points(tf.constant(["ab", "abcdef"]), 4).numpy().tolist()
        [[97, 98, 0, 0], [97, 98, 101, 102]]
    """
    decoded = tf.strings.unicode_decode(words, "UTF-8", errors="replace")
    # 0 is padding, so a NUL becomes another character that nobody writes.
    decoded = decoded.with_values(tf.maximum(decoded.values, 1))
    kept = head_and_tail(decoded, longest, longest // 2)
    return kept.to_tensor(PADDING_ID, shape=[None, longest])


def counted(values: Iterable, min_count: int) -> list:
    """Return the values that occur at least ``min_count`` times, most frequent first.

    Args:
        values: Anything that can be counted and ordered.
        min_count: Rarer values are left out.

    Example:
        >>> counted("abracadabra", 2)
        ['a', 'b', 'r']
    """
    # Ties are broken by value, so that the order of examples changes nothing.
    ranked = sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))
    return [value for value, count in ranked if count >= min_count]
