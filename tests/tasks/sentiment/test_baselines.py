"""The classical models: one interface, any number of labels, nothing too small to answer."""

from __future__ import annotations

import numpy as np
import pytest

from seqsuite.tasks.sentiment import baselines

THREE = ["red rose", "blue sea", "green tree", "a red wine", "the blue sky", "green grass"] * 2
THREE_TARGETS = np.array([0, 1, 2, 0, 1, 2] * 2)
LEARNERS = [baselines.TfidfLogistic, baselines.NaiveBayesLogistic]
ALL = [*LEARNERS, baselines.MajorityClass]
UNUSUAL = ["", "   ", "🙂", "\u200d", "漢字", "word " * 20_000]


def fitted(kind, texts, targets, num_labels, multi_label=False):
    model = kind()
    model.fit(texts, np.asarray(targets), num_labels, multi_label)
    return model


def check_probabilities(probabilities, shape, sums_to_one=True):
    assert probabilities.shape == shape
    assert np.isfinite(probabilities).all()
    assert (probabilities >= 0).all()
    assert (probabilities <= 1).all()
    if sums_to_one:
        np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-6)


def test_all_are_listed_with_names_of_their_own():
    models = baselines.text_baselines()
    assert [type(model) for model in models] == [baselines.MajorityClass, *LEARNERS]
    assert len({model.name for model in models}) == 3


def test_the_majority_answers_with_frequencies():
    model = fitted(baselines.MajorityClass, ["a"] * 4, [0, 1, 1, 1], 3)
    assert model.predict_proba(["x", "y"]).tolist() == [[0.25, 0.75, 0.0]] * 2
    several = fitted(baselines.MajorityClass, ["a", "b"], [[1, 0], [1, 1]], 2, multi_label=True)
    assert several.predict_proba(["x"]).tolist() == [[1.0, 0.5]]


@pytest.mark.parametrize("kind", LEARNERS)
@pytest.mark.parametrize("num_labels", [2, 3])
def test_words_tell_exclusive_labels(kind, num_labels):
    keep = num_labels == 3 or THREE_TARGETS < 2
    texts = [t for t, k in zip(THREE, np.broadcast_to(keep, 12), strict=True) if k]
    targets = THREE_TARGETS[np.broadcast_to(keep, 12)]
    model = fitted(kind, texts, targets, num_labels)
    probabilities = model.predict_proba(["red rose red", "blue sea", "green tree"][:num_labels])
    check_probabilities(probabilities, (num_labels, num_labels))
    assert probabilities.argmax(axis=1).tolist() == list(range(num_labels))


@pytest.mark.parametrize("kind", LEARNERS)
def test_words_tell_sets_of_labels(kind):
    texts = ["red", "blue", "red and blue", "nothing", "so red", "so blue"] * 3
    targets = np.array([[1, 0], [0, 1], [1, 1], [0, 0], [1, 0], [0, 1]] * 3)
    model = fitted(kind, texts, targets, 2, multi_label=True)
    probabilities = model.predict_proba(["red", "blue", "red and blue", "nothing"])
    check_probabilities(probabilities, (4, 2), sums_to_one=False)
    assert (probabilities > 0.5).tolist() == [
        [True, False], [False, True], [True, True], [False, False]
    ]  # fmt: skip


@pytest.mark.parametrize("kind", LEARNERS)
def test_the_order_of_two_words_is_a_feature(kind):
    texts = ["not bad", "bad not"] * 6
    model = fitted(kind, texts, [1, 0] * 6, 2)
    assert model.predict_proba(texts[:2]).argmax(axis=1).tolist() == [1, 0]


@pytest.mark.parametrize("kind", LEARNERS)
@pytest.mark.parametrize("pair", ["a b", "! ?", "don't do", "é ü"])
def test_single_letters_signs_and_apostrophes_are_tokens(kind, pair):
    first, second = pair.split()
    model = fitted(kind, [first, second] * 5, [0, 1] * 5, 2)
    assert model.predict_proba([first, second]).argmax(axis=1).tolist() == [0, 1]


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("multi_label", [False, True])
def test_unusual_texts_get_an_answer(kind, multi_label):
    targets = np.eye(3, dtype=int)[THREE_TARGETS] if multi_label else THREE_TARGETS
    model = fitted(kind, [*THREE[:-1], ""], targets, 3, multi_label)
    check_probabilities(model.predict_proba(UNUSUAL), (len(UNUSUAL), 3), not multi_label)


@pytest.mark.parametrize("kind", ALL)
def test_texts_without_one_token_are_no_failure(kind):
    model = fitted(kind, ["", " ", "", " "], [0, 1, 0, 1], 2)
    check_probabilities(model.predict_proba(["", "word"]), (2, 2))


@pytest.mark.parametrize("kind", ALL)
def test_a_label_that_training_never_shows_is_unlikely(kind):
    model = fitted(kind, THREE, THREE_TARGETS, 4)
    probabilities = model.predict_proba(THREE)
    check_probabilities(probabilities, (12, 4))
    assert (probabilities[:, 3] < 0.05).all()


@pytest.mark.parametrize("kind", ALL)
def test_labels_of_all_texts_or_of_none_are_constant(kind):
    targets = np.stack([THREE_TARGETS == 0, THREE_TARGETS >= 0, THREE_TARGETS < 0], axis=1)
    model = fitted(kind, THREE, targets.astype(int), 3, multi_label=True)
    probabilities = model.predict_proba(["red", "sea", ""])
    check_probabilities(probabilities, (3, 3), sums_to_one=False)
    assert (probabilities[:, 1] > 0.99).all()
    assert (probabilities[:, 2] < 0.01).all()


@pytest.mark.parametrize("kind", ALL)
def test_a_fit_is_repeatable(kind):
    first, second = (fitted(kind, THREE, THREE_TARGETS, 3).predict_proba(THREE) for _ in "ab")
    np.testing.assert_array_equal(first, second)


def test_naive_bayes_weights_are_log_count_ratios_times_learned_ones():
    model = fitted(baselines.NaiveBayesLogistic, ["x y", "x z"] * 3, [1, 0] * 3, 2)
    columns = model.vectorizer.vocabulary_
    # Seen three times on one side only, with one added: log(4 / 1) between equal totals; "x" is
    # on both sides alike: log(1) = 0, so its weight is 0 whatever was learned.
    assert model.weights[columns["x"]].tolist() == [0.0, 0.0]
    assert model.weights[columns["y"], 1] == pytest.approx(-model.weights[columns["z"], 1])
    assert model.weights[columns["y"], 1] > 0
