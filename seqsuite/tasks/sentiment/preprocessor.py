"""Text in, token ids out: tokenisation, vocabulary and truncation inside the graph."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf

from seqsuite.data.examples import Examples
from seqsuite.layers import TemperatureScaling
from seqsuite.preprocessor import Preprocessor
from seqsuite.tasks.sentiment.ngram_scores import NgramScores
from seqsuite.tasks.sentiment.tokenization import tokenize
from seqsuite.tasks.sentiment.word_vectors import co_occurrence_vectors, label_ratios
from seqsuite.text.truncation import head_and_tail

PADDING_ID = 0
UNKNOWN_ID = 1


@keras.saving.register_keras_serializable(package="seqsuite")
class TextPreprocessor(Preprocessor):
    """Turn texts into token ids, lengths and (by option) n-gram scores.

    Args:
        max_vocabulary: Size of the vocabulary at most, padding and unknown included.
        min_count: Tokens seen less often in training become the unknown token.
        max_length: Longer texts are cut to this many tokens.
        head_fraction: Share of a cut text's tokens kept from its head; the rest is its tail, where
            reviews tend to conclude.
        multi_label: Labels are sets rather than one name.
        label_separator: Between the names of several labels in an answer.
        ngram_buckets: Rows of the n-gram table; 0 for no n-gram scores.
        **kwargs: Keras layer arguments.

    Attributes:
        vocabulary: Known tokens, set by :meth:`adapt` like the others.
        labels: Label names.
        label_weights: Inverse label frequencies, 1 on average.

    Call arguments:
        features: ``{"text": string (batch,)}``.

    Returns:
        ``token_ids`` int32 ``(batch, time)``, 0 where padded, time at least 1; ``length`` int32
        ``(batch,)``; with n-grams ``ngram_scores`` float32 ``(batch, labels)``.

    Example:
        >>> layer = TextPreprocessor(min_count=1)
        >>> layer.adapt(Examples({"text": ["good", "bad film"]}, ["yes", "no"]))
        >>> layer({"text": tf.constant(["a good film"])})["token_ids"].numpy().tolist()
        [[1, 4, 3]]
    """

    state_names = ("vocabulary", "labels", "label_weights")

    def __init__(
        self,
        max_vocabulary: int = 30_000,
        min_count: int = 2,
        max_length: int = 400,
        head_fraction: float = 0.25,
        multi_label: bool = False,
        label_separator: str = ",",
        ngram_buckets: int = 0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.max_vocabulary = max_vocabulary
        self.min_count = min_count
        self.max_length = max_length
        self.head_fraction = head_fraction
        self.multi_label = multi_label
        self.label_separator = label_separator
        self.ngram_buckets = ngram_buckets
        self.vocabulary: list[str] = []
        self.labels: list[str] = []
        self.label_weights: list[float] = []
        self.temperature_scaling = TemperatureScaling(dtype="float32")
        self.recurrent_scaling = TemperatureScaling(dtype="float32")
        self.ngram_scores: NgramScores | None = None
        self.initial_embeddings: np.ndarray | None = None

    @property
    def vocabulary_size(self) -> int:
        """Number of token ids, padding and unknown included."""
        return len(self.vocabulary) + 2

    def adapt(self, examples: Examples) -> None:
        """Count tokens and labels of training examples, and fit the n-gram scores if asked for."""
        texts, labels = examples.features["text"], examples.labels or []
        names = {name for label in labels for name in (label if self.multi_label else [label])}
        self.labels = sorted(names, key=_natural_order)
        counts: Counter[bytes] = Counter()
        num_long = 0
        for tokens in _tokenized(texts):
            counts.update(tokens.flat_values.numpy().tolist())
            num_long += int((tokens.row_lengths().numpy() > self.max_length).sum())
        if num_long:
            print(
                f"note: {num_long:,} of {len(texts):,} training texts have more than "
                f"data.max_length {self.max_length} tokens, and are cut to their beginning and end",
                file=sys.stderr,
            )
        # Ties are broken by the token, so that the vocabulary does not depend on the order of rows.
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        # A handful of short texts may repeat no token at all; then every token is known.
        kept = [token for token, count in ranked if count >= self.min_count] or list(counts)
        self.vocabulary = [token.decode("utf-8") for token in kept[: self.max_vocabulary - 2]]
        weights = len(labels) / np.maximum(1, self.label_counts(labels)) / max(1, len(self.labels))
        self.label_weights = [float(weight) for weight in weights]
        self._build_tables()
        if self.ngram_scores is not None:
            self._adapt_ngrams(texts, self.encode_labels(labels), examples.groups)

    def label_counts(self, labels: Sequence) -> np.ndarray:
        """Return how often each label occurs, int ``(labels,)``."""
        encoded = self.encode_labels(labels)
        if self.multi_label:
            return encoded.sum(axis=0).astype(int)
        return np.bincount(encoded, minlength=len(self.labels))

    def word_vectors(
        self, examples: Examples, size: int, labelled: Examples | None = None
    ) -> np.ndarray:
        """Return vectors of the vocabulary from training examples, float32 ``(ids, size)``.

        Args:
            examples: Training examples, of which only the texts are read.
            size: Features per word.
            labelled: Let the last features say how much more often than others a label's examples
                among these hold the word, one feature per label. Examples whose labels are to be
                predicted, validation examples too, must not be among them.
        """
        vectors = co_occurrence_vectors(self._id_rows(examples), self.vocabulary_size, size)
        if labelled is not None:
            targets = self.encode_labels(labelled.labels or [])
            rows = self._id_rows(labelled)
            ratios = label_ratios(rows, targets, self.vocabulary_size, len(self.labels))
            count = min(size, ratios.shape[1])
            vectors[:, size - count :] = ratios[:, :count]
        return vectors

    def _id_rows(self, examples: Examples) -> list[np.ndarray]:
        rows: list[np.ndarray] = []
        for tokens in _tokenized(examples.features["text"]):
            ids = tf.ragged.map_flat_values(self._table.lookup, tokens)
            rows.extend(np.split(ids.flat_values.numpy(), ids.row_splits.numpy()[1:-1]))
        return rows

    def call(self, features):
        tokens = tokenize(features["text"])
        kept = head_and_tail(tokens, self.max_length, int(self.max_length * self.head_fraction))
        ids = tf.ragged.map_flat_values(self._table.lookup, kept).to_tensor(PADDING_ID)
        # A batch of empty texts has no time step, which recurrent layers do not take.
        ids = tf.pad(ids, [[0, 0], [0, tf.maximum(0, 1 - tf.shape(ids)[1])]])
        outputs = {"token_ids": ids, "length": tf.cast(kept.row_lengths(), tf.int32)}
        if self.ngram_scores is not None:
            outputs["ngram_scores"] = self.ngram_scores(tokens)
        return outputs

    def encode_labels(self, labels: Sequence) -> np.ndarray:
        """Return label ids int32 ``(examples,)``, or float32 ``(examples, labels)`` if multi-label.

        Raises:
            KeyError: A label that was not in the training examples.
        """
        ids = {name: index for index, name in enumerate(self.labels)}
        if not self.multi_label:
            return np.array([ids[label] for label in labels], np.int32)
        targets = np.zeros((len(labels), len(ids)), np.float32)
        for row, names in enumerate(labels):
            targets[row, [ids[name] for name in names]] = 1
        return targets

    def decode(self, outputs):
        """Return ``label`` and ``probability`` of probabilities ``(batch, labels)``."""
        names = tf.constant(self.labels)
        if not self.multi_label:
            best = tf.argmax(outputs, axis=-1)
            return {"label": tf.gather(names, best), "probability": tf.reduce_max(outputs, axis=-1)}
        chosen = outputs >= 0.5
        spread = tf.broadcast_to(names[None], tf.shape(outputs))
        label = tf.strings.reduce_join(
            tf.ragged.boolean_mask(spread, chosen), axis=-1, separator=self.label_separator
        )
        return {"label": label, "probability": tf.reduce_max(outputs, axis=-1)}

    def training_overrides(self) -> dict[str, np.ndarray]:
        """Return out-of-fold n-gram scores of the training examples."""
        if self.ngram_scores is None or self.ngram_scores.out_of_fold_scores is None:
            return {}
        return {"ngram_scores": self.ngram_scores.out_of_fold_scores}

    def restore_training_overrides(self, overrides: dict[str, np.ndarray]) -> None:
        """Take back the out-of-fold scores."""
        if self.ngram_scores is not None:
            self.ngram_scores.out_of_fold_scores = overrides.get("ngram_scores")

    def _build_tables(self) -> None:
        keys = tf.constant(self.vocabulary, tf.string)
        values = tf.range(2, len(self.vocabulary) + 2, dtype=tf.int32)
        initializer = tf.lookup.KeyValueTensorInitializer(keys, values)
        self._table = tf.lookup.StaticHashTable(initializer, default_value=UNKNOWN_ID)
        if self.ngram_buckets and self.labels and self.ngram_scores is None:
            self.ngram_scores = NgramScores(len(self.labels), self.ngram_buckets)

    def _adapt_ngrams(self, texts: Sequence[str], targets: np.ndarray, groups) -> None:
        assert self.ngram_scores is not None
        pairs, row = [], 0
        for tokens in _tokenized(texts):
            rows, buckets = self.ngram_scores.buckets(tokens)
            pairs.append((rows.numpy() + row, buckets.numpy()))
            row += int(tokens.nrows())
        features = self.ngram_scores.count(pairs, row)
        groups = np.arange(row) if groups is None else np.asarray(groups)
        self.ngram_scores.adapt(features, targets, groups)


def _tokenized(texts: Sequence[str], chunk: int = 512) -> Iterator[tf.RaggedTensor]:
    for start in range(0, len(texts), chunk):
        yield tokenize(tf.constant(list(texts[start : start + chunk])))


def _natural_order(name: str) -> tuple:
    # "10" after "9": star ratings are labels too.
    try:
        return 0, float(name), name
    except ValueError:
        return 1, 0.0, name
