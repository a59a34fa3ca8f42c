"""Trained encoders and decoders as one translator: what is measured is what is served."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import keras
import tensorflow as tf

from seqsuite.decoding import (
    Constraint,
    CoveragePenalty,
    ForbiddenSymbols,
    LengthPenalty,
    NoRepeatNgram,
    Scorer,
    beam_search,
    ensemble,
    generate,
    repeat_beams,
)
from seqsuite.decoding.hypotheses import Step
from seqsuite.layers import ScheduledSampling
from seqsuite.tasks.translation.config import TranslationDecodingConfig
from seqsuite.text.subwords import BEGIN_ID, END_ID, PADDING_ID, UNKNOWN_ID

if TYPE_CHECKING:
    from seqsuite.tasks.translation.preprocessor import TranslationPreprocessor


Tensor = Any

NOT_FOUND = -1e9
"""The score of an alternative that there is none of: finite, as JSON has no infinity."""


class Translations(NamedTuple):
    """What a translator returns, best first."""

    texts: Tensor  # string (batch, alternatives), "" where there is none
    scores: Tensor  # float32 (batch, alternatives), NOT_FOUND where there is none
    ids: Tensor  # int32 (batch, alternatives, time), 0 after the last
    lengths: Tensor  # int32 (batch, alternatives)
    attention: Tensor  # float32 (batch, alternatives, time, source time)


class Translator:
    """Translate, and say how likely translations are.

    Args:
        preprocessor: An adapted ``TranslationPreprocessor``.
        model: A model of :func:`seqsuite.tasks.translation.model.build_translation_model`.
        settings: The section ``decoding`` of the task.
        others: Further such models; the mean of all probabilities counts.

    Attributes:
        forbidden_ids: Ids that are never said.
    """

    def __init__(
        self,
        preprocessor: TranslationPreprocessor,
        model: keras.Model,
        settings: TranslationDecodingConfig,
        others: Sequence[keras.Model] = (),
    ):
        self.preprocessor = preprocessor
        self.settings = settings
        self._members = [_Member(one) for one in (model, *others)]
        words = preprocessor.model_type == "word"
        # An unknown word is replaced by one of the source; an unknown piece says nothing.
        self.forbidden_ids = (PADDING_ID, BEGIN_ID) if words else (PADDING_ID, UNKNOWN_ID, BEGIN_ID)

    def translate(
        self,
        source_ids: Tensor,
        length: Tensor,
        source: Tensor,
        beam_width: int | None = None,
        num_alternatives: int = 1,
    ) -> Translations:
        """Search for translations, in the graph.

        Args:
            source_ids: int32 ``(batch, time)``, from the preprocessor.
            length: int32 ``(batch,)``, the end included. What has no piece before its end is
                translated by nothing.
            source: The sentences, strings ``(batch,)``.
            beam_width: None: as configured.
            num_alternatives: Translations of each sentence.
        """
        settings = self.settings
        beam_width = beam_width or settings.beam_width
        step, states = self._begin(source_ids, length, beam_width)
        constraints: list[Constraint] = [ForbiddenSymbols(self.forbidden_ids)]
        if settings.no_repeat_ngram:
            constraints.append(NoRepeatNgram(settings.no_repeat_ngram))
        scorers: list[Scorer] = [LengthPenalty(settings.length_penalty)]
        if settings.coverage_penalty:
            scorers.append(CoveragePenalty(settings.coverage_penalty, length))
        found = beam_search(
            step,
            states,
            begin_id=BEGIN_ID,
            end_id=END_ID,
            beam_width=beam_width,
            max_length=self.max_lengths(length),
            num_alternatives=num_alternatives,
            constraints=constraints,
            scorers=scorers,
        )
        sources = tf.repeat(source[:, None], num_alternatives, axis=1)
        texts = self.preprocessor.decode(found.ids, found.lengths, sources, found.attention)
        scores = tf.maximum(found.scores, NOT_FOUND)
        return Translations(texts, scores, found.ids, found.lengths, found.attention)

    def max_lengths(self, length: Tensor) -> Tensor:
        """Return how many pieces are said at most of sources of some lengths, ends included."""
        factor = self.settings.max_length_factor
        longest = tf.cast(factor * tf.cast(length, tf.float32), tf.int32) + 10
        return tf.where(length > 1, tf.minimum(longest, self.settings.max_length), 0)

    def log_probabilities(
        self,
        features: dict[str, Tensor],
        targets: Tensor,
        free_running: bool = False,
    ) -> Tensor:
        """Return how likely given translations are.

        Args:
            features: ``source_ids``, ``length``, ``target_ids`` and ``target_length``.
            targets: What is to be said, with its end: int32 ``(batch, time)``, 0 where padded.
            free_running: Predict each token after the model's own best ones instead of the true
                ones: what teacher forcing gains by being told is missing here.

        Returns:
            Natural logarithms, float32 ``(batch,)``: sums over the tokens of each row.
        """
        if free_running and len(self._members) > 1:
            features, free_running = {**features, "target_ids": self._own_best(features)}, False
        found = [one.log_probabilities(features, targets, free_running) for one in self._members]
        # The logarithm of the mean probability.
        mean = tf.reduce_logsumexp(tf.stack(found), axis=0) - math.log(len(found))
        return tf.reduce_sum(tf.where(targets != PADDING_ID, mean, 0.0), axis=1)

    def _begin(self, source_ids: Tensor, length: Tensor, beam_width: int) -> tuple[Step, Any]:
        """Return the step of a search and its first states."""
        begun = [one.begin(source_ids, length, beam_width) for one in self._members]
        if len(begun) == 1:
            return begun[0]
        return ensemble([step for step, _ in begun]), [states for _, states in begun]

    def _own_best(self, features: dict[str, Tensor]) -> Tensor:
        """Return what is read where all models follow what they find best together."""
        step, states = self._begin(features["source_ids"], features["length"], 1)
        begin = features["target_ids"][:, :1]
        logits, states = step(begin[:, 0], states)[:2]
        found = generate(
            lambda ids, states: step(ids, states)[:2],
            logits,
            states,
            tf.shape(features["target_ids"])[1] - 1,
            lengths=features["target_length"] - 1,
            seed=tf.zeros_like(begin[:, 0]),
            temperature=0.0,
        )
        return tf.concat([begin, found.ids], axis=1)


class _Member:
    """One of the models that translate."""

    def __init__(self, model: keras.Model):
        self._encoder = model.get_layer("encoder")
        self._cell = model.get_layer("decoder").cell
        # Outside training, it is teacher forcing unless it is told to run free.
        self._decoder = ScheduledSampling(self._cell, feedback="argmax", seed=0)

    def begin(self, source_ids: Tensor, length: Tensor, beam_width: int) -> tuple[Step, Any]:
        encoded = self._encode(source_ids, length)
        prepared = self._cell.prepare_memory(encoded["memory"], length)
        states = self._cell.get_initial_state(source_ids, encoded["states"], prepared)
        repeated = repeat_beams(prepared, beam_width)

        def step(ids, states):
            return self._cell(ids, states, memory=repeated, training=False)

        return step, states

    def log_probabilities(
        self, features: dict[str, Tensor], targets: Tensor, free_running: bool
    ) -> Tensor:
        """Return those of each token, float32 ``(batch, time)``."""
        encoded = self._encode(features["source_ids"], features["length"])
        logits = self._decoder(
            features["target_ids"],
            memory=encoded["memory"],
            memory_length=features["length"],
            initial_state=encoded["states"],
            lengths=features["target_length"],
            training=False,
            free_running=free_running,
        )
        logits = tf.cast(logits, tf.float32)
        return -tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)

    def _encode(self, source_ids: Tensor, length: Tensor) -> dict[str, Any]:
        return self._encoder({"source_ids": source_ids, "length": length}, training=False)
