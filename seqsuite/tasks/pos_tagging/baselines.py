"""Classical taggers that every result is printed beside."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from sklearn.feature_extraction import FeatureHasher
from sklearn.linear_model import SGDClassifier

Sentences = Sequence[Sequence[str]]


class TagBaseline:
    """A tagger: ``fit`` on words and tags, then ``predict``."""

    name: str

    def fit(self, sentences: Sentences, tags: Sentences) -> None:
        """Learn from tagged sentences.

        Args:
            sentences: Words of each sentence.
            tags: As many tags for each.
        """
        raise NotImplementedError

    def predict(self, sentences: Sentences) -> list[list[str]]:
        """Return one tag for each word."""
        raise NotImplementedError


class MostFrequentTag(TagBaseline):
    """Each word's most frequent tag; an unknown word gets the one that rare words have most."""

    name = "most frequent tag"

    def fit(self, sentences, tags):
        pairs = Counter(_flat_pairs(sentences, tags))
        totals = Counter(word for words in sentences for word in words)
        # Ties are broken by the tags' names, so the order of the sentences changes nothing.
        ranked = sorted(pairs.items(), key=lambda item: (item[1], item[0][1]))
        self.tags = {word: tag for (word, tag), _ in ranked}
        rare = Counter(tag for word, tag in _flat_pairs(sentences, tags) if totals[word] == 1)
        everything = rare or Counter(tag for row in tags for tag in row)
        self.unknown = max(sorted(everything), key=lambda tag: everything[tag])

    def predict(self, sentences):
        return [[self.tags.get(word, self.unknown) for word in words] for words in sentences]


class WindowLogistic(TagBaseline):
    """Logistic regression over a word, its looks, and two words to each side."""

    name = "logistic regression over a window"

    def __init__(self, num_features: int = 2**20, epochs: int = 8, seed: int = 0):
        self.hasher = FeatureHasher(num_features, input_type="string", alternate_sign=False)
        self.model = SGDClassifier(
            loss="log_loss", alpha=1e-6, max_iter=epochs, tol=None, average=True, random_state=seed
        )

    def fit(self, sentences, tags):
        truth = np.array([tag for row in tags for tag in row])
        self.only = truth[0] if len(set(truth)) == 1 else None
        if self.only is None:
            self.model.fit(self.hasher.transform(_windows(sentences)), truth)

    def predict(self, sentences):
        lengths = [len(words) for words in sentences]
        if self.only is not None or not sum(lengths):
            return [[self.only] * length for length in lengths]
        answers = self.model.predict(self.hasher.transform(_windows(sentences))).tolist()
        starts = np.cumsum([0, *lengths])
        return [answers[a:b] for a, b in itertools.pairwise(starts)]


def tag_baselines() -> list[TagBaseline]:
    """Return the baselines of tagging, unfitted, weakest first.

    Example:
        >>> model = tag_baselines()[0]
        >>> model.fit([["I", "can"], ["a", "can"], ["a", "can"]],
        ...           [["PRON", "AUX"], ["DET", "NOUN"], ["DET", "NOUN"]])
        >>> model.predict([["I", "can"]])
        [['PRON', 'NOUN']]
    """
    return [MostFrequentTag(), WindowLogistic()]


def _flat_pairs(sentences: Sentences, tags: Sentences) -> Iterator[tuple[str, str]]:
    for words, row in zip(sentences, tags, strict=True):
        yield from zip(words, row, strict=True)


def _windows(sentences: Sentences) -> Iterator[list[str]]:
    for words in sentences:
        lower = ["<s>", "<s>", *(word.lower() for word in words), "</s>", "</s>"]
        for index, word in enumerate(words):
            near = lower[index : index + 5]
            features = [f"{offset}={other}" for offset, other in enumerate(near)]
            features += [f"1+2={near[1]} {near[2]}", f"2+3={near[2]} {near[3]}"]
            features += [f"-{count}={word[-count:].lower()}" for count in (1, 2, 3, 4)]
            features += [f"+{count}={word[:count].lower()}" for count in (1, 2, 3)]
            features += [f"l={near[1][-3:]}", f"r={near[3][-3:]}"]
            kinds = (word[:1].isupper(), word.isupper(), any(c.isdigit() for c in word))
            yield [*features, f"is={kinds}{'-' in word}", f"first={index == 0}{kinds[0]}", "bias"]
