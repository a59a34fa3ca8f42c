"""Reversible tokenisation into words and signs, in the graph: marks stand for missing spaces.

"It's here." becomes ``It ￭'￭ s here ￭.`` (marks as in Moses' and OpenNMT's tokenisers), so that
words that a model does not know can be put in by their spelling and the sentence be read again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import keras
import tensorflow as tf

from seqsuite.data.batching import RaggedColumn
from seqsuite.errors import UserError
from seqsuite.text.subwords import UNKNOWN_ID, UNKNOWN_SURFACE, encode_texts, normalize

if TYPE_CHECKING:
    import numpy as np


JOINER = "\uffed"
_SPECIAL = ("<pad>", "<unk>", "<s>", "</s>")
_LETTER, _SIGN = r"([\pL\pM\pN])", r"([^\pL\pM\pN \x{FFED}])"
_SPLITS = (
    (JOINER, "\u25a0"),
    # Twice, for every second pair of a run of signs.
    (_SIGN + _SIGN, rf"\1 {JOINER}\2"),
    (_SIGN + _SIGN, rf"\1 {JOINER}\2"),
    (_LETTER + _SIGN, rf"\1 {JOINER}\2"),
    (_SIGN + _LETTER, rf"\1{JOINER} \2"),
)
_CHUNK = 4096


def split_words(text: tf.Tensor) -> tf.RaggedTensor:
    """Return the words and signs of texts, ragged string ``(batch, (words))``.

    Args:
        text: Strings ``(batch,)``.

    Example:
        >>> words = split_words(tf.constant(["It's (very) odd..."]))
        >>> " ".join(word.decode() for word in words.to_list()[0])
        "It ￭'￭ s (￭ very ￭) odd ￭. ￭. ￭."
    """
    text = normalize(text)
    for pattern, replacement in _SPLITS:
        text = tf.strings.regex_replace(text, pattern, replacement)
    return tf.strings.split(text)


def join_words(words: tf.RaggedTensor) -> tf.Tensor:
    """Return the texts of words and signs, strings ``(batch,)``: the inverse of `split_words`.

    Example:
        >>> join_words(split_words(tf.constant(["It's (very) odd..."]))).numpy().tolist()
        [b"It's (very) odd..."]
    """
    text = tf.strings.reduce_join(words, axis=-1, separator=" ")
    return tf.strings.regex_replace(text, f" ?{JOINER} ?", "")


@keras.saving.register_keras_serializable(package="seqsuite")
class WordVocabulary(tf.Module):
    """Whole words and signs, with the ids and methods of `SubwordVocabulary`.

    Args:
        model: The words, from id 4 on.

    Example:
        >>> vocabulary = WordVocabulary.train(["a dog, a cat", "a dog"], 7)
        >>> vocabulary.pieces[4:]
        ['a', 'dog', 'cat']
        >>> vocabulary.tokenize(tf.constant(["a cat."])).to_list()
        [[4, 6, 1]]
    """

    def __init__(self, model: Sequence[str]):
        super().__init__()
        self.model = tuple(model)
        keys = tf.constant(self.model, tf.string)
        values = tf.range(len(_SPECIAL), len(_SPECIAL) + len(self.model), dtype=tf.int32)
        initializer = tf.lookup.KeyValueTensorInitializer(keys, values)
        self._table = tf.lookup.StaticHashTable(initializer, default_value=UNKNOWN_ID)

    @classmethod
    def train(cls, texts: Sequence[str], size: int) -> WordVocabulary:
        """Return the most frequent words and signs of sentences.

        Args:
            texts: Sentences.
            size: Number of ids at most.

        Raises:
            UserError: There is no text.
        """
        counts: Counter[bytes] = Counter()
        for start in range(0, len(texts), _CHUNK):
            words = split_words(tf.constant(texts[start : start + _CHUNK]))
            counts.update(words.flat_values.numpy().tolist())
        if not counts:
            raise UserError("Words cannot be learned: all training sentences are empty.")
        # Ties are broken by the word, so that the order of sentences does not matter.
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        return cls([word.decode("utf-8") for word in ranked[: max(1, size - len(_SPECIAL))]])

    def get_config(self) -> dict:
        """Return the words."""
        return {"model": list(self.model)}

    @classmethod
    def from_config(cls, config: dict) -> WordVocabulary:
        """Return a vocabulary from what :meth:`get_config` gave."""
        return cls(**config)

    @property
    def size(self) -> int:
        """Number of ids."""
        return len(self.model) + len(_SPECIAL)

    @property
    def pieces(self) -> list[str]:
        """Words by id; U+FFED stands where there is no space."""
        return [*_SPECIAL, *self.model]

    def tokenize(self, text: tf.Tensor) -> tf.RaggedTensor:
        """Return the ids of texts ``(batch,)``, ragged int32 ``(batch, (time))``."""
        return tf.ragged.map_flat_values(self._table.lookup, split_words(text))

    def detokenize(self, token_ids: tf.Tensor | tf.RaggedTensor) -> tf.Tensor:
        """Return the texts that ids stand for; see :meth:`SubwordVocabulary.detokenize`."""
        if not isinstance(token_ids, tf.RaggedTensor):
            token_ids = tf.RaggedTensor.from_tensor(token_ids)
        flat = token_ids.flat_values
        # Padding, begin and end say nothing.
        says = (flat == UNKNOWN_ID) | (flat < 0) | (flat >= len(_SPECIAL))
        said = tf.ragged.boolean_mask(token_ids, token_ids.with_flat_values(says))
        words = self.lookup(said.flat_values)
        words = tf.where(words == _SPECIAL[UNKNOWN_ID], UNKNOWN_SURFACE, words)
        return join_words(said.with_flat_values(words))

    def lookup(self, token_ids: np.ndarray) -> tf.Tensor:
        """Return the word of each id, strings of the same shape."""
        known = (token_ids >= 0) & (token_ids < self.size)
        return tf.gather(tf.constant(self.pieces), tf.where(known, token_ids, UNKNOWN_ID))

    def encode(self, texts: Sequence[str]) -> RaggedColumn:
        """Return the ids of many texts: :meth:`tokenize`, some thousands at a time."""
        return encode_texts(self.tokenize, texts)

    def detokenize_with_source(
        self, token_ids: tf.RaggedTensor, source: tf.Tensor, attention: tf.Tensor
    ) -> tf.Tensor:
        """Return the texts of ids, with source words in place of unknown ones (Luong et al. 2015).

        Args:
            token_ids: Ragged int32 ``(batch, (time))``, of words alone.
            source: The texts that were translated, ``(batch,)``.
            attention: Weights ``(batch, at least time, source time)``, the source as its words
                lie, from the first; what lies behind the last word is not looked at.

        Returns:
            Strings ``(batch,)``: each unknown word is the source word that most attention was on.

        Reference:
            Luong et al. (2015), https://aclanthology.org/P15-1002/
        """
        words = split_words(source)
        spelled = words.to_tensor(UNKNOWN_SURFACE)
        # Of no words at all, the one that says so.
        spelled = tf.pad(spelled, [[0, 0], [0, 1]], constant_values=UNKNOWN_SURFACE)
        width = tf.minimum(tf.shape(spelled)[1], tf.shape(attention)[2])
        real = tf.sequence_mask(words.row_lengths(), width)[:, None]
        weights = tf.where(real, attention[:, :, :width], -1)
        best = tf.argmax(weights, axis=-1, output_type=tf.int32)
        chosen = tf.gather(spelled, best, batch_dims=1)
        chosen = tf.RaggedTensor.from_tensor(chosen, lengths=token_ids.row_lengths())
        flat = token_ids.flat_values
        spelled_out = tf.where(flat == UNKNOWN_ID, chosen.flat_values, self.lookup(flat))
        return join_words(token_ids.with_flat_values(spelled_out))
