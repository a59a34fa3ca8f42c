"""Running a model over encoded examples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from seqsuite.data.batching import (
    EncodedExamples,
    RaggedColumn,
    batch_dataset,
    plan_batches,
)
from seqsuite.layers.nested import Nested
from seqsuite.preprocessor import Preprocessor
from seqsuite.task import Outputs, Task


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
        parts: dict[str, list[Any]] = {}
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

    def _time_outputs_of(self, specification: Any) -> set[str]:
        """Outputs of one value per time step: their second axis is of no fixed size."""
        outputs = self._call.get_concrete_function(specification).structured_outputs
        return {
            name for name, spec in outputs.items() if spec.shape.rank > 1 and spec.shape[1] is None
        }


def build_predictor(
    task: Task, preprocessor: Preprocessor, model: keras.Model, final: bool = False
) -> Callable[[EncodedExamples], Outputs]:
    """Return what runs a task's model over encoded examples: the task's own way, or batches.

    Args:
        task: The task.
        preprocessor: Its adapted preprocessor.
        model: Its model.
        final: Whether the numbers are those that are reported.
    """
    return task.build_predictor(preprocessor, model, final) or Predictor(model)


def _named(outputs: Nested) -> dict[str, Any]:
    return outputs if isinstance(outputs, dict) else {"output": outputs}
