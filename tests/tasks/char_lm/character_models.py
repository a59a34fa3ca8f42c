"""Character language models small enough for tests, as the task itself builds them."""

from __future__ import annotations

import keras
import numpy as np

from seqsuite.config import build_config
from seqsuite.data.examples import Examples
from seqsuite.tasks import find_task
from seqsuite.tasks.char_lm.batches import EncodedStream

TEXT = (
    "It was not the sea that they had feared, nor the wind; it was what the wind would not say.\n"
    "A bell rang twice.\nNobody went to the door, and the door, in the end, went to nobody.\n"
) * 8


def make(seed=0, text=TEXT, unit="character", **model_settings):
    """A task, its preprocessor and its model, untrained but with weights that say something.

    Args:
        seed: Of the weights.
        text: Whose characters are the alphabet.
        unit: ``"character"`` or ``"byte"``.
        **model_settings: Fields of the model section; ``training`` is a dict of that section.
    """
    keras.utils.set_random_seed(seed)
    training = {"max_batch_size": 2, "steps": 7, **model_settings.pop("training", {})}
    model = {"units": 5, "embedding_size": 4, **model_settings}
    task_class = find_task("char_lm")
    settings = {"data": {"unit": unit}, "model": model, "training": training}
    task = task_class(build_config(task_class.config_class, settings))
    if unit == "byte":
        text = text.encode().decode("latin-1")
    preprocessor = task.build_preprocessor(Examples({"text": [text]}))
    model = task.build_model(preprocessor)
    generator = np.random.default_rng(seed)
    for weight in model.trainable_weights:
        weight.assign(generator.normal(0, 0.6, weight.shape).astype("float32"))
    return task, preprocessor, model


def stream_of(preprocessor, length, start=0) -> EncodedStream:
    """The first characters of the text as a stream."""
    return EncodedStream(preprocessor.ids_of((TEXT * 4)[start : start + length]))


def whole_pass(model, ids) -> np.ndarray:
    """Log-probabilities of all ids but the first, by one call from states of zero.

    Args:
        model: A `TruncatedBackpropagation`.
        ids: int32 ``(batch, total)``.
    """
    logits = model({"token_ids": ids[:, :-1]}, training=False)["logits"]
    scores = keras.ops.convert_to_numpy(keras.ops.log_softmax(logits))
    return np.take_along_axis(scores, np.asarray(ids)[:, 1:, None], axis=2)[:, :, 0]
