"""Word vectors as a start for an embedding table: from the training texts alone, or from a file.

Factorising how often words occur near each other takes half a minute where a language model takes
half an hour, and gives a recurrent classifier most of what it would learn about rare words.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse
from sklearn.utils.extmath import randomized_svd


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
