"""Pairs of sentences into ids of subword pieces or words, and ids back into sentences."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from seqsuite.data.batching import Column, EncodedExamples, RaggedColumn, Targets
from seqsuite.data.examples import Examples
from seqsuite.preprocessor import Preprocessor
from seqsuite.tasks.translation.batches import EncodedPairs, cut, decoder_inputs, with_end
from seqsuite.tasks.translation.sampled_pieces import SampledPieces
from seqsuite.tasks.translation.scores import references_of
from seqsuite.text.subwords import END_ID, MODEL_TYPES, PADDING_ID, SubwordVocabulary, normalized
from seqsuite.text.words import WordVocabulary

Vocabulary = SubwordVocabulary | WordVocabulary
_CHUNK = 4096


@keras.saving.register_keras_serializable(package="seqsuite")
class TranslationPreprocessor(Preprocessor):
    """Turn sentences and their translations into ids, and ids into sentences.

    Args:
        vocabulary_size: Ids of the joint vocabulary, or of each of the two.
        joint: One vocabulary for both languages, so that embeddings can be shared and names look
            alike; else one each.
        model_type: ``"bpe"`` or ``"unigram"`` (see :meth:`SubwordVocabulary.train`), or ``"word"``:
            whole words and signs (see :class:`WordVocabulary`).
        byte_fallback: Write unknown characters as bytes; not with words.
        character_coverage: Share of characters that are pieces; not with words.
        source_sampling: Draw other pieces of the source each epoch; the ``alpha`` of
            :meth:`SubwordVocabulary.sample`, 0: never.
        target_sampling: The same for the target.
        max_length: Ids of a sentence in training, its end included; longer ones are cut. Served
            sentences are not.
        max_length_ratio: Pairs of which one side has more than this many times the ids of the other
            are not learned (0: all are).
        **kwargs: Keras layer arguments.

    Call arguments:
        features: ``{"source": string (batch,)}``.

    Returns:
        ``source_ids`` int32 ``(batch, time)``: pieces, the end id 3, and 0 where padded; ``length``
        int32 ``(batch,)``, the end included, so at least 1.

    Example:
        >>> layer = TranslationPreprocessor(vocabulary_size=28)
        >>> layer.adapt(Examples({"source": ["a new day", "a way"]}, ["ein neuer Tag", "ein Weg"]))
        >>> ids = layer({"source": tf.constant(["a new day"])})["source_ids"]
        >>> layer.decode(ids).numpy().tolist()
        [b'a new day']
    """

    ragged_features = ("source_ids", "target_ids")

    def __init__(
        self,
        vocabulary_size: int = 8000,
        joint: bool = True,
        model_type: str = "bpe",
        byte_fallback: bool = False,
        character_coverage: float = 1.0,
        source_sampling: float = 0.0,
        target_sampling: float = 0.0,
        max_length: int = 250,
        max_length_ratio: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if model_type not in (*MODEL_TYPES, "word"):
            raise ValueError(
                f"Argument `model_type` must be one of {(*MODEL_TYPES, 'word')}. "
                f"Received: model_type={model_type!r}"
            )
        if model_type == "word" and (source_sampling or target_sampling):
            raise ValueError(
                "Arguments `source_sampling` and `target_sampling` must be 0 for whole words. "
                f"Received: source_sampling={source_sampling}, target_sampling={target_sampling}"
            )
        for name, value in (("source", source_sampling), ("target", target_sampling)):
            if not 0 <= value < 1:
                raise ValueError(
                    f"Argument `{name}_sampling` must be in [0, 1). "
                    f"Received: {name}_sampling={value}"
                )
        if max_length < 1:
            raise ValueError(
                f"Argument `max_length` must be at least 1. Received: max_length={max_length}"
            )
        self.vocabulary_size = vocabulary_size
        self.joint = joint
        self.model_type = model_type
        self.byte_fallback = byte_fallback
        self.character_coverage = character_coverage
        self.source_sampling = source_sampling
        self.target_sampling = target_sampling
        self.max_length = max_length
        self.max_length_ratio = max_length_ratio
        self._source: Vocabulary | None = None
        self._target: Vocabulary | None = None

    def get_state(self) -> dict[str, Any]:
        """Return the vocabularies: SentencePiece models in base64, or words; one where joint."""
        vocabularies = [self._source] if self.joint else [self._source, self._target]
        return {"vocabularies": [v.get_config()["model"] for v in vocabularies if v is not None]}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`get_state` returned."""
        kind = WordVocabulary if self.model_type == "word" else SubwordVocabulary
        vocabularies = [kind(model) for model in state["vocabularies"]]
        if vocabularies:
            self._source, self._target = vocabularies[0], vocabularies[-1]

    @property
    def source_vocabulary(self) -> Vocabulary:
        """The pieces of the source."""
        if self._source is None:
            raise RuntimeError("Call `adapt` first: there is no vocabulary yet.")
        return self._source

    @property
    def target_vocabulary(self) -> Vocabulary:
        """The pieces of the target; the very same object when they are joint."""
        if self._target is None:
            raise RuntimeError("Call `adapt` first: there is no vocabulary yet.")
        return self._target

    def adapt(self, examples: Examples) -> None:
        """Learn pieces.

        Args:
            examples: Training pairs: ``source``, and as labels translations (of several
                references, the first is read).

        Raises:
            UserError: There is no text, or the vocabulary cannot hold its characters.
        """
        sources = list(examples.features["source"])
        targets = _first_references(examples.labels or [])
        if self.joint:
            self._source = self._target = self._train([*sources, *targets])
        else:
            self._source, self._target = self._train(sources), self._train(targets)

    def _train(self, texts: Sequence[str]) -> Vocabulary:
        if self.model_type == "word":
            return WordVocabulary.train(texts, self.vocabulary_size)
        return SubwordVocabulary.train(
            texts,
            self.vocabulary_size,
            self.model_type,
            self.byte_fallback,
            self.character_coverage,
        )

    def call(self, features):
        ids = self.source_vocabulary.tokenize(features["source"])
        ends = tf.fill([ids.nrows(out_type=tf.int32), 1], END_ID)
        ids = tf.concat([ids, tf.RaggedTensor.from_tensor(ends)], axis=1)
        padded = ids.to_tensor(PADDING_ID)
        # A batch without sentences has no time step, which recurrent layers do not take.
        padded = tf.pad(padded, [[0, 0], [0, tf.maximum(0, 1 - tf.shape(padded)[1])]])
        return {"source_ids": padded, "length": tf.cast(ids.row_lengths(), tf.int32)}

    def encode_labels(self, labels: Sequence) -> RaggedColumn:
        """Return the ids of translations (of several references, the first), each with its end."""
        return with_end(self.target_vocabulary.encode(_first_references(labels)))

    def encode_targets(self, examples: Examples) -> Targets | None:
        """Return ``logits`` (ids and their end); as strings ``references``, and ``source``.

        The last is what unknown words are replaced from.
        """
        if examples.labels is None:
            return None
        references = [np.array(references_of(label), object) for label in examples.labels]
        return {
            "logits": self.encode_labels(examples.labels),
            "references": RaggedColumn.from_rows(references, padding=""),
            "source": np.array(examples.features["source"], object),
        }

    def encode(
        self, examples: Examples, training: bool = False, chunk: int = 512
    ) -> EncodedExamples:
        """Return pairs as ids; see :class:`EncodedPairs`.

        Args:
            examples: Raw pairs, or sentences without labels.
            training: Cut sentences that are too long, leave out pairs of absurd length ratio, both
                with a note, and draw pieces anew each epoch, all as configured.
            chunk: Sentences per call.
        """
        encoded = super().encode(examples, training, chunk)
        if encoded.targets is None:
            return encoded
        features: dict[str, Column] = dict(encoded.features)
        assert isinstance(encoded.targets, dict)
        source, target = features["source_ids"], encoded.targets["logits"]
        assert isinstance(source, RaggedColumn)
        assert isinstance(target, RaggedColumn)
        learned, source_side, target_side = None, None, None
        if training:
            learned = self._learned(source, target)
            too_long = [_lengths(side) > self.max_length for side in (source, target)]
            source, target = self._cut(source, target)
            texts = examples.features["source"], _first_references(examples.labels or [])
            source_side = self._sampled(
                texts[0], self.source_vocabulary, self.source_sampling, source, too_long[0]
            )
            target_side = self._sampled(
                texts[1], self.target_vocabulary, self.target_sampling, target, too_long[1]
            )
        length, target_length = _lengths(source), _lengths(target)
        features |= {"source_ids": source, "length": length}
        features |= {"target_ids": decoder_inputs(target), "target_length": target_length}
        targets = {**encoded.targets, "logits": target}
        longest = np.maximum(length, target_length)
        return EncodedPairs(features, targets, longest, learned, source_side, target_side)

    def decode(self, token_ids, length=None, source=None, attention=None):  # type: ignore[override]
        """Return the sentences that target ids stand for, in the graph.

        Args:
            token_ids: Integers ``(..., time)``: anything may stand after the first end id.
            length: Integers ``(...)``; what comes later is not read either.
            source: With words, the sentences that were translated, strings ``(...)``.
            attention: Weights of each step, ``(..., time, source time)``: an unknown word is
                replaced by the source word that it attends to most.

        Returns:
            Strings ``(...)``; U+2047 for what is unknown.
        """
        token_ids = tf.cast(tf.convert_to_tensor(token_ids), tf.int32)
        shape = tf.shape(token_ids)
        # Of no rows the size of an axis cannot be inferred.
        rows, time = tf.reduce_prod(shape[:-1]), shape[-1]
        flat = tf.reshape(token_ids, [rows, time])
        limit = time if length is None else tf.reshape(tf.cast(length, tf.int32), [-1, 1])
        ended = tf.cumsum(tf.cast(flat == END_ID, tf.int32), axis=1) > 0
        said = tf.ragged.boolean_mask(flat, ~ended & (tf.range(time)[None] < limit))
        vocabulary = self.target_vocabulary
        if isinstance(vocabulary, WordVocabulary) and attention is not None:
            attention = tf.reshape(attention, [rows, time, tf.shape(attention)[-1]])
            texts = vocabulary.detokenize_with_source(said, tf.reshape(source, [-1]), attention)
        else:
            texts = vocabulary.detokenize(said)
        texts = tf.reshape(texts, shape[:-1])
        texts.set_shape(token_ids.shape[:-1])
        return texts

    def texts(self, ids: RaggedColumn) -> list[str]:
        """Return the sentences that rows of target ids stand for, as :meth:`decode` does."""
        found: list[str] = []
        for start in range(0, len(ids), _CHUNK):
            padded = ids.pad(np.arange(start, min(start + _CHUNK, len(ids))))
            found += [text.decode("utf-8") for text in self.decode(padded).numpy()]
        return found

    def _sampled(self, texts, vocabulary, alpha, usual, fixed) -> SampledPieces | None:
        if not alpha:
            return None
        texts = normalized(texts)
        return SampledPieces.of_texts(texts, vocabulary, alpha, usual, fixed, self.max_length)

    def _cut(self, source: RaggedColumn, target: RaggedColumn) -> tuple[RaggedColumn, RaggedColumn]:
        longest = np.maximum(_lengths(source), _lengths(target))
        count = int((longest > self.max_length).sum())
        if count:
            _note(
                f"{count:,} of {len(longest):,} training pairs are longer than {self.max_length} "
                "pieces, and are learned up to there"
            )
        return cut(source, self.max_length, end=True), cut(target, self.max_length)

    def _learned(self, source: RaggedColumn, target: RaggedColumn) -> np.ndarray | None:
        if not self.max_length_ratio:
            return None
        lengths = _lengths(source), _lengths(target)
        absurd = np.maximum(*lengths) > self.max_length_ratio * np.minimum(*lengths)
        if absurd.any():
            _note(
                f"{absurd.sum():,} of {len(absurd):,} training pairs are not learned: one side has "
                f"more than {self.max_length_ratio:g} times the pieces of the other"
            )
        return ~absurd


def _lengths(column: RaggedColumn) -> np.ndarray:
    return np.diff(column.starts).astype(np.int32)


def _first_references(labels: Sequence) -> list[str]:
    return [references_of(label)[0] for label in labels]


def _note(text: str) -> None:
    print(f"note: {text}", file=sys.stderr)
