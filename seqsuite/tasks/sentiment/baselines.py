"""Classical models that every result is printed beside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from seqsuite.tasks.sentiment.naive_bayes import fit_naive_bayes_logistic

# One character is a token too ("a", "!"), and so is an apostrophe inside a word.
_TOKEN_PATTERN = r"(?u)\w+(?:'\w+)?|[^\w\s]"


class TextBaseline:
    """A text classifier: ``fit`` on raw texts, then ``predict_proba``."""

    name: str

    def fit(
        self,
        texts: Sequence[str],
        targets: np.ndarray,
        num_labels: int,
        multi_label: bool = False,
    ) -> None:
        """Learn from raw texts.

        Args:
            texts: Raw texts.
            targets: Label ids int ``(texts,)``, or a 0/1 matrix ``(texts, labels)``.
            num_labels: Number of labels.
            multi_label: Whether ``targets`` is that matrix.
        """
        raise NotImplementedError

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """Return probabilities, float ``(texts, labels)``."""
        raise NotImplementedError


class MajorityClass(TextBaseline):
    """Answer with the labels' frequencies, whatever the text."""

    name = "most frequent label"

    def fit(self, texts, targets, num_labels, multi_label=False):
        matrix = targets if multi_label else np.eye(num_labels)[targets]
        self.frequencies = matrix.mean(axis=0)

    def predict_proba(self, texts):
        return np.tile(self.frequencies, (len(texts), 1))


class TfidfLogistic(TextBaseline):
    """TF-IDF of words and pairs of words, and logistic regression."""

    name = "TF-IDF bigrams + logistic regression"

    def fit(self, texts, targets, num_labels, multi_label=False):
        self.vectorizer = TfidfVectorizer(
            ngram_range=(1, 2),
            sublinear_tf=True,
            token_pattern=_TOKEN_PATTERN,
            min_df=2 if len(texts) >= 1000 else 1,
        )
        features = _fit_transform(self.vectorizer, texts)
        self.num_labels, self.multi_label = num_labels, multi_label
        if multi_label:
            self.models = [_binary_model(features, column) for column in targets.T]
            return
        solver = "liblinear" if num_labels == 2 else "lbfgs"
        self.models = [LogisticRegression(C=10.0, solver=solver, max_iter=1000)]
        self.models[0].fit(features, targets)

    def predict_proba(self, texts):
        features = self.vectorizer.transform(texts)
        if self.multi_label:
            return np.stack([model.predict_proba(features)[:, -1] for model in self.models], axis=1)
        probabilities = np.zeros((len(texts), self.num_labels))
        # A label without training examples has no column of its own.
        found = np.asarray(self.models[0].classes_, int)
        probabilities[:, found] = self.models[0].predict_proba(features)
        return probabilities


class NaiveBayesLogistic(TextBaseline):
    """One to three words in a row, weighted by naive Bayes, and logistic regression (NB-SVM)."""

    name = "NB-weighted trigrams + logistic regression"

    def fit(self, texts, targets, num_labels, multi_label=False):
        self.multi_label = multi_label
        self.vectorizer = CountVectorizer(
            ngram_range=(1, 3), binary=True, token_pattern=_TOKEN_PATTERN, dtype=np.float32
        )
        features = _fit_transform(self.vectorizer, texts)
        self.weights, self.intercepts = fit_naive_bayes_logistic(features, targets, num_labels)

    def predict_proba(self, texts):
        scores = self.vectorizer.transform(texts) @ self.weights + self.intercepts
        probabilities = 1.0 / (1.0 + np.exp(-np.clip(scores, -30, 30)))
        if self.multi_label:
            return probabilities
        return probabilities / probabilities.sum(axis=-1, keepdims=True)


def _fit_transform(vectorizer, texts: Sequence[str]):
    try:
        return vectorizer.fit_transform(texts)
    except ValueError:
        # There is not one token in all texts; with any vocabulary each is a row of zeros.
        vectorizer.fit(["none"])
        return vectorizer.transform(texts)


def _binary_model(features, targets: np.ndarray):
    """Fit one label of several; a label that all texts have, or none, is answered as a constant."""
    if len(np.unique(targets)) < 2:
        return DummyClassifier(strategy="constant", constant=targets[0]).fit(
            np.zeros((2, 1)), np.array([0, 1], targets.dtype)
        )
    return LogisticRegression(C=10.0, solver="liblinear", max_iter=1000).fit(features, targets)


def text_baselines() -> list[TextBaseline]:
    """Return the baselines of text classification, unfitted, weakest first.

    Example:
        >>> model = text_baselines()[1]
        >>> model.fit(["good", "bad", "so good", "so bad"], np.array([1, 0, 1, 0]), 2)
        >>> model.predict_proba(["very good"]).argmax(axis=1).tolist()
        [1]
    """
    return [MajorityClass(), TfidfLogistic(), NaiveBayesLogistic()]
