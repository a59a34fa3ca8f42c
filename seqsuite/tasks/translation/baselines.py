"""Classical translations that every result is printed beside: the source, and word by word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# "l'" of "l'homme" is a word, and so is "'s" of "the man's".
_TOKEN = re.compile(r"\w+['\u2019](?=\w\w)|['\u2019]\w+|\w+|[^\w\s]")
_NULL = ""


class TranslationBaseline:
    """A translator: ``fit`` on pairs of sentences, then ``predict``."""

    name: str

    def fit(self, sources: Sequence[str], targets: Sequence[str]) -> None:
        """Learn from sentences and their translations.

        Args:
            sources: Sentences as raw text.
            targets: A translation of each.
        """
        raise NotImplementedError

    def predict(self, sources: Sequence[str]) -> list[str]:
        """Return a translation of each sentence."""
        raise NotImplementedError


class CopySource(TranslationBaseline):
    """The source itself: what names, numbers and punctuation alone are worth."""

    name = "copy of the source"

    def fit(self, sources, targets):
        pass

    def predict(self, sources):
        return list(sources)


class LexiconTranslation(TranslationBaseline):
    """Word by word with the lexicon of IBM model 1, in the order of the source.

    Each word becomes the target word that it most probably stands for. A word that in training
    accounts for less than half a target word on average is left out, and one that was never seen
    is copied.

    Args:
        iterations: Of expectation maximisation.
        max_links: Learn from pairs with so many links between words at most, spread evenly over
            all: memory is about 60 bytes a link.
        max_length: Longer sentences are not learned from.
    """

    name = "word by word, IBM model 1"

    def __init__(self, iterations: int = 5, max_links: int = 10_000_000, max_length: int = 100):
        self.iterations, self.max_links, self.max_length = iterations, max_links, max_length

    def fit(self, sources, targets):
        pairs = [(_words(s), _words(t)) for s, t in zip(sources, targets, strict=True)]
        pairs = [pair for pair in pairs if all(0 < len(w) <= self.max_length for w in pair)]
        links = sum((len(source) + 1) * len(target) for source, target in pairs)
        pairs = pairs[:: max(1, -(-links // self.max_links))]
        lexicon = fit_lexicon([s for s, _ in pairs], [t for _, t in pairs], self.iterations)
        self.words = lexicon.best()
        self.spacing = _Spacing(targets)

    def predict(self, sources):
        return [self.spacing.joined(map(self._word, _words(source))) for source in sources]

    def _word(self, word: str) -> str:
        # The first word of a sentence may be known only inside of others.
        for known in (word, word.lower()):
            if known in self.words:
                return self.words[known]
        return word


@dataclass(frozen=True)
class Lexicon:
    """Word translation probabilities.

    Args:
        source_words: Source words by id; the first is NULL, the empty word.
        target_words: Target words by id.
        source_ids: Source word of each pair that occurred together, int ``(pairs,)``, ascending.
        target_ids: Target word of each pair, int ``(pairs,)``.
        probabilities: Of the target word given the source word, float ``(pairs,)``.
        fertilities: Target words that each source word accounts for, on average, float
            ``(source words,)``.
    """

    source_words: Sequence[str]
    target_words: Sequence[str]
    source_ids: np.ndarray
    target_ids: np.ndarray
    probabilities: np.ndarray
    fertilities: np.ndarray

    def probability(self, target: str, source: str) -> float:
        """Return the probability of a target word given a source word ("" is NULL).

        Args:
            target: The target word.
            source: The source word.
        """
        words = np.array(self.source_words), np.array(self.target_words)
        wanted = (words[0][self.source_ids] == source) & (words[1][self.target_ids] == target)
        return float(self.probabilities[wanted].sum())

    def best(self, min_fertility: float = 0.5) -> dict[str, str]:
        """Return each source word's most probable target word.

        Of words that are equally probable it is the first of the alphabet.

        Args:
            min_fertility: A source word that accounts for fewer target words becomes "".
        """
        order = np.lexsort((self.target_ids, -self.probabilities, self.source_ids))
        _, first = np.unique(self.source_ids[order], return_index=True)
        found = {}
        for pair in order[first]:
            source = int(self.source_ids[pair])
            kept = self.fertilities[source] >= min_fertility
            word = self.target_words[self.target_ids[pair]] if kept else ""
            found[self.source_words[source]] = word
        found.pop(_NULL, None)
        return found


def fit_lexicon(
    sources: Sequence[Sequence[str]],
    targets: Sequence[Sequence[str]],
    iterations: int = 5,
    use_null: bool = True,
) -> Lexicon:
    """Learn word translation probabilities from pairs of sentences: IBM model 1.

    Each target word is translated from one source word of its sentence, any of them equally likely
    beforehand, or from NULL. Which one is unknown, so expectation maximisation shares each target
    word among the source words in proportion to the current probabilities, and takes the shares as
    counts. Probabilities begin equal. The likelihood is concave: no local maximum holds it up.

    Args:
        sources: Words of each source sentence.
        targets: Words of each target sentence.
        iterations: Of expectation maximisation.
        use_null: Target words may come from no source word.

    Returns:
        The probabilities of all pairs of words that occurred together.

    Example:
        >>> lexicon = fit_lexicon([["the", "house"], ["the", "book"]],
        ...                       [["das", "Haus"], ["das", "Buch"]])
        >>> lexicon.best()
        {'book': 'Buch', 'house': 'Haus', 'the': 'das'}

    Reference:
        Brown et al., "The Mathematics of Statistical Machine Translation: Parameter Estimation",
        1993, https://aclanthology.org/J93-2003.
    """
    start = [_NULL] if use_null else []
    source_words, source, source_lengths = _numbered([[*start, *words] for words in sources])
    target_words, target, target_lengths = _numbered(targets)
    # A link is a target word and a source word of its sentence; first all links of the first
    # target word, then those of the second, and so on.
    sizes = np.repeat(source_lengths, target_lengths)
    link_target = np.repeat(np.arange(len(target)), sizes)
    sentence = np.repeat(np.arange(len(targets)), target_lengths)
    source_starts = np.cumsum(source_lengths) - source_lengths
    within = np.arange(len(link_target)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    link_source = source[source_starts[sentence[link_target]] + within]
    keys, pair = np.unique(
        link_source * max(1, len(target_words)) + target[link_target], return_inverse=True
    )
    pair_source, pair_target = np.divmod(keys, max(1, len(target_words)))
    counts: np.ndarray = np.zeros(len(keys))
    probabilities: np.ndarray = np.ones(len(keys))
    for _ in range(iterations):
        share = probabilities[pair]
        share /= np.bincount(link_target, share, len(target))[link_target]
        counts = np.bincount(pair, share, len(keys))
        totals = np.bincount(pair_source, counts, len(source_words))
        probabilities = counts / totals[pair_source]
    occurrences = np.bincount(source, minlength=len(source_words))
    fertilities = np.bincount(pair_source, counts, len(source_words)) / np.maximum(1, occurrences)
    return Lexicon(source_words, target_words, pair_source, pair_target, probabilities, fertilities)


def translation_baselines() -> list[TranslationBaseline]:
    """Return the baselines of translation, unfitted, weakest first.

    Example:
        >>> copy, model = translation_baselines()
        >>> model.fit(["A dog.", "A cat.", "Dog!", "Cat!", "A cat", "No dog!"],
        ...           ["Ein Hund.", "Ein Kater.", "Hund!", "Kater!", "Ein Kater", "Kein Hund!"])
        >>> copy.predict(["A dog 7."]), model.predict(["A dog 7."])
        (['A dog 7.'], ['Ein Hund 7.'])
    """
    return [CopySource(), LexiconTranslation()]


def _words(text: str) -> list[str]:
    return _TOKEN.findall(text)


def _numbered(sentences: Sequence[Sequence[str]]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return the words there are in order, the id of each word, and the sentences' lengths."""
    lengths = np.array([len(words) for words in sentences], np.int64)
    names = sorted({word for words in sentences for word in words})
    ids = {name: number for number, name in enumerate(names)}
    flat = np.array([ids[word] for words in sentences for word in words], np.int64)
    return names, flat, lengths


class _Spacing:
    """Puts words together with the spaces that the sentences learned from have.

    Signs ("," and "l'", not words) are attached to a neighbour when they mostly are.
    """

    def __init__(self, texts: Sequence[str]):
        before: Counter[str] = Counter()
        after: Counter[str] = Counter()
        for text in texts:
            for match in _TOKEN.finditer(text):
                word = match[0]
                if word.isalnum():
                    continue
                start, end = match.span()
                if start:
                    before[word] += -1 if text[start - 1].isspace() else 1
                if end < len(text):
                    after[word] += -1 if text[end].isspace() else 1
        self.attached_before = {word for word, count in before.items() if count > 0}
        self.attached_after = {word for word, count in after.items() if count > 0}

    def joined(self, words) -> str:
        text, glued = "", True
        for word in filter(None, words):
            text += word if glued or word in self.attached_before else f" {word}"
            glued = word in self.attached_after
        return text
