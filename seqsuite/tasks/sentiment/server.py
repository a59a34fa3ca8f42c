"""What is exported of the sentiment task: a text in, labels and probabilities out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tensorflow as tf

from seqsuite.serving.limits import limited_texts
from seqsuite.serving.signatures import signature
from seqsuite.task import Serving
from seqsuite.tasks.sentiment.config import SentimentConfig

if TYPE_CHECKING:
    import keras

    from seqsuite.tasks.sentiment.preprocessor import TextPreprocessor


def serving(
    config: SentimentConfig, preprocessor: TextPreprocessor, model: keras.Model, multi_label: bool
) -> Serving:
    """Return what is exported.

    Args:
        config: The task's configuration.
        preprocessor: An adapted ``TextPreprocessor``.
        model: The classifier.
        multi_label: Whether a text may have several labels.
    """
    names = tf.constant(preprocessor.labels)
    to_probabilities = tf.nn.sigmoid if multi_label else tf.nn.softmax

    def serve(features):
        text, truncated = limited_texts(features, "text", config.serving)
        outputs = model(preprocessor({"text": text}), training=False)
        logits = weighted_logits(outputs, preprocessor.recurrent_scaling.temperature)
        probabilities = to_probabilities(preprocessor.temperature_scaling(logits))
        labels = tf.broadcast_to(names[None], tf.shape(probabilities))
        return {
            **preprocessor.decode(probabilities),
            "probabilities": probabilities,
            "labels": labels,
            "truncated": truncated,
        }

    example = "The plot is thin, but the acting is not bad at all."
    return Serving(
        serve,
        signatures={"serving_default": signature(text=[tf.string])},
        requests={"serving_default": {"text": [example, ""]}},
        example=f'"{example}"',
    )


def weighted_logits(outputs: dict[str, Any], temperature: float | tf.Tensor) -> Any:
    """Return logits with the weight of the recurrent part that validation found.

    Args:
        outputs: Of the model: ``logits`` and, beside n-gram scores, ``recurrent_logits``.
        temperature: What the latter are divided by.
    """
    if "recurrent_logits" not in outputs:
        return outputs["logits"]
    recurrent = outputs["recurrent_logits"]
    return outputs["logits"] - recurrent + recurrent / temperature
