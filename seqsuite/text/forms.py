"""Unicode normalisation and case of texts, in the graph, independent of the locale."""

from __future__ import annotations

import functools
import unicodedata

import numpy as np
import tensorflow as tf

# Soft hyphens, zero-width spaces and joiners, byte order marks, variation selectors: they show
# nothing and would part a word.
_INVISIBLE = r"[\x{00AD}\x{200B}-\x{200D}\x{2060}\x{FEFF}\x{FE00}-\x{FE0F}]+"
# Marks that combine with the letter before them, and the vowels and finals of Hangul.
_COMBINING = r"[\pM\x{1161}-\x{1175}\x{11A8}-\x{11C2}]"
# A letter with three marks takes three passes.
_MAX_MARKS = 3
_SHIFT = 1 << 21

# Capitals that TensorFlow's ICU treats by the locale of the process: Turkish and Azerbaijani, and
# Lithuanian, which keeps a dot under accents.
_CAPITALS = (
    ("İ", "i\u0307"),
    ("I", "i"),
    ("J", "j"),
    ("Į", "į"),
    ("Ì", "ì"),
    ("Í", "í"),
    ("Ĩ", "ĩ"),
)


def unify(text: tf.Tensor) -> tf.Tensor:
    r"""Return texts in composed form (Unicode NFC) without invisible characters.

    Args:
        text: Strings ``(batch,)``; bytes that are not UTF-8 become U+FFFD.

    Returns:
        Strings ``(batch,)``.

    Example:
        >>> unify(tf.constant(["cafe\u0301", "won\u00adderful"])).numpy().tolist()
        [b'caf\xc3\xa9', b'wonderful']
    """
    text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8", errors="replace")
    text = tf.strings.regex_replace(text, _INVISIBLE, "")
    # Most batches hold nothing to compose.
    marked = tf.strings.regex_full_match(text, f"(?s).*{_COMBINING}.*")
    return tf.cond(tf.reduce_any(marked), lambda: compose(text), lambda: tf.identity(text))


def lower_case(text: tf.Tensor) -> tf.Tensor:
    """Return texts in lower case, whatever the locale of the process is.

    Args:
        text: UTF-8 strings of any shape.

    Returns:
        Strings of that shape.

    Example:
        >>> lower_case(tf.constant(["IT IS"])).numpy().tolist()
        [b'it is']
    """
    for capital, small in _CAPITALS:
        text = tf.strings.regex_replace(text, capital, small)
    return tf.strings.lower(text, encoding="utf-8")


def compose(text: tf.Tensor) -> tf.Tensor:
    r"""Return texts in which letters and the marks after them are one character where one exists.

    The composition of Unicode's NFC for texts whose marks are in canonical order, as those of NFD
    are.

    Args:
        text: UTF-8 strings ``(batch,)``.

    Returns:
        Strings ``(batch,)``.

    Example:
        >>> compose(tf.constant(["e\u0302\u0301"])).numpy()[0].decode()
        'ế'

    Reference:
        Unicode Standard Annex 15, https://www.unicode.org/reports/tr15/
    """
    codes = tf.strings.unicode_decode(text, "UTF-8", errors="replace")
    for _ in range(_MAX_MARKS):
        codes = _composed(codes)
    return tf.strings.unicode_encode(codes, "UTF-8")


def _composed(codes: tf.RaggedTensor) -> tf.RaggedTensor:
    """Compose each character with the one after it, where the two are one."""
    pairs, compositions = (tf.constant(part) for part in _compositions())
    values, rows = tf.cast(codes.values, tf.int64), codes.value_rowids()
    following = tf.concat([values[1:], [0]], axis=0)
    same_row = tf.concat([rows[1:], [-1]], axis=0) == rows
    pair = values * _SHIFT + following
    place = tf.minimum(tf.searchsorted(pairs, pair), len(_compositions()[0]) - 1)
    single = tf.where(tf.gather(pairs, place) == pair, tf.gather(compositions, place), 0)
    single = tf.where(single > 0, single, _hangul(values, following))
    found = (single > 0) & same_row
    # Of three that could be two, the first two.
    found &= ~tf.concat([[False], found[:-1]], axis=0)
    kept = ~tf.concat([[False], found[:-1]], axis=0)
    joined = tf.cast(tf.where(found, single, values), tf.int32)
    return tf.RaggedTensor.from_value_rowids(
        tf.boolean_mask(joined, kept), tf.boolean_mask(rows, kept), nrows=codes.nrows()
    )


def _hangul(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """Return the syllables of a lead and a vowel, or of a syllable and a final; else 0."""
    lead, vowel, final = first - 0x1100, second - 0x1161, second - 0x11A7
    open_syllable = (lead >= 0) & (lead < 19) & (vowel >= 0) & (vowel < 21)
    syllable = first - 0xAC00
    closes = (syllable >= 0) & (syllable < 11172) & (syllable % 28 == 0)
    closes &= (final > 0) & (final < 28)
    closed = tf.where(closes, first + final, 0)
    return tf.where(open_syllable, 0xAC00 + (lead * 21 + vowel) * 28, closed)


@functools.cache
def _compositions() -> tuple[np.ndarray, np.ndarray]:
    """Return all pairs of characters that are one, ordered, and that one."""
    found = {}
    for code in range(0x30000):
        parts = unicodedata.decomposition(chr(code)).split()
        if (
            len(parts) == 2
            and parts[0][0] != "<"
            and unicodedata.normalize("NFC", chr(code)) == chr(code)
        ):
            first, second = (int(part, 16) for part in parts)
            found[first * _SHIFT + second] = code
    pairs = sorted(found)
    return np.array(pairs, np.int64), np.array([found[pair] for pair in pairs], np.int64)
