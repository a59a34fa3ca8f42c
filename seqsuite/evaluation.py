"""Running a model over encoded examples, and the splits it is run on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from seqsuite.datasets.examples import Examples, concatenate, split_off_groups
from seqsuite.errors import UserError
from seqsuite.pipeline import EncodedExamples, batch_dataset, plan_batches
from seqsuite.preprocessing import Preprocessor
from seqsuite.task import Outputs, Task


@dataclass(frozen=True)
class Splits:
    """Training and validation examples of a run.

    Args:
        train: What the model is fitted on.
        validation: What selection, calibration and early stopping read.
        all_train: Everything that may be learned from: ``train``, and ``validation`` where it was
            cut from the training split. Baselines, which select nothing, are fitted on it.
    """

    train: Examples
    validation: Examples
    all_train: Examples


def load_splits(task: Task) -> Splits:
    """Load training and validation examples; validation is cut in blocks where there is none."""
    data, seed = task.config.data, task.config.training.seed
    train = task.load_examples("train")
    if train is None:
        raise UserError(f"Source {data.source!r} has no training split.")
    if data.limit and data.limit < len(train):
        keep = np.random.default_rng(seed).permutation(len(train))[: data.limit]
        train = train.select(np.sort(keep).tolist())
    validation = task.load_examples("validation")
    if validation is not None:
        return Splits(train, validation, train)
    rest, held_out = split_off_groups(train, data.validation_fraction, seed)
    return Splits(rest, held_out, concatenate([rest, held_out]))


def load_test(task: Task) -> Examples:
    """Load the test examples.

    Raises:
        UserError: The source has none.
    """
    test = task.load_examples("test")
    if test is None:
        raise UserError(
            f"Source {task.config.data.source!r} has no test split. Give --data.test FILE."
        )
    return test


def encode(preprocessor: Preprocessor, examples: Examples, training: bool = False):
    """Encode examples, turning labels the model has never seen into a clear error."""
    try:
        return preprocessor.encode(examples, training=training)
    except KeyError as error:
        raise UserError(
            f"Label {error.args[0]!r} is not among the labels seen in training."
        ) from error


class Predictor:
    """Run a model over encoded examples; traced once, however often it is called.

    Args:
        model: Encoded tensors -> a tensor or a dict of tensors with the batch on the first axis.
        batch_tokens: Padded positions per batch.
    """

    def __init__(self, model: keras.Model, batch_tokens: int = 16384):
        self.model = model
        self.batch_tokens = batch_tokens
        self._call: Any = None

    def __call__(self, encoded: EncodedExamples) -> Outputs:
        """Return output name -> array in the order of the examples."""
        plan = plan_batches(encoded.lengths, self.batch_tokens, max_batch_size=512)
        dataset = batch_dataset(encoded, plan)
        if self._call is None:
            self._call = tf.function(
                lambda features: self.model(features, training=False),
                input_signature=[dataset.element_spec[0]],
            )
        results: dict[str, np.ndarray] = {}
        for features, *_, indices in dataset:
            outputs = self._call(features)
            outputs = outputs if isinstance(outputs, dict) else {"output": outputs}
            for name, value in outputs.items():
                array = value.numpy()
                if name not in results:
                    results[name] = np.zeros((len(encoded), *array.shape[1:]), array.dtype)
                results[name][indices.numpy()] = array
        return results
