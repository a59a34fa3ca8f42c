"""What is exported of the pos_tagging task: sentences, or their words, in, tags out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorflow as tf

from seqsuite.config import TextServingConfig
from seqsuite.serving.limits import after, check_size, cut_texts, limited_texts, longest_text
from seqsuite.serving.signatures import signature
from seqsuite.task import Serving

if TYPE_CHECKING:
    import keras

    from seqsuite.tasks.pos_tagging.preprocessor import WordPreprocessor


_EXAMPLE = "I can see the can that she saw."


def serving(
    limits: TextServingConfig, preprocessor: WordPreprocessor, model: keras.Model
) -> Serving:
    """Return what is exported.

    Args:
        limits: The section ``serving`` of the task.
        preprocessor: An adapted ``WordPreprocessor``.
        model: The tagger.
    """

    def limited(features):
        """Return the inputs within the limits, and which rows were cut."""
        if "sentence" in features:
            sentence, truncated = limited_texts(features, "sentence", limits)
            return {"sentence": sentence}, truncated
        tokens, length = features["tokens"], features["length"]
        rows, time = tf.unstack(tf.shape(tokens))
        words, cut = cut_texts(tokens[:, : limits.max_length], limits.max_length)
        # Words count as much as bytes: the work is that of the longest row, whatever it holds.
        size = tf.maximum(tf.shape(words)[1], longest_text(words))
        fits = check_size("tokens", rows, size, limits.max_request, "serving.max_request")
        truncated = tf.reduce_any(cut, axis=1) | (tf.minimum(length, time) > limits.max_length)
        return after([fits], ({"tokens": words, "length": length}, truncated))

    def serve(features):
        features, truncated = limited(features)
        tokens, length = preprocessor.split(features)
        outputs = model(preprocessor.represent(tokens, length), training=False)
        real = tf.sequence_mask(length, tf.shape(tokens)[1])
        tags = preprocessor.decode(outputs["tags"])["tags"]
        return {
            "tokens": tf.where(real, tokens, ""),
            "tags": tf.where(real, tags, ""),
            "confidence": tf.where(real, outputs["confidence"], 0.0),
            "length": length,
            "truncated": truncated,
        }

    words = ["I", "can", "see", "it", "."]
    tokens = {"tokens": [words, [""] * len(words)], "length": [len(words), 0]}
    return Serving(
        serve,
        signatures={
            "serving_default": signature(sentence=[tf.string]),
            "tokens": signature(tokens=[tf.string, None], length=[tf.int32]),
        },
        requests={"serving_default": {"sentence": [_EXAMPLE, ""]}, "tokens": tokens},
        example=f'"{_EXAMPLE}"',
    )
