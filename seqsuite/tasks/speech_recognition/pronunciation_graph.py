"""Spelled texts are read back in the graph, by a table of spelled words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tensorflow as tf

from seqsuite.tasks.speech_recognition.pronunciations import FIRST_CODE, Spelling

if TYPE_CHECKING:
    from tensorflow import Tensor


Tensor = Any


class SpelledText(tf.Module):
    """What `Spelling.read` is, for tensors and exported graphs.

    Args:
        spelling: The words, and how they are spelled.

    Example:
        >>> spelling = Spelling(["T", "UW"], {"two": ["T UW"]})
        >>> spelled = spelling.spell("two two")
        >>> SpelledText(spelling)(tf.constant([spelled, spelled[:1]])).numpy().tolist()
        [b'two two', b'[T]']
    """

    def __init__(self, spelling: Spelling):
        super().__init__()
        words = tf.constant(list(spelling.words)), tf.constant(list(spelling.words.values()))
        initializer = tf.lookup.KeyValueTensorInitializer(*words)
        self._words = tf.lookup.StaticHashTable(initializer, default_value="")
        self._units = tuple(spelling.units)
        self._units_are_words = spelling.units_are_words

    def __call__(self, texts: Tensor) -> Tensor:
        """Return spelled texts as words.

        Args:
            texts: Strings ``(batch,)``.

        Returns:
            Strings ``(batch,)``.
        """
        spelled = tf.strings.split(texts)
        known = self._words.lookup(spelled.flat_values)
        codes = tf.strings.unicode_decode(spelled.flat_values, "UTF-8")
        units = tf.gather(tf.constant(self._units), codes.flat_values - FIRST_CODE)
        rows = codes.with_flat_values(units)
        unknown = _joined(rows, " ") if self._units_are_words else "[" + _joined(rows, "-") + "]"
        return _joined(spelled.with_flat_values(tf.where(known == "", unknown, known)), " ")

    def read_further(self, texts: Tensor, waiting: Tensor, ends: Tensor) -> tuple[Tensor, Tensor]:
        """Return the words that are over, and what waits for its end.

        Args:
            texts: What is spelled in addition, strings ``(batch,)``.
            waiting: What waited before: a space where there were words, and then the characters of
                a word that has begun. At first it is empty.
            ends: Whether nothing comes after it, bool scalar.

        Returns:
            Words, with a space before them where there were others, and what waits now.
        """
        spoken = tf.strings.regex_full_match(waiting, " .*")
        texts = waiting + texts + tf.where(ends, " ", "")
        # A unit that is a word cannot go on.
        last = "$" if self._units_are_words else "[^ ]*$"
        over = tf.strings.regex_replace(texts, last, "")
        begun = tf.strings.substr(texts, tf.strings.length(over), tf.strings.length(texts))
        words = self(over)
        some = words != ""
        return (
            tf.where(spoken & some, " " + words, words),
            tf.where(spoken | some, " " + begun, begun),
        )


def _joined(rows: Any, separator: str) -> Tensor:
    return tf.strings.unsorted_segment_join(
        rows.flat_values, rows.value_rowids(), rows.nrows(), separator
    )
