import itertools

import numpy as np
import pytest
import scipy.sparse
import tensorflow as tf
from sklearn.linear_model import LogisticRegression

from seqsuite.tasks.sentiment.naive_bayes import fit_naive_bayes_logistic
from seqsuite.tasks.sentiment.ngram_scores import NgramScores
from seqsuite.tasks.sentiment.tokenization import tokenize

TEXTS = ["not good", "good", "bad", "not bad", "good good plot", ""]


def test_the_score_is_the_sum_of_the_distinct_buckets_weights():
    layer = NgramScores(num_labels=2, num_buckets=97, max_order=2)
    generator = np.random.default_rng(0)
    table = generator.normal(size=(97, 2)).astype(np.float32)
    layer.table.assign(table)
    layer.intercepts.assign([0.5, -0.5])
    scores = layer(tokenize(tf.constant(TEXTS))).numpy()
    for text, score in zip(TEXTS, scores, strict=True):
        words = text.split()
        grams = {*words, *(f"{a} {b}" for a, b in itertools.pairwise(words))}
        buckets = {int(tf.strings.to_hash_bucket_fast(gram, 97)) for gram in grams}
        expected = sum((table[bucket] for bucket in buckets), np.array([0.5, -0.5]))
        np.testing.assert_allclose(score, expected, atol=1e-5)


def test_out_of_fold_scores_never_saw_their_own_group():
    # Each group has a word of its own that gives the label away; nothing else does.
    groups = np.repeat(np.arange(10), 4)
    labels = groups % 2
    features = scipy.sparse.csr_matrix(np.eye(10, dtype=np.float32)[groups])
    layer = NgramScores(num_labels=2, num_buckets=10)
    layer.adapt(features, labels, groups)
    fitted = features @ layer.table.numpy() + layer.intercepts.numpy()
    assert (fitted.argmax(1) == labels).all()
    # Without their own word, all examples of a fold get the intercept alone.
    for group in range(10):
        scores = layer.out_of_fold_scores[groups == group]
        assert np.ptp(scores, axis=0).max() == 0
    assert (layer.out_of_fold_scores.argmax(1) == labels).mean() <= 0.6


def test_two_labels_mirror_each_other_and_many_are_one_against_the_rest():
    features = scipy.sparse.csr_matrix(np.eye(6, dtype=np.float32))
    weights, intercepts = fit_naive_bayes_logistic(features, np.array([0, 0, 0, 1, 1, 1]), 2)
    np.testing.assert_array_equal(weights[:, 0], -weights[:, 1])
    assert intercepts[0] == -intercepts[1]
    weights, intercepts = fit_naive_bayes_logistic(features, np.array([0, 0, 1, 1, 2, 2]), 3)
    assert (features @ weights + intercepts).argmax(1).tolist() == [0, 0, 1, 1, 2, 2]


def test_a_label_that_never_occurs_is_never_the_answer():
    features = scipy.sparse.csr_matrix(np.eye(4, dtype=np.float32))
    weights, intercepts = fit_naive_bayes_logistic(features, np.array([0, 0, 1, 1]), 3)
    assert (features @ weights + intercepts).argmax(1).max() == 1


def test_columns_that_never_occur_weigh_nothing_and_change_nothing():
    generator = np.random.default_rng(0)
    features = np.zeros((12, 30), np.float32)
    features[:, 4::5] = generator.integers(0, 2, (12, 6))
    targets = np.arange(12) % 2
    found, intercepts = fit_naive_bayes_logistic(scipy.sparse.csr_matrix(features), targets, 2)
    shares = [1 + features[targets == label].sum(axis=0) for label in (0, 1)]
    ratio = np.log(shares[0] / shares[0].sum()) - np.log(shares[1] / shares[1].sum())
    model = LogisticRegression(C=1.0, solver="liblinear", max_iter=200)
    model.fit(features * ratio, targets == 0)
    np.testing.assert_allclose(found[:, 0], model.coef_[0] * ratio, atol=1e-4)
    assert intercepts[0] == pytest.approx(model.intercept_[0], abs=1e-4)
    assert not found[features.sum(axis=0) == 0].any()


def test_without_any_feature_intercepts_are_found():
    features = scipy.sparse.csr_matrix((4, 3), dtype=np.float32)
    weights, intercepts = fit_naive_bayes_logistic(features, np.array([0, 0, 0, 1]), 2)
    assert not weights.any()
    assert intercepts[0] > 0 > intercepts[1]
