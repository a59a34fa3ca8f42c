"""Sentences in, ids of words and of what words look like out; one tag a word."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from seqsuite.data.batching import Column, RaggedColumn, Targets
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.preprocessor import Preprocessor
from seqsuite.tasks.pos_tagging import word_features
from seqsuite.tasks.pos_tagging.data.sentences import NO_TAG
from seqsuite.tasks.pos_tagging.messages import unseen_note
from seqsuite.tasks.pos_tagging.tokenization import tokenize_sentence
from seqsuite.text import lookup_tables
from seqsuite.text.forms import unify
from seqsuite.text.spans import bio_to_bioes, completed, in_bio, to_bio

PADDING_TAG = -1

# An ending or a shape of one single word teaches nothing.
_MIN_FEATURE_COUNT = 3
# Of the features that a word starts from; larger ones saturate gates.
_EMBEDDING_SPREAD = 0.1


@keras.saving.register_keras_serializable(package="seqsuite")
class WordPreprocessor(Preprocessor):
    """Turn sentences, or words that are split already, into ids of words and their looks.

    Args:
        max_vocabulary: Known words at most, padding and unknown included.
        min_count: Words seen less often in training (in lower case) become the unknown word; their
            characters, affixes and shape still speak.
        max_word_length: Characters read of a word; of longer ones, head and tail.
        affix_length: Longest prefix and suffix.
        language: Rules by which sentences are split (see :func:`tokenize_sentence`).
        scheme: ``"none"`` for tags that stand alone; for named entities how spans are written
            inside: ``"bio"`` or ``"bioes"``. Data in either is read, answers are BIO.
        **kwargs: Keras layer arguments.

    Attributes:
        vocabulary: Known words, set by :meth:`adapt` like the others.
        word_counts: How often each of them occurs in training.
        characters: Known code points.
        affixes: Known prefixes and suffixes.
        shapes: Known shapes.
        training_words: Every word seen in training, as spelled.
        labels: Tags.
        auxiliary_labels: Names of further columns of tags -> their values.

    Call arguments:
        features: ``{"sentence": string (batch,)}``, or ``{"tokens": string (batch, time),
            "length": int32 (batch,)}``.

    Returns:
        ``word_ids`` and ``shape_ids`` int32 ``(batch, time)``, ``character_ids`` int32
        ``(batch, time, max_word_length)``, ``affix_ids`` int32 ``(batch, time, 2 * affix_length)``,
        all 0 where padded, time at least 1; ``length`` int32 ``(batch,)``.

    Example:
        >>> layer = WordPreprocessor(min_count=1)
        >>> layer.adapt(Examples({"tokens": [("I", "can")]}, [("PRON", "AUX")]))
        >>> layer({"sentence": tf.constant(["can you"])})["word_ids"].numpy().tolist()
        [[2, 1]]
    """

    ragged_features = ("word_ids", "character_ids", "affix_ids", "shape_ids")
    state_names = (
        "vocabulary", "word_counts", "characters", "affixes", "shapes", "training_words",
        "labels", "auxiliary_labels",
    )  # fmt: skip

    def __init__(
        self,
        max_vocabulary: int = 100_000,
        min_count: int = 2,
        max_word_length: int = 20,
        affix_length: int = 4,
        language: str = "english",
        scheme: str = "none",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.max_vocabulary = max_vocabulary
        self.min_count = min_count
        self.max_word_length = max_word_length
        self.affix_length = affix_length
        self.language = language
        self.scheme = scheme
        self.vocabulary: list[str] = []
        self.word_counts: list[int] = []
        self.characters: list[int] = []
        self.affixes: list[str] = []
        self.shapes: list[str] = []
        self.training_words: list[str] = []
        self.labels: list[str] = []
        self.auxiliary_labels: dict[str, list[str]] = {}
        self.initial_embeddings: np.ndarray | None = None
        self._notes: set[str] = set()

    def adapt(self, examples: Examples, vector_words: Sequence[str] = ()) -> None:
        """Collect words, what they look like, and tags.

        Args:
            examples: Training examples: ``tokens``, and any further columns of tags.
            vector_words: Words that have vectors, known in addition to those of the examples.
        """
        every = unify(
            tf.constant([w for tokens in examples.features["tokens"] for w in tokens], tf.string)
        )
        words = _strings(every)
        self.training_words = sorted(set(words))
        count = word_features.counted
        folded = _strings(word_features.fold(every))
        kept = count(folded, self.min_count) or sorted(set(folded))
        # Order is kept, so that of too many words those of the vectors' tail are left out.
        kept = list(dict.fromkeys([*kept, *vector_words]))
        self.vocabulary = kept[: self.max_vocabulary - 2]
        counts = Counter(folded)
        self.word_counts = [counts[word] for word in self.vocabulary]
        self.characters = count((ord(c) for word in words for c in word), _MIN_FEATURE_COUNT)
        self.shapes = count(_strings(word_features.shapes(every)), _MIN_FEATURE_COUNT)
        # By distinct words: an ending is known when several words have it.
        distinct = tf.constant(self.training_words, tf.string)
        affixes = word_features.affixes(distinct, self.affix_length)
        # A short word is its own affix several times over, which counts once.
        rows = affixes.numpy().tolist()
        several = (affix.decode("utf-8", "replace") for row in rows for affix in set(row))
        self.affixes = count(several, _MIN_FEATURE_COUNT)
        seen = {tag for tags in examples.labels or [] for tag in self._tags(tags)} - {NO_TAG}
        if self.scheme != "none":
            # Of a type that was seen all tags are known: a span must not count as found when its
            # end, in a tag that training happens to lack, is cut off.
            seen = set(completed(seen, self.scheme))
        self.labels = sorted(seen)
        self.auxiliary_labels = {
            name: count((tag for tags in column for tag in tags if tag != NO_TAG), 1)
            for name, column in examples.features.items()
            if name != "tokens"
        }
        self._build_tables()

    @property
    def vocabulary_size(self) -> int:
        """Number of word ids, padding and unknown included."""
        return len(self.vocabulary) + 2

    def dropout_rates(self, rate: float, rare: float) -> list[float]:
        """Return for each word id how often to hide it in training, so that rare words are.

        Args:
            rate: At least this share of the times.
            rare: A word that occurs n times is hidden with probability ``rare / (rare + n)``, if
                that is more; its look must do instead, as it must for words never seen.

        Returns:
            Probabilities of all ids; 0 for padding and the unknown word.
        """
        by_count = (rare / (rare + count) if count else 0.0 for count in self.word_counts)
        return [0.0, 0.0, *(max(rate, share) for share in by_count)]

    @property
    def answer_names(self) -> list[str]:
        """Names of the tags as they are answered: spans as BIO, whatever the scheme inside."""
        return self.labels if self.scheme == "none" else [in_bio(tag) for tag in self.labels]

    def to_tensors(self, examples):
        return pad_tokens(examples.features["tokens"])

    def call(self, features):
        return self.represent(*self.split(features))

    def split(self, features) -> tuple[tf.Tensor, tf.Tensor]:
        """Return words, string ``(batch, time)`` with time at least 1, and lengths ``(batch,)``."""
        if "sentence" in features:
            words = tokenize_sentence(features["sentence"], self.language)
            tokens, length = words.to_tensor(""), tf.cast(words.row_lengths(), tf.int32)
        else:
            tokens = features["tokens"]
            length = tf.clip_by_value(features["length"], 0, tf.shape(tokens)[1])
        missing = tf.maximum(0, 1 - tf.shape(tokens)[1])
        return tf.pad(tokens, [[0, 0], [0, missing]], constant_values=""), length

    def represent(self, tokens: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return the ids of words that are split already."""
        shape = tf.shape(tokens)
        # Each distinct word of the batch is looked at once.
        words, index = tf.unique(tf.reshape(tokens, [-1]))
        unified = unify(words)
        # A word of invisible characters alone is still one.
        words = tf.where(unified == "", words, unified)
        lookup = tf.lookup.StaticHashTable.lookup
        code_points = word_features.code_points(words, self.max_word_length)
        characters = lookup(self._characters, tf.cast(code_points, tf.int64))
        affixes = word_features.affixes(words, self.affix_length)
        features = {
            "word_ids": lookup(self._words, word_features.fold(words)),
            "character_ids": tf.where(code_points > 0, characters, 0),
            "affix_ids": lookup(self._affixes, affixes),
            "shape_ids": lookup(self._shapes, word_features.shapes(words)),
        }
        real = tf.sequence_mask(length, shape[1])
        results = {"length": length}
        for name, ids in features.items():
            spread = tf.reshape(tf.gather(ids, index), tf.concat([shape, ids.shape[1:]], axis=0))
            mask = real[:, :, None] if ids.shape.rank == 2 else real
            results[name] = tf.where(mask, spread, 0)
            results[name].set_shape([*tokens.shape, *ids.shape[1:]])
        return results

    def encode_labels(self, labels: Sequence) -> RaggedColumn:
        """Return tag ids, ragged int32; a tag that training never saw gets the id after the last.

        That id is no answer of the model, so such a word counts as wrong; a note on standard error
        says how many there are.
        """
        ids = {name: index for index, name in enumerate(self.labels)} | {NO_TAG: PADDING_TAG}
        unseen = len(self.labels)
        rows = [[ids.get(tag, unseen) for tag in self._tags(tags)] for tags in labels]
        note = unseen_note(labels, [[tag == unseen for tag in row] for row in rows])
        # The same examples are encoded more than once.
        if note and note not in self._notes:
            print(note, file=sys.stderr)
            self._notes.add(note)
        return RaggedColumn.from_rows([np.array(row, np.int32) for row in rows], PADDING_TAG)

    def encode_targets(self, examples: Examples) -> Targets | None:
        """Return ``logits`` (the tags), the auxiliary columns, and ``known``: seen in training."""
        if examples.labels is None:
            return None
        known = set(self.training_words)
        rows = examples.features["tokens"]
        targets: dict[str, Column] = {
            "logits": self.encode_labels(examples.labels),
            "known": RaggedColumn.from_rows(
                [np.array([word in known for word in row], np.int32) for row in rows]
            ),
        }
        for name, values in self.auxiliary_labels.items():
            ids = {value: index for index, value in enumerate(values)}
            # A value that training never saw teaches nothing, and is not what is scored.
            column = [
                np.array([ids.get(value, PADDING_TAG) for value in row], np.int32)
                for row in examples.features.get(name, [[NO_TAG] * len(row) for row in rows])
            ]
            targets[name] = RaggedColumn.from_rows(column, PADDING_TAG)
        return targets

    def names(self, tags: RaggedColumn) -> list[list[str]]:
        """Return the names of tag ids; of the id after the last, a span or tag never answered."""
        names = [*self.answer_names, "B-(unseen)" if self.scheme != "none" else "(unseen)"]
        return [[names[tag] for tag in row] for row in tags.rows()]

    def set_word_vectors(self, vectors: dict[str, np.ndarray]) -> None:
        """Start the embedding of known words from vectors, scaled to a small spread.

        Args:
            vectors: Word -> float ``(features,)``; words without one start at random.
        """
        size = len(next(iter(vectors.values())))
        generator = np.random.default_rng(0)
        table = generator.normal(size=(self.vocabulary_size, size))
        spread = np.std(list(vectors.values())) or 1.0
        for index, word in enumerate(self.vocabulary, start=2):
            if word in vectors:
                table[index] = vectors[word] / spread
        self.initial_embeddings = (_EMBEDDING_SPREAD * table).astype(np.float32)

    def decode(self, outputs):
        """Return the names of tag ids, string of the same shape."""
        return {"tags": tf.gather(tf.constant(self.answer_names), outputs)}

    def _tags(self, tags: Sequence[str]) -> list[str]:
        if self.scheme == "none" or NO_TAG in tags:
            return list(tags)
        try:
            legal = to_bio(tags)
        except ValueError as error:
            raise UserError(
                f"With --data.scheme {self.scheme} tags must be O, or a span's such as B-name and "
                f"I-name. Found: {' '.join(tags[:20])}. For other tags use --data.scheme none; for "
                "those of NER= in CoNLL-U --data.tag_column ner."
            ) from error
        return bio_to_bioes(legal) if self.scheme == "bioes" else legal

    def _build_tables(self) -> None:
        table = lookup_tables.lookup_table
        self._words, self._affixes = table(self.vocabulary), table(self.affixes)
        self._shapes = table(self.shapes)
        self._characters = table(self.characters, tf.int64)


def pad_tokens(rows: Sequence[Sequence[str]]) -> dict[str, tf.Tensor]:
    """Return ``tokens`` string ``(batch, time)`` padded with "", and ``length`` int32 ``(batch,)``.

    Args:
        rows: The words of each sentence.

    Example:
        >>> pad_tokens([("I", "can"), ("go",)])["length"].numpy().tolist()
        [2, 1]
    """
    lengths = [len(row) for row in rows]
    flat = tf.constant([word for row in rows for word in row], tf.string)
    ragged = tf.RaggedTensor.from_row_lengths(flat, tf.constant(lengths, tf.int64))
    return {"tokens": ragged.to_tensor(""), "length": tf.constant(lengths, tf.int32)}


def _strings(values: tf.Tensor) -> list[str]:
    flat = tf.reshape(values, [-1]).numpy().tolist()
    return [value.decode("utf-8", errors="replace") for value in flat]
