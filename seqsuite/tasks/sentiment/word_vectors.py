"""Word vectors as a start for an embedding table: from the training texts alone, or from a file.

Factorising how often words occur near each other takes half a minute where a language model takes
half an hour, and gives a recurrent classifier most of what it would learn about rare words.
"""

from __future__ import annotations

import gzip
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
from sklearn.utils.extmath import randomized_svd

from seqsuite.errors import UserError


def co_occurrence_vectors(
    rows: Sequence[np.ndarray],
    vocabulary_size: int,
    size: int,
    window: int = 5,
    first_word_id: int = 2,
    seed: int = 0,
) -> np.ndarray:
    """Factorise the positive pointwise mutual information of words that occur near each other.

    Args:
        rows: Token ids of each text, int ``(tokens,)``.
        vocabulary_size: Number of token ids.
        size: Features per word.
        window: Words on each side that count as near; a pair at distance ``d`` counts ``1 / d``.
        first_word_id: Lower ids (padding, unknown) keep vectors of zeros.
        seed: Seed of the randomised factorisation.

    Returns:
        float32 ``(vocabulary_size, size)`` with standard deviation 1 over all words.

    Example:
        >>> rows = [np.array([2, 3, 2, 3, 4, 5, 4, 5])] * 3
        >>> co_occurrence_vectors(rows, vocabulary_size=6, size=2).shape
        (6, 2)

    Reference:
        Levy and Goldberg, "Neural Word Embedding as Implicit Matrix Factorization", 2014; Levy et
        al., "Improving Distributional Similarity with Lessons Learned from Word Embeddings", 2015
        (context smoothing 0.75, square root of the singular values).
    """
    gap = np.zeros(window, np.int64)  # keeps the end of one text away from the start of the next
    ids = np.concatenate([part for row in rows for part in (row, gap)] or [gap]).astype(np.int64)
    shape = (vocabulary_size, vocabulary_size)
    counts = scipy.sparse.csr_matrix(shape, dtype=np.float32)
    for distance in range(1, window + 1):
        left, right = ids[:-distance], ids[distance:]
        real = (left >= first_word_id) & (right >= first_word_id)
        values = np.full(int(real.sum()), 1.0 / distance, np.float32)
        counts = counts + scipy.sparse.csr_matrix((values, (left[real], right[real])), shape=shape)
    counts = scipy.sparse.coo_matrix(counts + counts.T)
    size_used = min(size, vocabulary_size - first_word_id - 1)
    if counts.nnz == 0 or size_used < 1:
        return np.zeros((vocabulary_size, size), np.float32)
    totals = np.asarray(counts.sum(axis=1)).ravel()
    context = totals**0.75 / np.sum(totals**0.75)
    information = np.log(counts.data / (totals[counts.row] * context[counts.col]))
    positive = information > 0
    matrix = scipy.sparse.csr_matrix(
        (information[positive], (counts.row[positive], counts.col[positive])), shape=shape
    )
    if matrix.nnz == 0:
        return np.zeros((vocabulary_size, size), np.float32)
    left_vectors, strengths, _ = randomized_svd(matrix, size_used, n_iter=3, random_state=seed)
    vectors = np.zeros((vocabulary_size, size), np.float32)
    vectors[:, :size_used] = left_vectors * np.sqrt(strengths)
    vectors[:first_word_id] = 0  # the factorisation leaves rounding errors there
    return vectors / max(float(vectors[first_word_id:].std()), 1e-12)


def label_ratios(
    rows: Sequence[np.ndarray],
    targets: np.ndarray,
    vocabulary_size: int,
    num_labels: int,
    first_word_id: int = 2,
) -> np.ndarray:
    """Return how much more often a label's texts hold a word than the other texts do.

    Args:
        rows: Token ids of each text, int ``(tokens,)``.
        targets: Label ids int ``(texts,)``, or a 0/1 matrix ``(texts, labels)``.
        vocabulary_size: Number of token ids.
        num_labels: Number of labels.
        first_word_id: Lower ids (padding, unknown) keep zeros.

    Returns:
        Log-count ratios float32 ``(vocabulary_size, num_labels)`` with standard deviation 1.

    Example:
        >>> rows = [np.array([2, 4]), np.array([3, 4])]
        >>> ratios = label_ratios(rows, np.array([0, 1]), vocabulary_size=5, num_labels=2)
        >>> (ratios[2] > 0).tolist(), bool(abs(ratios[4]).max() < 1e-6)
        ([True, False], True)

    Reference:
        Wang and Manning, "Baselines and Bigrams", ACL 2012, https://aclanthology.org/P12-2018/
    """
    matrix = np.eye(num_labels)[targets] if targets.ndim == 1 else np.asarray(targets)
    counts = np.ones((vocabulary_size, num_labels))
    others = np.ones((vocabulary_size, num_labels))
    for row, target in zip(rows, matrix, strict=True):
        words = np.unique(row)
        counts[words] += target
        others[words] += 1 - target
    ratios = np.log(counts / counts.sum(axis=0)) - np.log(others / others.sum(axis=0))
    ratios[:first_word_id] = 0
    return (ratios / max(float(ratios.std()), 1e-12)).astype(np.float32)


def read_word_vectors(path: str | Path, size: int, limit: int) -> dict[str, np.ndarray]:
    """Read word vectors in the text format of word2vec or GloVe.

    Args:
        path: A file of lines ``word number number ...``, with or without a first line
            ``words features``; also ``.gz``.
        size: Features that a vector must have.
        limit: Vectors read at most; files list frequent words first.

    Returns:
        Word in lower case with digits as 0 -> float32 ``(size,)``; of several spellings the first.

    Raises:
        UserError: The file does not exist, or a line is no vector of that size.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"Word vectors {path} do not exist. Give --data.word_vectors a text file.")
    vectors: dict[str, np.ndarray] = {}
    opener: Any = gzip.open if path.name.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8", errors="replace", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip() or (number == 1 and len(line.split()) == 2):
                continue
            # Words may hold spaces, so the numbers are counted from the end. Not in the first line,
            # which shows vectors that are longer than wanted.
            word, *numbers = line.rstrip().rsplit(" ", size)
            try:
                vector = np.array(numbers, np.float32)
            except ValueError:
                vector = np.zeros(0, np.float32)
            too_long = not vectors and " " in word
            if len(vector) != size or too_long or not np.isfinite(vector).all():
                raise UserError(
                    f"{path} line {number} is no word with {size} numbers. If the file holds "
                    f"vectors of {len(line.split()) - 1} numbers, set --model.embedding_size."
                )
            # As `seqsuite.tasks.pos_tagging.word_features.fold` does in the graph.
            key = "".join("0" if unicodedata.category(c)[0] == "N" else c for c in word.lower())
            vectors.setdefault(key, vector)
            if len(vectors) >= limit:
                break
    if not vectors:
        raise UserError(f"{path} holds no word vectors.")
    return vectors
