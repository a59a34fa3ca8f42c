"""Random segmentations of a text that cost next to nothing: variants of words, drawn in advance.

Pieces do not reach across spaces, so a random segmentation of a sentence is one of each of its
words. Some are drawn for every distinct word, once; an epoch then chooses among them anew for every
place where the word stands. That takes milliseconds instead of seconds, the lengths of an epoch are
known when its batches are planned, and there are more segmentations than will ever be seen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqsuite.data.batching import RaggedColumn
from seqsuite.text.subwords import END_ID, SubwordVocabulary

# Of each word; a byte says which. A rare word is not seen so often.
NUM_VARIANTS = 32


class SampledPieces:
    """The sentences of one language, segmented at random.

    Args:
        words: The distinct words of each sentence, as numbers.
        variants: Ids of segmentations of words: first one of each word, then another of each, ...
        num_words: Number of distinct words.
        usual: Sentences as they are segmented outside training, with their ends.
        fixed: Sentences that are always segmented so, ``(sentences,)``.
        max_length: Ids at most; a draw that gives a sentence more leaves it as it usually is.
    """

    def __init__(
        self,
        words: RaggedColumn,
        variants: RaggedColumn,
        num_words: int,
        usual: RaggedColumn,
        fixed: np.ndarray,
        max_length: int,
    ):
        self.words = words
        self.variants = variants
        self.num_words = num_words
        self.usual = usual
        self.fixed = fixed
        self.max_length = max_length
        self._latest: tuple[int, np.ndarray] = (-1, np.zeros(0, np.int64))

    @classmethod
    def of_texts(
        cls,
        texts: Sequence[str],
        vocabulary: SubwordVocabulary,
        alpha: float,
        usual: RaggedColumn,
        fixed: np.ndarray,
        max_length: int,
    ) -> SampledPieces:
        """Draw variants of all words.

        Args:
            texts: Sentences in normal form.
            vocabulary: Their pieces.
            alpha: See :meth:`SubwordVocabulary.sample`.
            usual: See the class.
            fixed: See the class.
            max_length: See the class.
        """
        numbers: dict[str, int] = {}
        rows = [
            np.array([numbers.setdefault(word, len(numbers)) for word in text.split(" ")], np.int64)
            if text
            else np.zeros(0, np.int64)
            for text in texts
        ]
        drawn = [
            row
            for seed in range(NUM_VARIANTS)
            for row in vocabulary.sample(list(numbers), alpha, seed)
        ]
        words, variants = RaggedColumn.from_rows(rows), RaggedColumn.from_rows(drawn)
        return cls(words, variants, len(numbers), usual, fixed, max_length)

    def select(self, indices: np.ndarray) -> SampledPieces:
        """Return the sentences ``indices``, in that order."""
        words, usual = self.words.select(indices), self.usual.select(indices)
        rest = usual, self.fixed[indices], self.max_length
        return SampledPieces(words, self.variants, self.num_words, *rest)

    def lengths(self, draw: int) -> np.ndarray:
        """Return the number of ids of each sentence in a draw, its end included, ``(sentences,)``.

        Args:
            draw: The number of the draw, at least 0.
        """
        sizes = np.diff(self.variants.starts)[self._chosen(draw)]
        ends = np.concatenate([[0], np.cumsum(sizes)])[self.words.starts]
        lengths, usual = np.diff(ends) + 1, np.diff(self.usual.starts)
        return np.where(self.fixed | (lengths > self.max_length), usual, lengths)

    def draw(self, indices: np.ndarray, draw: int) -> RaggedColumn:
        """Return the ids of the sentences ``indices`` in a draw, each with its end.

        Args:
            indices: Which sentences.
            draw: The number of the draw.
        """
        chosen, rows = self._chosen(draw), []
        for index in indices:
            first, last = self.words.starts[index : index + 2]
            row = [*(self.variants.row(variant) for variant in chosen[first:last]), _END]
            is_usual = self.fixed[index] or sum(map(len, row)) > self.max_length
            rows.append(self.usual.row(index) if is_usual else np.concatenate(row))
        return RaggedColumn.from_rows(rows)

    def _chosen(self, draw: int) -> np.ndarray:
        """Return which row of the variants each word of all sentences is written with."""
        latest = self._latest
        if latest[0] != draw:
            generator = np.random.default_rng(draw)
            number = generator.integers(0, NUM_VARIANTS, len(self.words.values), dtype=np.uint8)
            chosen = number.astype(np.int64) * self.num_words + self.words.values
            self._latest = latest = draw, chosen
        return latest[1]


_END = np.array([END_ID], np.int32)
