"""Predictions and losses of a model over encoded examples."""

from __future__ import annotations

import math
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from seqsuite.config import BucketTrainingConfig
from seqsuite.data.batching import EncodedExamples, RaggedColumn, batch_dataset, plan_batches
from seqsuite.errors import UserError
from seqsuite.preprocessor import Preprocessor
from seqsuite.task import Outputs, Task
from seqsuite.training.training_step import Targets, targets_of_losses


class Predictor:
    """Run a model over encoded examples; the graph is traced once.

    Args:
        model: Encoded tensors -> a tensor or a dict of tensors with the batch on the first axis.
        batch_tokens: Padded positions per batch.
    """

    def __init__(self, model: keras.Model, batch_tokens: int = 16384):
        self.model = model
        self.batch_tokens = batch_tokens
        self._call: tf.types.experimental.PolymorphicFunction | None = None
        self._time_outputs: set[str] = set()

    def __call__(self, encoded: EncodedExamples) -> Outputs:
        """Return output name -> one row per example, in their order; ragged over time."""
        plan = plan_batches(encoded.lengths, self.batch_tokens, max_batch_size=512)
        dataset = batch_dataset(encoded, plan)
        if self._call is None:
            self._call = tf.function(
                lambda features: _named(self.model(features, training=False)),
                input_signature=[dataset.element_spec[0]],
                autograph=False,
            )
            self._time_outputs = self._time_outputs_of(dataset.element_spec[0])
        parts: dict[str, list[np.ndarray]] = {}
        for features, *_, indices in dataset:
            for name, value in self._call(features).items():
                rows = value.numpy()
                if name in self._time_outputs:
                    lengths = encoded.output_lengths[indices.numpy()]
                    rows = [row[:length] for row, length in zip(rows, lengths, strict=True)]
                parts.setdefault(name, []).extend(rows)
        order = np.argsort(np.concatenate([*plan, np.zeros(0, np.int64)]), kind="stable")
        return {
            name: RaggedColumn.from_rows([rows[index] for index in order])
            if name in self._time_outputs
            else np.stack([rows[index] for index in order])
            for name, rows in parts.items()
        }

    def _time_outputs_of(self, specification: dict[str, tf.TensorSpec]) -> set[str]:
        """Return the names of outputs with a time axis: a second axis of no fixed size."""
        assert self._call is not None
        outputs = self._call.get_concrete_function(specification).structured_outputs
        return {
            name for name, spec in outputs.items() if spec.shape.rank > 1 and spec.shape[1] is None
        }


def build_predictor(
    task: Task, preprocessor: Preprocessor, model: keras.Model, final: bool = False
) -> Callable[[EncodedExamples], Outputs]:
    """Return the task's own predictor, or one that runs its model batch by batch.

    Args:
        task: The task.
        preprocessor: Its adapted preprocessor.
        model: Its model.
        final: Whether the predictions are those of the report instead of an epoch's.
    """
    return task.build_predictor(preprocessor, model, final) or Predictor(model)


class ValidationLoss:
    """Mean loss of a model over encoded examples, without dropout or other noise.

    Args:
        model: A compiled model.
        training: The training section, which plans the batches.
    """

    def __init__(self, model: keras.Model, training: BucketTrainingConfig):
        self.model = model
        self.training = training
        self._call: tf.types.experimental.PolymorphicFunction | None = None

    def __call__(self, encoded: EncodedExamples) -> float:
        """Return the mean over examples; NaN where they are too few for a batch."""
        try:
            plan = encoded.plan(self.training)
        except UserError:
            return math.nan
        dataset = batch_dataset(encoded, plan)
        if self._call is None:
            signature = dataset.element_spec[:2]
            self._call = tf.function(self._loss, input_signature=signature, autograph=False)
        total = sum(float(self._call(x, y)) * len(indices) for x, y, indices in dataset)
        self.model.reset_metrics()
        return total / sum(map(len, plan))

    def _loss(self, features: dict[str, tf.Tensor], targets: Targets) -> tf.Tensor:
        outputs = self.model(features, training=False)
        return self.model.compute_loss(features, targets_of_losses(self.model, targets), outputs)


def _named(outputs: tf.Tensor | dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    return outputs if isinstance(outputs, dict) else {"output": outputs}
