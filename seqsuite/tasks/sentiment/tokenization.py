"""Normalisation and tokenisation of text with TensorFlow string ops alone, so that it is served."""

from __future__ import annotations

import tensorflow as tf

from seqsuite.text.forms import lower_case, unify

# An apostrophe inside a word is kept as U+2019, so that all others can be split off as quotes.
_APOSTROPHE = "\u2019"

_REWRITES = (
    (r"(?i)<br\s*/?>", " "),
    # What web pages are copied with.
    (r"&(?:quot|#0*34);", '"'),
    (r"&(?:apos|rsquo|lsquo|#0*39|#x0*27);", "'"),
    (r"&lt;", "<"),
    (r"&gt;", ">"),
    (r"&(?:nbsp|#0*160);", " "),
    (r"&amp;", "&"),
    (r"[\x{2018}\x{2032}\x{0060}\x{00B4}]", "'"),
    (_APOSTROPHE, "'"),
    (r"([\pL\pN])'(\pL)", r"\1" + _APOSTROPHE + r"\2"),
    # A second pass catches overlaps ("rock'n'roll").
    (r"([\pL\pN])'(\pL)", r"\1" + _APOSTROPHE + r"\2"),
    # Negations become a token of their own, as the Penn Treebank writes them.
    (r"(\pL)n" + _APOSTROPHE + r"t\b", r"\1 n" + _APOSTROPHE + "t"),
    (r"\bcannot\b", "can not"),
    (r"(\pL)" + _APOSTROPHE + r"(s|re|ve|ll|d|m)\b", r"\1 " + _APOSTROPHE + r"\2"),
    # Scripts that are written without spaces are read character by character.
    (r"([\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}])", r" \1 "),
    # Runs of one sign ("...", "!!!") stay one token of at most three signs.
    (r"\.{3,}", " ... "),
    (r"!{2,}", " !! "),
    (r"\?{2,}", " ?? "),
    (r"([^\pL\pM\pN\s.!?" + _APOSTROPHE + "])", r" \1 "),
    (r"([\pL\pN])([.!?]+)(\s|$)", r"\1 \2 \3"),
    (r"([^\pL\pN\s.!?" + _APOSTROPHE + r"])([.!?]+)", r"\1 \2 "),
    (r"([.!?])([\pL])", r"\1 \2"),
    (r"(\pL)([.!?])", r"\1 \2"),
)


def tokenize(text: tf.Tensor) -> tf.RaggedTensor:
    r"""Split texts into lower-case tokens; punctuation, emoji and negations are tokens.

    Args:
        text: Texts, string ``(batch,)``; invalid UTF-8 is replaced, never an error.

    Returns:
        Tokens, ragged string ``(batch, (tokens))``; an empty text has no token.

    Example:
        >>> tokenize(tf.constant(["Isn't bad, at all!"]))[0].numpy().tolist()
        [b'is', b'n\xe2\x80\x99t', b'bad', b',', b'at', b'all', b'!']
    """
    text = lower_case(unify(text))
    for pattern, replacement in _REWRITES:
        text = tf.strings.regex_replace(text, pattern, replacement)
    return tf.strings.split(text)
