"""The graph that a translation model is exported as."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from seqsuite.config import TextServingConfig
from seqsuite.serving.limits import limited_texts
from seqsuite.serving.signatures import signature
from seqsuite.task import Serving
from seqsuite.tasks.translation.translator import NOT_FOUND, Translator
from seqsuite.text.subwords import BEGIN_ID, END_ID, PADDING_ID

Tensor = Any


_EXAMPLE = "The old teacher does not see the red houses."


class TranslationServer:
    """The function that is exported: sentences -> translations, and pairs -> likelihoods.

    Args:
        translator: The translator.
        limits: The section ``serving`` of the task.
    """

    def __init__(self, translator: Translator, limits: TextServingConfig):
        self.translator = translator
        self.limits = limits
        self.preprocessor = translator.preprocessor

    def __call__(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        """Answer either signature, told by its inputs."""
        source, truncated = limited_texts(features, "source", self.limits)
        encoded = self.preprocessor({"source": source})
        if "translation" in features:
            translation, cut = limited_texts(features, "translation", self.limits)
            return {**self._score(encoded, translation), "truncated": truncated | cut}
        source_ids, length = encoded["source_ids"], encoded["length"]
        found = self.translator.translate(
            source_ids,
            length,
            source,
            num_alternatives=self.translator.settings.num_alternatives,
        )
        vocabularies = self.preprocessor.source_vocabulary, self.preprocessor.target_vocabulary
        read = tf.sequence_mask(length, tf.shape(source_ids)[1])
        said = tf.sequence_mask(found.lengths[:, 0], tf.shape(found.ids)[2])
        alignment = tf.argmax(found.attention[:, 0], axis=-1, output_type=tf.int32)
        # JSON has no infinity: where there is no further alternative, the score of the last stands.
        is_found = found.scores > NOT_FOUND
        least = tf.reduce_min(tf.where(is_found, found.scores, 0.0), axis=1, keepdims=True)
        scores = tf.where(is_found, found.scores, least)
        return {
            "translation": found.texts[:, 0],
            "score": scores[:, 0],
            "alternatives": found.texts,
            "alternative_scores": scores,
            "num_alternatives": tf.reduce_sum(tf.cast(is_found, tf.int32), axis=1),
            "source_pieces": tf.where(read, vocabularies[0].lookup(source_ids), ""),
            "pieces": tf.where(said, vocabularies[1].lookup(found.ids[:, 0]), ""),
            "alignment": tf.where(said, alignment, -1),
            "truncated": truncated,
        }

    def _score(self, encoded: dict[str, Tensor], translation: Tensor) -> dict[str, Tensor]:
        ids = self.preprocessor.target_vocabulary.tokenize(translation)
        rows = ids.nrows(out_type=tf.int32)
        said = tf.concat([ids, tf.RaggedTensor.from_tensor(tf.fill([rows, 1], END_ID))], axis=1)
        read = tf.concat([tf.RaggedTensor.from_tensor(tf.fill([rows, 1], BEGIN_ID)), ids], axis=1)
        count = tf.cast(said.row_lengths(), tf.int32)
        # A batch without sentences has no time step, which recurrent layers do not take.
        width = tf.reduce_max(tf.concat([[1], count], axis=0))
        shape = tf.cast(tf.stack([rows, width]), tf.int64)
        read, said = (rows.to_tensor(PADDING_ID, shape=shape) for rows in (read, said))
        features = {**encoded, "target_ids": read, "target_length": count}
        return {
            "log_probability": self.translator.log_probabilities(features, said),
            "num_pieces": count,
        }


def serving(translator: Translator, limits: TextServingConfig) -> Serving:
    """Return what is exported.

    Args:
        translator: The translator.
        limits: The section ``serving`` of the task.
    """
    sources = [_EXAMPLE, ""]
    return Serving(
        TranslationServer(translator, limits),
        signatures={
            "serving_default": signature(source=[tf.string]),
            "score": signature(source=[tf.string], translation=[tf.string]),
        },
        requests={
            "serving_default": {"source": sources},
            "score": {"source": sources, "translation": ["Le vieux professeur.", ""]},
        },
        example=f'"{_EXAMPLE}"',
    )
