"""Per-label scores of a text's n-grams, looked up in the graph: naive Bayes as a second input.

A bag of n-grams is hard to beat on long documents (Wang and Manning, "Baselines and Bigrams", ACL
2012). Rather than lose to it, a recurrent model can take its score as one more input. Two things
make that work: the lookup is a hashed table inside the graph, so the exported model needs nothing
else; and the scores of *training* examples come from models that never saw them (out of fold), so
that training does not learn to trust a score that has memorised its own examples.
"""

from __future__ import annotations

import keras
import numpy as np
import scipy.sparse
import tensorflow as tf
from sklearn.model_selection import GroupKFold

from seqsuite.tasks.sentiment.naive_bayes import fit_naive_bayes_logistic


@keras.saving.register_keras_serializable(package="seqsuite")
class NgramScores(keras.layers.Layer):
    """Score texts by a linear model over their hashed n-grams.

    Args:
        num_labels: Number of scores per text.
        num_buckets: Rows of the hashed table; n-grams that share a bucket share a weight.
        max_order: Longest n-gram counted.
        num_folds: Folds of the out-of-fold scores for training examples.
        inverse_regularization: ``C`` of the logistic regression.
        **kwargs: Keras layer arguments.

    Call arguments:
        tokens: Ragged string ``(batch, (tokens))``.

    Returns:
        float32 ``(batch, num_labels)``: log-odds per label; an empty text gets the intercepts.

    Example:
        >>> layer = NgramScores(num_labels=2, num_buckets=64)
        >>> layer(tf.ragged.constant([["a", "fine", "film"]])).shape
        TensorShape([1, 2])

    Reference:
        Wang and Manning (2012), https://aclanthology.org/P12-2018/
    """

    def __init__(
        self,
        num_labels: int,
        num_buckets: int = 2**21,
        max_order: int = 3,
        num_folds: int = 5,
        inverse_regularization: float = 1.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.num_labels = num_labels
        self.num_buckets = num_buckets
        self.max_order = max_order
        self.num_folds = num_folds
        self.inverse_regularization = inverse_regularization
        self.out_of_fold_scores: np.ndarray | None = None
        self.table = self.add_weight(
            shape=(num_buckets, num_labels), initializer="zeros", trainable=False, name="table"
        )
        self.intercepts = self.add_weight(
            shape=(num_labels,), initializer="zeros", trainable=False, name="intercepts"
        )
        self.built = True

    def get_config(self) -> dict:
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "num_labels": self.num_labels,
            "num_buckets": self.num_buckets,
            "max_order": self.max_order,
            "num_folds": self.num_folds,
            "inverse_regularization": self.inverse_regularization,
        }

    def buckets(self, tokens: tf.RaggedTensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return (row, bucket) of every distinct n-gram bucket of each text, int64 ``(pairs,)``."""
        grams = tf.concat(
            [tf.strings.ngrams(tokens, order) for order in range(1, self.max_order + 1)], axis=1
        )
        hashed = tf.strings.to_hash_bucket_fast(grams.flat_values, self.num_buckets)
        keys, _ = tf.unique(grams.value_rowids() * self.num_buckets + hashed)
        return keys // self.num_buckets, keys % self.num_buckets

    def call(self, tokens):
        rows, buckets = self.buckets(tokens)
        # Rows are no longer in order after `unique` over several orders, hence "unsorted".
        sums = tf.math.unsorted_segment_sum(
            tf.gather(self.table.value, buckets), rows, num_segments=tokens.nrows()
        )
        return sums + self.intercepts

    def adapt(
        self, features: scipy.sparse.csr_matrix, targets: np.ndarray, groups: np.ndarray
    ) -> None:
        """Fit the table, and score the training examples by models that never saw them.

        Args:
            features: Binary bucket occurrence of the training examples, of :meth:`count`.
            targets: Label ids int ``(examples,)`` or 0/1 matrix ``(examples, num_labels)``.
            groups: int ``(examples,)``: related examples stay in one fold, else the out-of-fold
                scores would profit from names that the test set does not share.
        """
        num_folds = min(self.num_folds, len(np.unique(groups)))
        self.out_of_fold_scores = np.zeros((len(targets), self.num_labels), np.float32)
        if num_folds >= 2:
            for train, held_out in GroupKFold(num_folds).split(features, targets, groups):
                weights, intercepts = self._fit(features[train], targets[train])
                self.out_of_fold_scores[held_out] = features[held_out] @ weights + intercepts
        weights, intercepts = self._fit(features, targets)
        self.table.assign(weights)
        self.intercepts.assign(intercepts)

    def count(self, row_bucket_pairs: list[tuple[np.ndarray, np.ndarray]], num_rows: int):
        """Return a binary ``(num_rows, num_buckets)`` matrix of (row, bucket) pairs."""
        rows = np.concatenate([pair[0] for pair in row_bucket_pairs])
        columns = np.concatenate([pair[1] for pair in row_bucket_pairs])
        return scipy.sparse.csr_matrix(
            (np.ones(len(rows), np.float32), (rows, columns)), shape=(num_rows, self.num_buckets)
        )

    def _fit(self, features, targets) -> tuple[np.ndarray, np.ndarray]:
        return fit_naive_bayes_logistic(
            features, targets, self.num_labels, self.inverse_regularization
        )
