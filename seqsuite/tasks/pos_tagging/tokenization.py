"""Sentences into words the way treebanks do, with TensorFlow string ops alone, case kept."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from seqsuite.text.forms import unify

LANGUAGES = ("english", "french", "none")

_CLITICS = {
    "english": (
        (r"(?i)(\pL)(n't)\b", r"\1 \2"),
        (r"(?i)\b(can)(not)\b", r"\1 \2"),
        (r"(?i)(\pL)('(?:s|re|ve|ll|d|m))\b", r"\1 \2"),
        (r"(?i)(^|\s)(gon|wan)(na)\b", r"\1\2 \3"),
    ),
    "french": (
        (r"(?i)(^|[^\pL])((?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu)')(\pL)", r"\1\2 \3"),
        # In one rule, or "a-t-il" would be split at both hyphens.
        (r"(?i)(\pL)(-(?:t-(?:ils?|elles?|on)|je|tu|ils?|elles?|on|nous|vous|ce|moi|toi|lui|leur"
         r"|les?|la|y|en))\b", r"\1 \2"),
    ),
    "none": (),
}  # fmt: skip

_SPLITS = (
    # Runs of one sign are one word: "...", "!!!", "--".
    (r"(\.{2,}|!+|\?+|-{2,}|={2,}|_{2,}|\*{2,})", r" \1 "),
    (r"([\"\x{201C}\x{201D}\x{00AB}\x{00BB}()\[\]{}<>;\x{2026}|])", r" \1 "),
    # A comma or colon inside a number or a link belongs to it.
    (r"([,:])([^\pN/\s]|\s|$)", r" \1 \2"),
    (r"([^\pN\s])([,:])(\pN)", r"\1 \2 \3"),
    (r"([$\x{20AC}\x{00A3}#])(\pN)", r"\1 \2"),
    (r"(\pN)(%)", r"\1 \2"),
    # A quote before a word or after it, but not the apostrophe of a clitic.
    (r"(^|\s)'(\pL{4,})", r"\1' \2"),
    (r"(\pL\pL[^s\s])'(\s|$)", r"\1 '\2"),
    # The period that ends a sentence; those of abbreviations stand before another word.
    (r"([^\s.])\.(\s*[\"')\]]*\s*)$", r"\1 .\2"),
)


def tokenize_sentence(text: tf.Tensor, language: str = "english") -> tf.RaggedTensor:
    """Split sentences into words and punctuation; case is kept, every apostrophe becomes "'".

    A plain set of rules that follows treebanks of the language closely enough for tagging; words
    that were split by hand or by a better tool are served through the ``tokens`` signature.

    Args:
        text: Sentences, string ``(batch,)``; invalid UTF-8 is replaced, never an error.
        language: ``"english"`` (``do|n't``, ``John|'s``), ``"french"`` (``l'|homme``), or
            ``"none"`` for punctuation alone.

    Returns:
        Words, ragged string ``(batch, (words))``; an empty text has no word.

    Example:
        >>> tokenize_sentence(tf.constant(["John doesn't, sadly."]))[0].numpy().tolist()
        [b'John', b'does', b"n't", b',', b'sadly', b'.']
    """
    text = unify(text)
    # French type puts a space that does not break before ":" and "!".
    text = tf.strings.regex_replace(text, r"\pZ", " ")
    text = tf.strings.regex_replace(text, r"[\x{2018}\x{2019}\x{02BC}]", "'")
    for pattern, replacement in (*_SPLITS, *_CLITICS[language]):
        text = tf.strings.regex_replace(text, pattern, replacement)
    return tf.strings.split(text)


def words_of(texts: Sequence[str], language: str = "english") -> list[list[str]]:
    """Return the words of sentences, outside of the graph; see :func:`tokenize_sentence`.

    Example:
        >>> words_of(["Go home!"])
        [['Go', 'home', '!']]
    """
    rows = tokenize_sentence(tf.constant(list(texts), tf.string), language).to_list()
    return [[word.decode("utf-8") for word in row] for row in rows]
